"""`fulfil new`: a whole merchant or nothing, and never a secret where it can be read."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from include.cli import new
from include.cli.address_check import final_address
from include.cli.main import app
from include.cli.sandbox import guest
from include.config.merchants import find
from include.core.systems.errors import ConfigError
from include.sandbox.scenarios.demo_orders import plenty_scenario, wemalo_scenario
from include.sandbox.server import run_sandbox
from include.stack.api import AirflowApi
from tests.cli import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.server import Sandbox

PASSWORD, TOKEN = "pass-w0rd", "t0ken-x"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    merchant = guest("gamma", 3)
    with run_sandbox() as sandbox:
        sandbox.plenty.merge(plenty_scenario(merchant, [], PASSWORD))
        sandbox.wemalo.merge(wemalo_scenario(merchant, [], TOKEN))
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path / "merchants"))
    monkeypatch.setenv("FULFILMENT_STATE", str(tmp_path / "state"))
    (tmp_path / "merchants").mkdir()
    (tmp_path / "state").mkdir()
    return tmp_path / "merchants"


def arguments(sandbox: Sandbox, shop: str = "gamma") -> list[str]:
    return [
        "new", "gamma", "--url", f"{sandbox.plenty_url}/", "--username", "fulfilment_gamma",
        "--plenty-id", "3003", "--warehouse-id", "23", "--storage-location-id", "0",
        "--wemalo-url", f"{sandbox.wemalo_url}/v1", "--shop", shop,
        "--profile", "31=dhl-paket", "--carrier", "DHL=DHL",
    ]  # fmt: skip


def test_a_new_merchants_file_is_good_explained_and_safe(folder: Path, sandbox: Sandbox) -> None:
    done = invoke(app, *arguments(sandbox, "Gämma: 1"), "--no-connections")
    assert done.exit_code == 0, done.output
    assert "fulfil doctor gamma" in done.stdout
    merchant = find("gamma")
    assert (merchant.plenty.plenty_id, merchant.plenty.storage_location_id) == (3003, 0)
    assert merchant.wemalo.shop == "Gämma: 1"
    assert merchant.shipping_profiles == {31: "dhl-paket"}
    assert (merchant.stock.enabled, merchant.stock.confirm_first_run) == (False, True)
    assert (merchant.products.enabled, merchant.returns.book_stock) == (False, "none")
    assert merchant.goods_issue == "none"
    text = (folder / "gamma.yaml").read_text(encoding="utf-8")
    assert "must be created in plentymarkets" in text
    assert invoke(app, "lint").exit_code == 0


def test_what_is_missing_is_asked_for(folder: Path, sandbox: Sandbox) -> None:
    left_out = arguments(sandbox)
    for name in ("--username", "--plenty-id", "--warehouse-id", "--storage-location-id"):
        del left_out[left_out.index(name) : left_out.index(name) + 2]
    done = invoke(app, *left_out, "--no-connections", given="rest\n3003\n23\n7\n")
    assert done.exit_code == 0, done.output
    assert find("gamma").plenty.storage_location_id == 7


def test_a_file_that_is_there_is_never_touched(folder: Path, sandbox: Sandbox) -> None:
    (folder / "gamma.yml").write_text("mine")
    done = invoke(app, *arguments(sandbox), "--no-connections")
    assert isinstance(done.exception, ConfigError)
    assert "already set up in gamma.yml" in str(done.exception)
    assert [file.read_text() for file in folder.iterdir()] == ["mine"]


class Airflow(BaseHTTPRequestHandler):
    """Airflow's routes for connections; the second connection cannot be made."""

    calls: ClassVar[list[str]] = []
    there: ClassVar[list[str]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        self.calls.append(f"{self.command} {path}")
        wemalo = path.endswith("/connections") and b"wemalo" in body
        self.send_response(500 if wemalo else 200)
        self.end_headers()
        rows = ",".join(f'{{"connection_id": "{name}"}}' for name in self.there)
        self.wfile.write(f'{{"access_token": "x", "connections": [{rows}]}}'.encode())

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Willing(Airflow):
    """Airflow that takes every connection and keeps what it was given."""

    stored: ClassVar[dict[str, dict[str, Any]]] = {}

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.calls.append(f"{self.command} {path}")
        if (self.command, path) == ("POST", "/api/v2/connections"):
            row = json.loads(body)
            self.stored[row["connection_id"]] = row
        self.send_response(200)
        self.end_headers()
        dags = [{"dag_id": "fulfilment__gamma"}]
        answer = {"access_token": "x", "connections": [], "dags": dags}
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_DELETE = do_PATCH = _answer


def test_everything_is_asked_for_from_what_both_systems_offer(
    folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = arguments(sandbox)
    del words[words.index("--plenty-id") : words.index("--wemalo-url")]
    del words[words.index("--shop") :]
    given = [
        "fulfilment_gamma", "", "99", "", "",  # the only store, no warehouse 99, the usual place
        *["-"] * 4, "dhl-pakt", "dhl-paket",  # of five profiles one is used
        "",  # the provider of the same name
    ]  # fmt: skip
    monkeypatch.setenv(new.PASSWORD, PASSWORD)
    monkeypatch.setenv(new.TOKEN, TOKEN)
    del words[words.index("--username") : words.index("--username") + 2]
    Willing.stored = {}
    with serving(Willing) as url:
        monkeypatch.setattr(new.control, "api", lambda _: AirflowApi(url, "admin", "x"))
        done = invoke(app, *words, given="\n".join([*given, ""]))
    assert done.exit_code == 0, done.output
    for said in ("one of: 3003 gamma", "There is no 99.", "There is no dhl-pakt."):
        assert said in done.output
    merchant = find("gamma")
    plenty = merchant.plenty
    assert (plenty.plenty_id, plenty.warehouse_id, plenty.storage_location_id) == (3003, 23, 0)
    assert (merchant.wemalo.shop, plenty.plan) == ("gamma", "classic")
    assert merchant.shipping_profiles == {31: "dhl-paket"}
    assert merchant.carriers == {"DHL": "DHL"}
    # Airflow's UI sends port 0 where there is none, and tests no other port than the stored one
    assert {row["port"] for row in Willing.stored.values()} == {0}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--warehouse-id": "99"}, "There is no 99 (warehouseID"),
        ({"--profile": "31=dhl-pakt"}, "There is no wemalo matchId dhl-pakt. There are: dhl-paket"),
        ({"--profile": "99=dhl-paket"}, "There is no shipping profile 99. There are: 6 DHL Paket"),
        ({"--carrier": "DHL=Dachser"}, "There is no shipping service provider Dachser."),
        ({"--shop": "other"}, "belongs to the shop 'gamma', not to 'other'"),
        ({"--username": "nobody"}, "refuses the user name nobody with this password"),
    ],
)
def test_what_neither_system_offers_is_refused_and_what_there_is_is_named(
    folder: Path, sandbox: Sandbox, changed: dict[str, str], said: str
) -> None:
    words = arguments(sandbox)
    for option, value in changed.items():
        words[words.index(option) + 1] = value
    done = invoke(app, *words, "--secrets-stdin", given=f"{PASSWORD}\n{TOKEN}\n")
    assert isinstance(done.exception, ConfigError)
    assert said in done.exception.operator
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("there", [[], ["wemalo_gamma"]])
def test_half_a_merchant_is_undone_and_a_connection_that_is_there_stays(
    folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, there: list[str]
) -> None:
    Airflow.calls, Airflow.there = [], there
    with serving(Airflow) as url:
        monkeypatch.setattr(new.control, "api", lambda _: AirflowApi(url, "admin", "x"))
        done = invoke(app, *arguments(sandbox), "--secrets-stdin", given=f"{PASSWORD}\n{TOKEN}\n")
    assert isinstance(done.exception, ConfigError)
    assert "Nothing was kept" in str(done.exception)
    assert list(folder.iterdir()) == []
    changes = [call for call in Airflow.calls if "/api/v2" in call and "GET" not in call]
    made = ["POST /api/v2/connections"] * 2 + ["DELETE /api/v2/connections/plenty_gamma"]
    assert changes == ([] if there else made)
    assert PASSWORD not in done.output + str(done.exception)


def test_a_folder_that_takes_no_file_is_named(
    folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobodys = "/proc/self/fdinfo"  # not even root makes a file there
    monkeypatch.setenv("FULFILMENT_MERCHANTS", nobodys)
    done = invoke(app, *arguments(sandbox), "--no-connections")
    assert isinstance(done.exception, ConfigError)
    assert f"{nobodys}/gamma.yaml cannot be written: " in str(done.exception)
    assert list(folder.iterdir()) == []


def test_no_airflow_means_no_file(
    folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(new.PASSWORD, PASSWORD)
    monkeypatch.setenv(new.TOKEN, TOKEN)
    monkeypatch.setenv("FULFILMENT_UI_PORT", "1")
    done = invoke(app, *arguments(sandbox))
    assert "Airflow does not answer" in str(done.exception)
    assert list(folder.iterdir()) == []


class Redirect(BaseHTTPRequestHandler):
    """Leads on to another host, as a shop's short address does."""

    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", f"https://www.shop.example{self.path}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_address_that_redirects_is_refused_and_the_final_one_is_named() -> None:
    with serving(Redirect) as url, pytest.raises(ConfigError) as caught:
        final_address("plentymarkets", url, "/rest/users/me")
    assert "Use the final address: https://www.shop.example" in caught.value.operator


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://shop.example", "http would send the password openly"),
        ("https://me:secret@shop.example", "holds a user or password"),
        ("ftp://shop.example", "no address such as"),
        ("https://", "no address such as"),
        ("https://[shop", "no address such as"),
        ("https://shop.example:99999", "no address such as"),
        ("https://shop..example", "cannot be reached"),
        ("127.0.0.1:1", "cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused(address: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        final_address("plentymarkets", address, "/")
    assert said in caught.value.operator
    assert "secret" not in caught.value.operator
