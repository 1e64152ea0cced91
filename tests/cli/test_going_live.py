"""A newcomer's way: what does not work yet ends in the doctor's list, never in a live merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from include.cli import new
from include.cli.main import app
from include.core.systems.errors import ConfigError
from include.stack.api import AirflowApi
from tests.cli import invoke
from tests.cli.test_new import PASSWORD, TOKEN, Airflow, Willing, arguments, serving
from tests.cli.test_new import folder as folder
from tests.cli.test_new import sandbox as sandbox
from tests.flow.stage import set_connection

if TYPE_CHECKING:
    from pathlib import Path

    from include.sandbox.server import Sandbox

NOBODY = "http://127.0.0.1:1"
UNPAUSED = "PATCH /api/v2/dags/fulfilment__gamma"


def test_a_wrong_password_an_unreachable_address_and_a_missing_status_never_end_in_a_live_merchant(
    folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, ledger_url: str
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())
    words = arguments(sandbox)
    words[words.index("--wemalo-url") + 1] = NOBODY
    for conn_id in ("PLENTY_GAMMA", "WEMALO_GAMMA"):  # undone at the end
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", "")
    Airflow.calls, Willing.stored = [], {}

    def refused() -> str:
        done = invoke(app, "unpause", "gamma")
        assert isinstance(done.exception, ConfigError), done.output
        return done.exception.operator

    with serving(Willing) as url:
        monkeypatch.setattr(new.control, "api", lambda _: AirflowApi(url, "admin", "x"))

        secrets = f"wrong\n{TOKEN}\n"
        away = invoke(app, *words, "--secrets-stdin", given=secrets)
        assert "http://127.0.0.1:1 cannot be reached" in str(away.exception)
        assert list(folder.iterdir()) == []
        kept = invoke(app, *words, "--secrets-stdin", "--anyway", given=secrets)
        assert kept.exit_code == 0, kept.output
        assert "plentymarkets refuses the user name fulfilment_gamma" in kept.output
        assert {row["host"] for row in Willing.stored.values()} == {sandbox.plenty_url, NOBODY}
        set_connection("plenty_gamma", "plenty", sandbox.plenty_url, "fulfilment_gamma", "wrong")
        set_connection("wemalo_gamma", "wemalo", NOBODY, "", TOKEN)

        listed = refused()  # nobody has asked the doctor yet: he looks now
        assert "PLENTY_LOGIN: Correct the connection plenty_gamma" in listed
        assert "WEMALO_TOKEN: The secrets are not the reason." in listed
        assert "correct the address in the connection wemalo_gamma" in listed

        set_connection("plenty_gamma", "plenty", sandbox.plenty_url, "fulfilment_gamma", PASSWORD)
        set_connection("wemalo_gamma", "wemalo", sandbox.wemalo_url, "", TOKEN)
        file = folder / "gamma.yaml"
        good = file.read_text()
        file.write_text(good.replace("no_stock: 6.3", "no_stock: 6.35"))
        doctor = invoke(app, "doctor", "gamma")
        assert (doctor.exit_code, "Create the statuses 6.35" in doctor.output) == (1, True)
        assert "STATUSES: Create the statuses 6.35" in refused()

        file.write_text(good)
        assert "stays paused" in refused()  # until the doctor has looked again
        assert UNPAUSED not in Airflow.calls
        assert invoke(app, "doctor", "gamma").exit_code == 0
        done = invoke(app, "unpause", "gamma")
        assert done.exit_code == 0, done.output
        assert Airflow.calls[-1] == UNPAUSED
