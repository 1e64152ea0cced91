"""The doctor's report: every check over the facts, a go-live score, and what to fix first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from include.core.doctor import ledger_checks as ledger
from include.core.doctor import plenty_checks as plenty
from include.core.doctor import wemalo_checks as wemalo
from include.core.doctor.facts import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from include.core.doctor.facts import Facts
    from include.core.merchants.merchant import Merchant

#: in the order in which a person would set a merchant up
CHECKS: tuple[Callable[[Facts, Merchant], Check], ...] = (
    plenty.login,
    plenty.statuses,
    plenty.client,
    plenty.warehouse,
    plenty.location,
    plenty.package_type,
    plenty.plan,
    wemalo.token,
    wemalo.interfaces,
    wemalo.shipping_profiles,
    wemalo.carriers,
    wemalo.products,
    wemalo.clocks,
    ledger.private_log,
    ledger.pauses,
    wemalo.sample,
)
ESSENTIAL = 3  # the weight of what orders cannot travel without
_SHARE = {"ok": 1.0, "warn": 0.5, "unknown": 0.0, "fail": 0.0}
_URGENT = {"fail": 0, "unknown": 1, "warn": 2, "ok": 3}
_MARK = {"ok": "ok  ", "warn": "warn", "fail": "FAIL", "unknown": "?   "}


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found about one merchant."""

    merchant: str
    checks: tuple[Check, ...]

    @property
    def score(self) -> int:
        """Return 0 to 100: the weighted share of what is in order; 100 only if all of it is."""
        whole = sum(check.weight for check in self.checks)
        good = sum(check.weight * _SHARE[check.level] for check in self.checks)
        return int(100 * good / whole)

    @property
    def ready(self) -> bool:
        """Say whether orders may travel: nothing failed and nothing essential is unknown."""
        return not any(
            check.level == "fail" or (check.level == "unknown" and check.weight >= ESSENTIAL)
            for check in self.checks
        )

    @property
    def to_fix(self) -> list[Check]:
        """Return what is not in order, the most important first."""
        wrong = [check for check in self.checks if check.level != "ok"]
        return sorted(wrong, key=lambda check: (_URGENT[check.level], -check.weight))

    def to_json(self) -> dict[str, Any]:
        """Return the report for the ledger: texts of settings and counts, nothing personal."""
        return {
            "score": self.score,
            "ready": self.ready,
            "checks": [asdict(c) for c in self.checks],
        }


def examine(merchant: Merchant, facts: Facts) -> Report:
    """Judge the facts by all checks."""
    return Report(merchant.merchant, tuple(check(facts, merchant) for check in CHECKS))


def changes(before: Mapping[str, Any] | None, now: Report) -> list[Check]:
    """Return the checks whose level is another than in the report kept before."""
    if before is None:
        return []
    levels = {row["code"]: row["level"] for row in before["checks"]}
    return [check for check in now.checks if levels.get(check.code) != check.level]


def lines(report: Report, language: str) -> Iterator[str]:
    """Yield the report for a terminal or a task's log, in German or English."""
    german = language == "de"
    yield from _found(report.checks, language)
    yield ""
    verdict = ("bereit" if german else "ready") if report.ready else (
        "noch nicht bereit" if german else "not ready yet"
    )  # fmt: skip
    yield f"{report.merchant}: {report.score} / 100, {verdict}"
    fixes = [check for check in report.to_fix if check.fix(language)]
    if fixes:
        yield "Zu tun, das Wichtigste zuerst:" if german else "To do, the most important first:"
        for number, check in enumerate(fixes, 1):
            yield f"  {number}. {check.fix(language)} ({check.code})"


def to_do(report: Mapping[str, Any], language: str) -> list[str]:
    """Return what keeps the merchant of a kept report (`Report.to_json`) from being ready."""
    checks = tuple(Check(**row) for row in report["checks"])
    return [
        f"{check.code}: {check.fix(language) or check.text(language)}"
        for check in Report("", checks).to_fix
        if check.level == "fail" or (check.level == "unknown" and check.weight >= ESSENTIAL)
    ]


def _found(checks: Iterable[Check], language: str) -> Iterator[str]:
    for check in checks:
        yield f"{_MARK[check.level]}  {check.code:<18} {check.text(language)}"
