"""What `docker compose --profile demo up` does, without an engine: see `tests.celery.containers`.

Run by `make test-celery`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from include.sandbox.scenarios.demo_orders import MERCHANTS
from include.stack.api import AirflowApi
from tests.celery.containers import Containers
from tests.stack.compose import FILLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.postgres import PostgresServer

pytestmark = pytest.mark.timeout(1500)
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")


@pytest.fixture(scope="module")
def containers(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containers]:
    postgres_server.execute("CREATE ROLE fulfilment SUPERUSER LOGIN")
    postgres_server.ensure_database("airflow")
    containers = Containers(tmp_path_factory.mktemp("containers"), postgres_server)
    try:
        containers.start("redis")
        yield containers
    finally:
        containers.end()


@pytest.fixture(scope="module")
def api(containers: Containers) -> AirflowApi:
    """Everything runs, in the order of the compose file's dependencies."""
    (containers.connections / "acme.json").write_text(
        json.dumps({"plenty_acme": {"conn_type": "plenty", "host": "https://acme.example"}})
    )
    for _ in range(2):  # each `up` runs it again
        done = containers.run("init")
        assert done.returncode == 0, done.stdout + done.stderr
        assert FILLED["FULFILMENT_UI_PASSWORD"] not in done.stdout + done.stderr
    for name in (*AIRFLOW, "sandbox"):
        containers.start(name)
    address = f"http://127.0.0.1:{containers.ui_port}"
    return AirflowApi(address, "admin", FILLED["FULFILMENT_UI_PASSWORD"])


@pytest.mark.parametrize("name", [*AIRFLOW, "sandbox"])
def test_each_service_passes_its_own_health_check(
    containers: Containers, api: AirflowApi, name: str
) -> None:
    assert containers.healthy(name), containers.log(name).read_text(errors="replace")[-3000:]


def test_the_first_container_wrote_login_and_connections(api: AirflowApi) -> None:
    assert api.call("GET", "connections/plenty_acme")["host"] == "https://acme.example"


def test_the_demo_tells_its_story_by_the_running_services(
    containers: Containers, api: AirflowApi
) -> None:
    done = containers.run("demo", seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    for merchant in MERCHANTS:
        assert re.search(rf"^{merchant.name} +45 +36 ", done.stdout, re.MULTILINE), done.stdout
    assert "nothing lost, nothing twice" in done.stdout
    assert FILLED["FULFILMENT_UI_PASSWORD"] not in done.stdout
