"""From "released" in plentymarkets to "accepted" by wemalo, on a real stack with a 5 s poll."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.bench import crowd
from include.bench.real_stack import real_stack
from include.bench.rows import Row

if TYPE_CHECKING:
    from include.bench.real_stack import RealStack

RELEASES, POLL_S = 20, 5
GOAL_MEDIAN_S, GOAL_P95_S = 15, 30
_GAP_S = (8.0, 30.0)  # between two releases, at random, so that no rhythm of ours helps
_STAGES = (
    ("released to event", "released", "event"),
    ("event to run", "event", "run"),
    ("run to first task", "run", "extract"),
    ("extract to validate", "extract", "validate"),
    ("validate to load", "validate", "load"),
    ("load to accepted", "load", "accepted"),
)


def run(*, quick: bool = False) -> list[Row]:
    """Release orders one by one at random moments and time what happens to each."""
    spread = random.Random(1)  # noqa: S311 - the same moments at every run
    count = 2 if quick else RELEASES
    with real_stack(1, poll_seconds=POLL_S, schedule_minutes=720) as ready:
        _release(ready, 1)  # the first of all warms up; it is not counted
        moments = []
        for order_id in range(2, count + 2):
            time.sleep(spread.uniform(*_GAP_S))
            moments.append(_release(ready, order_id))
    total = sorted((m["accepted"] - m["released"]).total_seconds() for m in moments)
    p95 = statistics.quantiles(total, n=20, method="inclusive")[18]
    median = statistics.median(total)
    return [
        Row("median", median, "s", median / GOAL_MEDIAN_S, f"goal of {GOAL_MEDIAN_S} s"),
        Row("95th percentile", p95, "s", p95 / GOAL_P95_S, f"goal of {GOAL_P95_S} s"),
        *(_stage(moments, *stage) for stage in _STAGES),
    ]


def _stage(moments: list[dict[str, datetime]], label: str, start: str, end: str) -> Row:
    spans = [(m[end] - m[start]).total_seconds() for m in moments if start in m and end in m]
    return Row(f"  {label}", statistics.median(spans), "s")


def _release(ready: RealStack, order_id: int) -> dict[str, datetime]:
    """Release one order, wait until wemalo has it, and return the moments on its way (UTC)."""
    (member,) = ready.members
    released = datetime.now(UTC)
    crowd.release(ready.plenty, member, range(order_id, order_id + 1))
    query = text(
        "SELECT at, run_id FROM order_events WHERE order_id = :id AND kind = 'accepted' LIMIT 1"
    )

    def accepted() -> tuple[datetime, str] | None:
        with ready.ledger.connect() as connection:
            row = connection.execute(query, {"id": order_id}).one_or_none()
        return (row.at, row.run_id) if row else None

    at, run_id = ready.eventually(accepted, 300)
    return {"released": released, "accepted": at, **_run_moments(ready, run_id)}


def _run_moments(ready: RealStack, run_id: str) -> dict[str, datetime]:
    (member,) = ready.members
    api, dag = ready.stack.api, ready.dag(member)
    run = api.call("GET", f"{dag}/dagRuns/{run_id}")
    tasks = api.call("GET", f"{dag}/dagRuns/{run_id}/taskInstances")["task_instances"]
    events = api.call("GET", f"{dag}/dagRuns/{run_id}/upstreamAssetEvents")["asset_events"]
    starts = {task["task_id"]: task["start_date"] for task in tasks}
    texts = {
        "event": min((event["timestamp"] for event in events), default=None),
        "run": run["start_date"],
        "extract": starts.get("extract_plenty_orders"),
        "validate": starts.get("validate"),
        "load": starts.get("load_to_wemalo"),
    }
    return {name: datetime.fromisoformat(value) for name, value in texts.items() if value}
