"""The housekeeping DAG: there, on without anybody's doing, and it does what it says."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from fulfilment.flow.merchants.housekeeping import remove_old_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_old_logs_and_empty_folders_go_and_everything_else_stays(tmp_path: Path) -> None:
    old, fresh = tmp_path / "dag=a" / "run=1", tmp_path / "dag=b"
    for file in (old / "1.log", fresh / "1.log", fresh / "2.log", tmp_path / "notes.txt"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    long_ago = time.time() - 31 * 24 * 3600
    for path in (old / "1.log", fresh / "1.log", tmp_path / "notes.txt"):
        os.utime(path, (long_ago, long_ago))
    assert remove_old_files(tmp_path, 30) == 2
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"dag=b/2.log", "notes.txt"}
    os.utime(old, (long_ago, long_ago))
    assert remove_old_files(tmp_path, 30) == 0
    assert not old.exists()


def test_the_dag_is_on_from_the_start_and_its_task_tidies_the_ledger(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.configuration import conf

    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    assert conf.get("logging", "base_log_folder") == str(tmp_path)
    from dags.housekeeping import dag

    assert dag.dag_id == "fulfilment_housekeeping"
    assert dag.is_paused_upon_creation is False
    assert dag.catchup is False
    (task,) = dag.tasks
    task.log_days = "30"

    class Run:
        run_id = "manual"

    assert task.execute({"dag_run": Run()}) == {
        "merchants": 0,
        "addresses": 0,
        "paperwork": 0,
        "months": 0,
        "log_files": 0,
    }
