"""The image built and the compose file brought up by a real engine, as `docs/production.md` says.

Run by `make test-docker`, which needs Docker with Compose v2. Other base images than the compose
file's are named by BASE_IMAGE, POSTGRES_IMAGE and REDIS_IMAGE.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from include.sandbox.scenarios.demo_orders import MERCHANTS
from include.stack.api import AirflowApi
from include.stack.testing import free_ports
from tests.stack.compose import copy_project
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(1800)
KILL_ALL = "import os, signal; os.kill(-1, signal.SIGKILL)"  # but the container's first process


class Compose:
    """A copy of the project, brought up under a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.name = f"fulfilment-test-{secrets.token_hex(3)}"
        self.folder = folder
        (self.ui_port,) = free_ports(1)
        copy_project(folder)
        subprocess.run(["make", "env"], cwd=folder, check=True)
        with (folder / ".env").open("a") as file:
            file.write(f"FULFILMENT_UI_PORT={self.ui_port}\nFULFILMENT_IMAGE={self.name}:latest\n")
        self.password = re.findall(
            r"^FULFILMENT_UI_PASSWORD=(.+)$", (folder / ".env").read_text(), re.M
        )[0]

    def run(self, *words: str, given: str = "", seconds: float = 900) -> str:
        """Run `docker compose ...`; return its standard output, fail if it fails."""
        done = subprocess.run(
            ["docker", "compose", "--project-name", self.name, *words],
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def fulfil(self, *words: str, given: str = "") -> str:
        """Run a command as the person whose file a merchant's becomes."""
        as_me = ("--user", f"{os.getuid()}:0")
        return self.run("run", "--rm", "-T", *as_me, "cli", "fulfil", *words, given=given)

    def up(self, *words: str) -> None:
        self.run("--profile", "sandbox", "up", "-d", "--wait", *words)

    def containers(self, service: str) -> set[str]:
        """Return name and time of start of each running container."""
        found = self.run("ps", "--quiet", "--status", "running", service).split()
        if not found:
            return set()
        form = "{{.Name}} {{.State.StartedAt}}"
        asked = ["docker", "inspect", "--format", form, *found]
        answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        return set(answer.splitlines())


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    compose = Compose(tmp_path_factory.mktemp("project"))
    try:
        compose.run("build")
        compose.up("--scale", "worker=2")
        yield compose
    finally:
        compose.run("--profile", "*", "down", "--volumes", "--rmi", "local", "--timeout", "20")


def test_the_demo_finds_nothing_lost_and_nothing_twice(compose: Compose) -> None:
    told = compose.run("--profile", "demo", "run", "--rm", "-T", "demo")
    for merchant in MERCHANTS:
        assert re.search(rf"^{merchant.name} +45 +36 ", told, re.MULTILINE), told
    assert "nothing lost, nothing twice" in told
    order = re.search(r"docker compose run --rm cli fulfil (order alpha \d+)", told)
    assert order, told
    assert "has left the warehouse completely" in compose.fulfil(*order[1].split())


def test_a_third_merchant_is_set_up_by_what_the_containers_print(compose: Compose) -> None:
    opened = compose.fulfil("sandbox", "add-merchant", "gamma")
    line = next(row for row in opened.splitlines() if " fulfil new " in row)
    password, token = re.findall(r"^(?:password|token):\s+(\S+)$", opened, re.MULTILINE)
    words = shlex.split(line.partition(" fulfil ")[2])
    compose.fulfil(*words, "--secrets-stdin", given=f"{password}\n{token}\n")
    written = compose.folder / "include" / "merchants" / "gamma.yaml"
    assert written.stat().st_uid == os.getuid()
    assert "gamma: 100 / 100, ready" in compose.fulfil("doctor", "gamma")
    assert "/dags/fulfilment__gamma" in compose.fulfil("unpause", "gamma")
    eventually(
        lambda: "status 5.1 written" in compose.fulfil("order", "gamma", "500000"), seconds=240
    )


def test_a_killed_worker_comes_back_by_itself_and_all_stays_healthy(compose: Compose) -> None:
    compose.up("--scale", "worker=2")  # the demo by `run` brought them down to one
    before = compose.containers("worker")
    assert len(before) == 2
    with suppress(AssertionError):  # the command is killed with the rest
        compose.run("exec", "-T", "--index", "1", "worker", "python", "-c", KILL_ALL)
    eventually(lambda: len(now := compose.containers("worker")) == len(before) and now != before)
    compose.up("--scale", "worker=2", "--no-recreate")


def test_the_ui_answers_on_this_machine_and_shows_the_log_of_another_container(
    compose: Compose,
) -> None:
    api = AirflowApi(f"http://127.0.0.1:{compose.ui_port}", "admin", compose.password)
    run = api.call("GET", "dags/fulfilment__gamma/dagRuns", params={"limit": 1})["dag_runs"][0]
    where = f"dags/fulfilment__gamma/dagRuns/{run['dag_run_id']}/taskInstances"
    log = api.call("GET", f"{where}/extract_plenty_orders/logs/1")
    assert any("released" in str(line) for line in log["content"]), log


def test_the_ledger_is_saved_and_restored(compose: Compose) -> None:
    before = compose.fulfil("order", "gamma", "500000")
    inside = ("exec", "-T", "postgres", "sh", "-c")
    user = "-U fulfilment"
    compose.run(*inside, f"pg_dump {user} -Fc ledger > /tmp/ledger.dump")
    compose.run("stop", "scheduler", "triggerer", "worker")
    compose.run(*inside, f"psql {user} -d ledger -c 'TRUNCATE order_events'")
    compose.run(*inside, f"dropdb {user} --force ledger && createdb {user} ledger")
    compose.run(*inside, f"pg_restore {user} -d ledger < /tmp/ledger.dump")
    compose.up("--scale", "worker=2")
    assert compose.fulfil("order", "gamma", "500000")[: len(before)] == before
