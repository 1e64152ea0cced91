"""Tells Airflow about the connection types ``plenty`` and ``wemalo``."""

from __future__ import annotations

from typing import Any

_TIMEOUTS: dict[str, Any] = {
    "timeout": {
        "label": "Timeout (seconds)",
        "description": "Longest wait for an answer; 60 if empty.",
        "schema": {"type": ["number", "null"], "minimum": 1, "maximum": 600},
    },
    "connect_timeout": {
        "label": "Connect timeout (seconds)",
        "description": "Longest wait for a connection; 10 if empty.",
        "schema": {"type": ["number", "null"], "minimum": 1, "maximum": 600},
    },
}


def get_provider_info() -> dict[str, Any]:
    """Return what Airflow's entry point ``apache_airflow_provider`` asks for."""
    return {
        "package-name": "plenty-wemalo-fulfilment",
        "name": "Fulfilment",
        "description": "Order fulfilment between plentymarkets and wemalo.",
        "connection-types": [
            {
                "connection-type": "plenty",
                "hook-class-name": "fulfilment.hooks.plenty.PlentyHook",
                "hook-name": "plentymarkets",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port", "extra"],
                    "relabeling": {"host": "URL", "login": "REST user"},
                    "placeholders": {"host": "https://www.example.com"},
                },
                "conn-fields": _TIMEOUTS,
            },
            {
                "connection-type": "wemalo",
                "hook-class-name": "fulfilment.hooks.wemalo.WemaloHook",
                "hook-name": "wemalo",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port", "login", "extra"],
                    "relabeling": {"host": "URL", "password": "Token"},
                    "placeholders": {"host": "https://connect.wemalo.com/v1"},
                },
                "conn-fields": _TIMEOUTS,
            },
        ],
    }
