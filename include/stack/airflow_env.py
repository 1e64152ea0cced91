"""Airflow's configuration as environment variables: the one place, used by `up`, tests and CLI."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from include.core.systems.errors import ConfigError
from include.ledger import URL_VARIABLE
from include.stack import broker
from include.stack.layout import PROJECT
from include.stack.postgres import PostgresServer

if TYPE_CHECKING:
    from include.stack.layout import Layout, Ports

AIRFLOW_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
EXECUTOR = "FULFILMENT_EXECUTOR"
"""Who runs the tasks: ``local`` (default), or ``celery``: workers that are fed through Redis."""
WORKERS = "FULFILMENT_WORKERS"
"""How many Celery workers; two by default."""


def hostname() -> str:
    """Name this machine to Airflow (``core.hostname_callable``): nothing leaves it."""
    return "127.0.0.1"


def server(layout: Layout) -> PostgresServer:
    """Return the embedded server of this layout."""
    return PostgresServer(layout.postgres_data, layout.sockets)


def needs_postgres() -> bool:
    """Tell whether the embedded server has a part: not when both databases are given."""
    return not (os.environ.get(AIRFLOW_DATABASE) and os.environ.get(URL_VARIABLE))


def airflow_url(layout: Layout) -> str:
    """SQLAlchemy URL of Airflow's metadata: the given one, else the embedded server's."""
    return os.environ.get(AIRFLOW_DATABASE) or server(layout).url("airflow")


def ledger_url(layout: Layout) -> str:
    """SQLAlchemy URL of the ledger: the given one, else the embedded server's."""
    return os.environ.get(URL_VARIABLE) or server(layout).url("ledger")


def celery_workers() -> list[str]:
    """Return the names of the Celery workers; none where the scheduler runs the tasks itself.

    :raises ConfigError: one of both variables holds something else.
    """
    executor = os.environ.get(EXECUTOR) or "local"
    count = os.environ.get(WORKERS) or "2"
    if executor not in ("local", "celery"):
        text = f"{EXECUTOR}={executor} is neither local nor celery."
        raise ConfigError(text, code="EXECUTOR")
    if not count.isdecimal() or int(count) < 1:
        text = f"{WORKERS}={count} is no number of workers."
        raise ConfigError(text, code="WORKERS")
    return [f"worker-{n}" for n in range(1, int(count) + 1)] if executor == "celery" else []


def environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return every variable Airflow and the pipeline need, secrets included.

    An ``AIRFLOW__`` variable that is already set wins over the value chosen here.
    """
    ours = {
        **_core(layout),
        **_api(layout, ports),
        **_timing(),
        **_logging(layout),
        **_databases(layout),
        **(_celery(layout) if celery_workers() else {}),
    }
    given = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__")}
    return {**ours, **given, **_process(layout)}


def _core(layout: Layout) -> dict[str, str]:
    secrets = layout.secrets()
    cores = os.cpu_count() or 1
    return {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # Each slot is a process that is always there.
        "AIRFLOW__CORE__PARALLELISM": str(cores * 2 + 2),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "include.stack.airflow_env.hostname",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{secrets.user}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
    }


def _api(layout: Layout, ports: Ports) -> dict[str, str]:
    secrets = layout.secrets()
    base = f"http://127.0.0.1:{ports.ui}"
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.ui),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
    }


def _timing() -> dict[str, str]:
    """Notice new files and dead processes within half a minute, not five."""
    return {
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "15",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    }


def _logging(layout: Layout) -> dict[str, str]:
    return {
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.logs / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.logs / "dags"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "false",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
    }


def _databases(layout: Layout) -> dict[str, str]:
    return {AIRFLOW_DATABASE: airflow_url(layout), URL_VARIABLE: ledger_url(layout)}


def _celery(layout: Layout) -> dict[str, str]:
    """Tasks go through Redis; what a dead worker had fetched is given to another soon."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": broker.url(layout),
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{airflow_url(layout)}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str((os.cpu_count() or 1) + 1),
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    }


def _process(layout: Layout) -> dict[str, str]:
    """Return the variables that are ours alone; settings of another Airflow must not leak in."""
    scripts = Path(sys.executable).parent
    direct = [os.environ.get("no_proxy", ""), "127.0.0.1", "localhost"]
    hosts = ",".join(part for part in direct if part)
    return {
        "AIRFLOW_HOME": str(layout.airflow_home),
        "FULFILMENT_STATE": str(layout.state),
        # The DAG folder and the plugin folder are on sys.path by themselves, the project is not.
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{scripts}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "GX_ANALYTICS_ENABLED": "false",
        "SCARF_NO_ANALYTICS": "true",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": hosts,
        "no_proxy": hosts,
    }
