"""A merchant of its own on the running stack that the tests of a process share."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient
from include.sandbox.scenarios.demo_orders import plenty_scenario, wemalo_scenario
from include.stack.airflow_env import ledger_url
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.sandbox.scenarios.demo_orders import StoryMerchant
    from include.stack.testing import ThrowAwayStack

PASSWORD, TOKEN = "p1", "token-{name}"
FILE = """\
merchant: {name}
schedule_minutes: 720
plenty: {{connection: plenty_{name}, plenty_id: 1001, warehouse_id: 3, storage_location_id: 7}}
wemalo: {{connection: wemalo_{name}, shop: {name}}}
shipping_profiles: {{6: dhl-paket}}
carriers: {{DHL: DHL}}
goods_issue: none
"""


class RunningMerchant:
    """A merchant between the stack's sandbox systems whose warehouse ships what it is told to."""

    def __init__(self, stack: ThrowAwayStack, story: StoryMerchant, more: str = "") -> None:
        """Know where everything is.

        :param more: further lines of the merchant's file.
        """
        self.stack, self.api, self.story, self.name = stack, stack.api, story, story.name
        self.dag_id = f"fulfilment__{self.name}"
        self.dag = f"dags/{self.dag_id}"
        self.token = TOKEN.format(name=self.name)
        self.settings = FILE.format(name=self.name) + more
        self.file = stack.merchants / f"{self.name}.yaml"
        ports = stack.layout.ports()
        self.plenty_url = f"http://127.0.0.1:{ports.plenty}"
        self.wemalo_url = f"http://127.0.0.1:{ports.wemalo}"
        self.plenty, self.wemalo = ControlClient(self.plenty_url), ControlClient(self.wemalo_url)

    def open(self) -> None:
        """Open both tenants without orders, write the file, and wait for the DAG."""
        self.plenty.merge(plenty_scenario(self.story, [], PASSWORD))
        warehouse = wemalo_scenario(self.story, [], self.token)
        warehouse["tenants"][0]["settings"]["auto"] = False
        self.wemalo.merge(warehouse)
        self.api.set_connections(
            {
                f"plenty_{self.name}": {
                    "conn_type": "plentymarkets", "host": self.plenty_url,
                    "login": self.story.username, "password": PASSWORD,
                },
                f"wemalo_{self.name}": {
                    "conn_type": "wemalo", "host": self.wemalo_url, "password": self.token,
                },
            }
        )  # fmt: skip
        self.file.write_text(self.settings)
        eventually(lambda: self.dag_id in {dag["dag_id"] for dag in self.api.dags()}, 120)

    def fulfil(self, *words: str) -> str:
        """Run ``fulfil`` on this stack and return what it printed; it must end well."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "fulfil"), *words],
            env=self.stack.variables, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def release(self, *ids: int) -> None:
        """Release orders of one piece each."""
        rows = [_order(self.story, number) for number in ids]
        self.plenty.merge({"tenants": [{"tenant": self.name, "orders": rows}]})

    def orders(self, kind: int = 1) -> dict[int, dict[str, Any]]:
        """Return plentymarkets' orders of a type by number."""
        rows = self.plenty.state(self.name)["tenants"][self.name]["orders"].values()
        return {int(row["id"]): row for row in rows if row["typeId"] == kind}

    def submissions(self) -> dict[int, int]:
        """Return how often the warehouse was sent each order."""
        rows = self.wemalo.state(self.name)["tenants"][self.name]["orders"]
        return {int(key): row["submissions"] for key, row in rows.items()}

    def at_rest(self, *run_types: str) -> bool:
        """Tell whether no run is active, of these types or of all."""
        active = {"state": ["running", "queued"], "run_type": list(run_types)}
        return not self.api.call("GET", f"{self.dag}/dagRuns", params=active)["dag_runs"]

    def trigger(self) -> str:
        """Start a run and return its id."""
        run = self.api.call("POST", f"{self.dag}/dagRuns", json={"logical_date": None})
        return str(run["dag_run_id"])

    def tasks(self, run: str) -> Mapping[str, Mapping[str, Any]]:
        """Return a run's tasks as Airflow shows them, by name."""
        rows = self.api.call("GET", f"{self.dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {row["task_id"]: row for row in rows}

    @contextmanager
    def ledger(self) -> Iterator[Any]:
        """Give a transaction of the stack's ledger."""
        engine = ledger_engine(ledger_url(self.stack.layout))
        with engine.begin() as connection:
            yield connection
        engine.dispose()


def _order(story: StoryMerchant, order_id: int) -> dict[str, Any]:
    return {
        "id": order_id, "status": "5", "plenty_id": story.plenty_id, "warehouse": 3, "profile": 6,
        "type": 1, "items": [{"variation": 2001, "quantity": 1}], "packages": [],
        "delivery": {
            "name2": "Anna", "name3": "Beispiel-Alpha", "address1": "Lindenallee", "address2": "5",
            "postalCode": "50667", "town": "Köln", "country": "DE",
        },
    }  # fmt: skip
