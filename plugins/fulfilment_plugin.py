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

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """Return the pages; asked for by the API server only, so nothing else imports FastAPI."""
        from fulfilment.web import paused_dags
        from fulfilment.web.app import app

        if "api-server" in sys.argv:
            paused_dags.start()
        return [{"name": "fulfilment", "app": app, "url_prefix": "/fulfilment"}]

    @property
    def fastapi_root_middlewares(self) -> list[Any]:  # type: ignore[override]
        """Return what looks at Airflow's own calls; asked for by the API server only."""
        from fulfilment.web.connection_test import NameTheTested

        return [{"name": "fulfilment", "middleware": NameTheTested}]
