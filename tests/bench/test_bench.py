"""The frame of `make bench`: what it prints, and that every registered benchmark can be found."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from include.bench import registry
from include.bench.__main__ import app
from include.bench.process import fresh
from include.bench.rows import Row, table


def test_one_table_shows_the_figures_of_all_benchmarks() -> None:
    lines = list(
        table(
            {
                "rules": [
                    Row("import", 4.5678, "CPU s"),
                    Row("10,000 orders", 1.5, "CPU s", 2, "GX"),
                ],
                "dags": [Row("parse", 12345.6, "ms", 0.5, "dag-factory")],
            }
        )
    )
    assert lines[0].split() == ["benchmark", "figure", "value", "unit", "ratio", "against"]
    assert lines[1].split() == ["rules", "import", "4.57", "CPU", "s"]
    assert lines[2].split() == ["10,000", "orders", "1.5", "CPU", "s", "2.00", "GX"]
    assert lines[3].split() == ["dags", "parse", "12,346", "ms", "0.50", "dag-factory"]


def test_every_registered_benchmark_can_be_loaded() -> None:
    assert all(callable(registry.benchmark(name)) for name in registry.BENCHMARKS)


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    result = CliRunner().invoke(app, ["rulez"])
    assert result.exit_code == 2
    assert "No such benchmark: rulez" in result.output
    assert "rules" in result.output


def test_a_benchmark_that_cannot_run_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fake(name: str) -> object:
        def run(*, quick: bool) -> list[Row]:
            if name == "broken":
                raise ValueError("no server")
            return [Row("figure", 1, "s")]

        return run

    monkeypatch.setitem(registry.BENCHMARKS, "broken", "")
    monkeypatch.setattr("include.bench.__main__.benchmark", fake)
    result = CliRunner().invoke(app, ["broken", "rules"])
    assert result.exit_code == 1
    assert "broken could not run: ValueError: no server" in result.output
    assert "figure" in result.output


def test_a_measured_function_runs_in_a_process_of_its_own() -> None:
    cost = fresh(os.getpid)
    assert cost.value != os.getpid()
    assert 0 < cost.peak_mb < 400
