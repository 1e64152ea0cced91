"""``fulfil check-address`` as a merchant runs it: lines in, one verdict per line out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FULFIL = Path(sys.executable).with_name("fulfil")
# No database, no Airflow, no settings: the command needs nothing.
BARE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

GOOD = {"name2": "Erika", "name3": "Lindner", "address1": "Rathausplatz", "address2": "2",
        "postalCode": "50667", "town": "Köln", "countryId": 1}  # fmt: skip


def ask(*lines: str | bytes) -> list[dict[str, Any]]:
    text = b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in lines)
    done = subprocess.run(
        [FULFIL, "check-address"], input=text, env=BARE, capture_output=True, check=True
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_gets_its_verdict_and_a_broken_line_does_not_end_the_stream() -> None:
    answers = ask(
        json.dumps(GOOD),
        "{not json",
        "",
        "[1, 2]",
        b"\xff\xfe",
        json.dumps({**GOOD, "address1": "Rathausplatz 2 a", "address2": ""}),
        json.dumps({**GOOD, "town": "Hamburg"}),
        json.dumps({**GOOD, "address2": ""}),
        json.dumps({**GOOD, "countryId": "9" * 5000, "name2": {"a": []}, "town": None}),
    )
    verdicts = [a["verdict"] for a in answers]
    assert verdicts == ["ok", *["error"] * 4, "repaired", "warn", "bad", "bad"]
    assert (answers[5]["street"], answers[5]["house_number"]) == ("Rathausplatz", "2 a")
    assert answers[7]["code"] == "ADDRESS_NO_HOUSE_NUMBER"
    assert answers[7]["field"] == "address2"
    assert answers[7]["reason_de"] == "Die Hausnummer fehlt."
    assert answers[7]["reason_en"] == "The house number is missing."


def test_who_asks_line_by_line_is_answered_line_by_line() -> None:
    with subprocess.Popen(
        [FULFIL, "check-address"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=BARE
    ) as process:
        assert process.stdin
        assert process.stdout
        for house in ("2", ""):
            process.stdin.write(json.dumps({**GOOD, "address2": house}).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert (answer["verdict"] == "ok") == bool(house)
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with subprocess.Popen(
        [FULFIL, "check-address"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=BARE,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(GOOD).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        _, errors = process.communicate(json.dumps(GOOD).encode() + b"\n", timeout=60)
        assert errors == b""
