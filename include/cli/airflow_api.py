"""The Airflow that a command talks to: the given one, else that of this folder's stack."""

from __future__ import annotations

import os

import requests

from include.core.systems.errors import ConfigError
from include.stack import control
from include.stack.api import AirflowApi
from include.stack.layout import Layout

URL, USER, PASSWORD = (f"FULFILMENT_AIRFLOW_{name}" for name in ("URL", "USER", "PASSWORD"))


def page(api: AirflowApi, path: str) -> str:
    """Return the address of a page of the UI.

    In containers it has no host: people reach Airflow under another name than commands do.
    """
    host = "" if api.base_url == os.environ.get(control.API_URL) else api.base_url
    return f"{host}/dags/{path}"


def connect(url: str | None) -> AirflowApi:
    """Return a client; ``url`` wins over the environment, which wins over the running stack.

    :raises ConfigError: nobody answers, or the login is missing.
    """
    address = url or os.environ.get(URL)
    if address:
        user, password = (os.environ.get(name, "") for name in (USER, PASSWORD))
        if not (user and password):
            text = f"Set {USER} and {PASSWORD} to the login for {address}."
            raise ConfigError(text, code="AIRFLOW_LOGIN")
        api = AirflowApi(address.rstrip("/"), user, password)
    else:
        api = control.api(Layout.current())
    try:
        api.call("GET", "version")
    except requests.RequestException as error:
        text = (
            f"Airflow does not answer at {api.base_url}. Is the stack up (`make up`)? For another "
            f"one set {URL}, {USER} and {PASSWORD}."
        )
        raise ConfigError(text, code="AIRFLOW_DOWN") from error
    return api
