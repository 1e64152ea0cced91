"""Airflow, PostgreSQL and the sandbox of a benchmark: started for it, gone after it."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from include.bench import crowd
from include.core.systems.errors import Unavailable
from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient
from include.stack.airflow_env import ledger_url
from include.stack.testing import throw_away_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from include.sandbox.scenarios.demo_orders import StoryMerchant
    from include.stack.testing import ThrowAwayStack


@dataclass(frozen=True, slots=True)
class RealStack:
    """A running stack with merchants that are connected to its sandbox and not paused."""

    stack: ThrowAwayStack
    plenty: ControlClient
    wemalo: ControlClient
    ledger: Engine
    members: Sequence[StoryMerchant]

    def dag(self, member: StoryMerchant) -> str:
        """Return the path of a member's DAG in Airflow's API."""
        return f"dags/fulfilment__{member.name}"

    def eventually(self, what: Callable[[], Any], seconds: float) -> Any:
        """Return the first true answer.

        :raises Unavailable: there was none for so long.
        """
        deadline = time.monotonic() + seconds
        while not (answer := what()):
            if time.monotonic() > deadline:
                text = f"The stack did not get there within {seconds:.0f} s."
                raise Unavailable(text)
            time.sleep(0.2)
        return answer


@contextmanager
def real_stack(count: int, **settings: Any) -> Iterator[RealStack]:
    """Run a stack for ``count`` merchants with these settings of their files."""
    members = crowd.members(count)
    with tempfile.TemporaryDirectory(prefix="fulfilment-bench-") as folder:
        for member in members:
            text = yaml.safe_dump(crowd.settings(member, **settings))
            (Path(folder) / f"{member.name}.yaml").write_text(text, encoding="utf-8")
        with throw_away_stack() as stack:
            stack.variables["FULFILMENT_MERCHANTS"] = folder
            _start(stack)
            ports = stack.layout.ports()
            urls = [f"http://127.0.0.1:{port}" for port in (ports.plenty, ports.wemalo)]
            plenty, wemalo = (ControlClient(url) for url in urls)
            crowd.open_tenants(plenty, wemalo, members, plan="classic")
            stack.api.set_connections(crowd.connections(members, *urls))
            engine = ledger_engine(ledger_url(stack.layout))
            ready = RealStack(stack, plenty, wemalo, engine, members)
            _unpause(ready)
            yield ready
            engine.dispose()


def _start(stack: ThrowAwayStack) -> None:
    """Start the stack; on a busy machine Airflow may need longer than `up` waits at a time."""
    for _ in range(2):
        if stack.run("up", "--with-sandbox", seconds=600).returncode == 0:
            return
    stack.up(with_sandbox=True, seconds=600)


def _unpause(ready: RealStack) -> None:
    """Unpause all DAGs, once each of them is there."""
    api = ready.stack.api
    wanted = {f"fulfilment__{member.name}" for member in ready.members}
    ready.eventually(lambda: wanted <= {dag["dag_id"] for dag in api.dags()}, 300)
    for member in ready.members:
        api.call("PATCH", ready.dag(member), json={"is_paused": False})
