"""The only file that Airflow loads as a plugin; everything else is the package `fulfilment`."""

from __future__ import annotations

import sys
from typing import Any

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

if "scheduler" in sys.argv and "LocalExecutor" in conf.get("core", "executor"):
    # A task is a fork of the scheduler: what is loaded here costs it nothing.
    from fulfilment.preload import preload

    preload()


class FulfilmentPlugin(AirflowPlugin):
    """Adds this project's pages to Airflow's API server."""

    name = "fulfilment"

    # pages inside Airflow's own; a name is at once what the UI shows and what a module defines
    react_apps = [  # noqa: RUF012 - as the base class has it
        {
            "name": "Fulfilment",
            "bundle_url": "fulfilment/desk/main.js",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "fulfilment",
            "icon": "fulfilment/desk/icon.svg",
            "icon_dark_mode": "fulfilment/desk/icon_dark.svg",
        },
        {
            "name": "Orders to look at",
            "bundle_url": "fulfilment/desk/main.js",
            "destination": "dag",
            "url_route": "fulfilment-orders",
        },
        {
            "name": "Fulfilment today",
            "bundle_url": "fulfilment/desk/main.js",
            "destination": "dashboard",
            "url_route": "fulfilment-today",
        },
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """Return the pages; asked for by the API server only, so nothing else imports FastAPI."""
        from fulfilment.web import paused_dags
        from fulfilment.web.app import app
        from fulfilment.web.desk import api, pages

        if "api-server" in sys.argv:
            paused_dags.start()
        return [  # the longer prefixes first: the first that fits answers
            {"name": "fulfilment desk", "app": api, "url_prefix": "/fulfilment/api/v1"},
            {"name": "fulfilment pages", "app": pages, "url_prefix": "/fulfilment/desk"},
            {"name": "fulfilment", "app": app, "url_prefix": "/fulfilment"},
        ]

    @property
    def fastapi_root_middlewares(self) -> list[Any]:  # type: ignore[override]
        """Return what looks at Airflow's own calls; asked for by the API server only."""
        from fulfilment.web.connection_test import NameTheTested

        return [{"name": "fulfilment", "middleware": NameTheTested}]
