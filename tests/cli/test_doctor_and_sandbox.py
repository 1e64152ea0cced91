"""A third merchant at the terminal: opened in the sandbox, set up, examined, unpaused."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from include.cli.address_check import clean
from include.cli.main import app
from include.config.merchants import find
from include.core.systems.errors import ConfigError
from include.ledger.doctor.doctor import keep
from include.ledger.engine import ledger_engine
from include.sandbox.server import run_sandbox
from include.stack import control
from include.stack.api import AirflowApi
from tests.cli import invoke
from tests.cli.test_new import Airflow, serving
from tests.flow.stage import Stage, set_connection

if TYPE_CHECKING:
    from pathlib import Path


def test_a_third_merchant_is_opened_set_up_found_ready_and_shipped_by_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger_url: str
) -> None:
    (tmp_path / "merchants").mkdir()
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path / "merchants"))
    monkeypatch.setenv("FULFILMENT_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())
    with run_sandbox() as sandbox:
        for name, url in (("PLENTY", sandbox.plenty_url), ("WEMALO", sandbox.wemalo_url)):
            monkeypatch.setenv(f"FULFILMENT_{name}_PORT", url.rpartition(":")[2])
        opened = invoke(app, "sandbox", "add-merchant", "gamma")
        assert opened.exit_code == 0, opened.output
        line = next(row for row in opened.stdout.splitlines() if "fulfil new" in row)
        words = shlex.split(line)[1:]
        new = invoke(app, *words, "--no-connections")
        assert new.exit_code == 0, new.output
        assert "plenty_gamma and wemalo_gamma" in new.stdout

        before = invoke(app, "doctor", "gamma", "--language", "de")
        assert before.exit_code == 1
        assert "noch nicht bereit" in before.stdout
        assert "plenty_gamma does not exist" in before.stdout

        password, token = (
            re.search(rf"^{name}:\s+(\S+)$", opened.stdout, re.MULTILINE)[1]  # type: ignore[index]
            for name in ("password", "token")
        )
        for conn_id in ("PLENTY_GAMMA", "WEMALO_GAMMA"):  # undone at the end
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", "")
        set_connection("plenty_gamma", "plenty", sandbox.plenty_url, "fulfilment_gamma", password)
        set_connection("wemalo_gamma", "wemalo", sandbox.wemalo_url, "", token)
        # at once, although both systems rest for the tasks after what failed a moment ago
        ready = invoke(app, "doctor", "gamma")
        assert "gamma: 100 / 100, ready" in ready.stdout, ready.output
        assert ready.exit_code == 0
        assert "10 of 10 released orders pass all checks" in ready.stdout
        assert "Changed: PLENTY_LOGIN" in ready.stdout

        again = invoke(app, "sandbox", "add-merchant", "gamma")
        assert "already has a merchant gamma" in str(again.exception)
        stage = Stage(sandbox, ledger_engine(ledger_url), find("gamma"))
        stage.run()
        assert stage.errors == {}
        assert invoke(app, "sandbox", "warehouse-day").exit_code == 0
        stage.run()
        stage.engine.dispose()
        told = invoke(app, "order", "gamma", "500000")
        assert "has left the warehouse completely" in told.stdout


def test_containers_print_what_works_from_outside_and_their_addresses_of_the_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with run_sandbox() as sandbox:
        monkeypatch.setenv(control.API_URL, "http://api-server:8080")
        here = sandbox.plenty_url, sandbox.wemalo_url
        for name, url in zip(control.SANDBOX_URLS, here, strict=True):
            monkeypatch.setenv(name, url)
        opened = invoke(app, "sandbox", "add-merchant", "gamma")
    command = (
        'docker compose run --rm --user "$(id -u):0" cli fulfil new gamma '
        f"--url {sandbox.plenty_url} "
    )
    assert command in opened.stdout, opened.output
    assert f"--wemalo-url {sandbox.wemalo_url}/v1 " in opened.stdout
    gone = invoke(app, "sandbox", "warehouse-day")
    assert "docker compose --profile sandbox up -d" in str(gone.exception)
    for name, host in zip(control.SANDBOX_URLS, ("plenty", "wemalo"), strict=True):
        monkeypatch.setenv(name, f"http://{host}:8781")
    assert clean("plentymarkets", "http://plenty:8781/") == "http://plenty:8781"
    with pytest.raises(ConfigError, match="http would send the password openly"):
        clean("plentymarkets", "http://plenty:8783")


def test_unpausing_asks_the_doctor_and_airflow_and_names_where_to_look(
    monkeypatch: pytest.MonkeyPatch, ledger_url: str
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)

    class Dags(Airflow):
        def _answer(self) -> None:
            self.calls.append(f"{self.command} {self.path.partition('?')[0]}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"access_token": "x", "dags": [{"dag_id": "fulfilment__alpha"}]}')

        do_GET = do_POST = do_PATCH = _answer

    Airflow.calls = []
    with serving(Dags) as url:
        monkeypatch.setattr(control, "api", lambda _: AirflowApi(url, "admin", "x"))
        with engine.begin() as connection:
            keep(connection, "alpha", {"score": 40, "ready": False, "checks": []})
        refused = invoke(app, "unpause", "alpha")
        assert "alpha is not ready (40 / 100), so it stays paused" in str(refused.exception)
        assert not [call for call in Airflow.calls if call.startswith("PATCH")]
        assert invoke(app, "unpause", "alpha", "--anyway").exit_code == 0
        with engine.begin() as connection:
            keep(connection, "alpha", {"score": 90, "ready": True, "checks": []})
        engine.dispose()
        done = invoke(app, "unpause", "alpha")
        # containers have an address for Airflow that nobody else can open
        monkeypatch.setenv(control.API_URL, url)
        contained = invoke(app, "unpause", "alpha")
    assert done.exit_code == 0, done.output
    assert f"fulfilment__alpha runs from now on; its page in Airflow: {url}/dags" in done.stdout
    assert "page in Airflow: /dags/fulfilment__alpha" in contained.stdout
    assert Airflow.calls[-1] == "PATCH /api/v2/dags/fulfilment__alpha"
