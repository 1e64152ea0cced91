"""Airflow's REST API as the stack needs it: health, DAGs, pools, connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowApi:
    """A logged-in client of one API server.

    :param base_url: for example ``http://127.0.0.1:8780``.
    """

    def __init__(self, base_url: str, user: str, password: str) -> None:
        """Touch nothing yet; the login happens with the first call that needs one."""
        self.base_url = base_url
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the server is on this machine
        self._token = ""

    def unhealthy(self) -> list[str]:
        """Return the components that are not healthy yet; all of them while nobody answers."""
        try:
            answer = self._session.get(f"{self.base_url}/api/v2/monitor/health", timeout=5)
            health: dict[str, Any] = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            health = {}
        return [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call one route below ``/api/v2`` and return its JSON, None if the answer is empty.

        :raises ConfigError: the answer is an error, or the login is refused.
        """
        if not self._token:
            self._log_in()
        answer = self._request(method, path, **arguments)
        if answer.status_code == 401:  # the token's life is over
            self._log_in()
            answer = self._request(method, path, **arguments)
        if not answer.ok:
            text = f"Airflow answers {answer.status_code} to {method} {path}{_reason(answer)}."
            raise ConfigError(text, code="AIRFLOW_API")
        return answer.json() if answer.content else None

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        url = f"{self.base_url}/api/v2/{path}"
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._session.request(method, url, headers=headers, timeout=30, **arguments)

    def _log_in(self) -> None:
        answer = self._session.post(f"{self.base_url}/auth/token", json=self._login, timeout=30)
        if not answer.ok:
            text = f"Airflow refuses the login of {self._login['username']}: {answer.status_code}."
            raise ConfigError(text, code="AIRFLOW_LOGIN")
        self._token = answer.json()["access_token"]

    def dags(self) -> list[dict[str, Any]]:
        """Return the DAGs that are in the DAG folder now."""
        return list(self.call("GET", "dags", params={"limit": 1000})["dags"])

    def import_errors(self) -> list[dict[str, Any]]:
        """Return what went wrong when the DAG folder was read."""
        return list(self.call("GET", "importErrors", params={"limit": 100})["import_errors"])

    def ensure_pools(self, pools: Mapping[str, int]) -> None:
        """Create the pools, or set their slots: a task whose pool is missing waits for ever."""
        entities = [
            {"name": name, "slots": slots, "include_deferred": False}
            for name, slots in pools.items()
        ]
        self._create("pools", entities)

    def set_connections(self, connections: Mapping[str, Mapping[str, Any]]) -> None:
        """Create or replace connections, by id.

        Each has ``conn_type`` and any of ``host``, ``port``, ``login``, ``password``, ``schema``,
        ``extra`` (JSON text) and ``description``.
        """
        entities = [new_connection(name, values) for name, values in connections.items()]
        self._create("connections", entities)

    def _create(self, kind: str, entities: list[dict[str, Any]]) -> None:
        if not entities:
            return
        action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        outcome = self.call("PATCH", kind, json={"actions": [action]})
        errors = (outcome.get("create") or {}).get("errors") or []
        if errors:
            text = f"Airflow did not take {len(errors)} of {len(entities)} {kind}."
            raise ConfigError(text, code="AIRFLOW_API")


def new_connection(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that creates a connection.

    A port that is not given is stored as 0: *Test connection* of Airflow's UI sends 0 for none, and
    Airflow refuses to test another port than the stored one with the stored password.
    """
    return {"connection_id": name, "port": 0, **values}


def _reason(answer: requests.Response) -> str:
    """Return what Airflow says about an error: one text, or one per field."""
    try:
        detail = answer.json().get("detail", "")
    except (ValueError, AttributeError):
        return ""
    if isinstance(detail, list):
        detail = "; ".join(
            f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg', '')}"
            for one in detail
            if isinstance(one, dict)
        )
    elif isinstance(detail, dict):
        detail = detail.get("reason") or detail.get("message") or ""
    return f": {detail}".rstrip(". ") if detail else ""
