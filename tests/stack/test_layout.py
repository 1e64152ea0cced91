from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from include.core.systems.errors import ConfigError
from include.stack import airflow_env, control, reaper
from include.stack.layout import Layout, Ports
from include.stack.supervision import Program, configuration


def test_short_plain_paths_keep_their_sockets_in_the_state_folder() -> None:
    assert Layout(Path("/srv/x/.state")).sockets == Path("/srv/x/.state/run")


@pytest.mark.parametrize("name", ["long" * 30, "with space", "per%cent"])
def test_long_and_unusual_paths_get_a_short_folder_of_their_own(tmp_path: Path, name: str) -> None:
    layout = Layout(tmp_path / name)
    assert layout.sockets.parent == Path("/tmp")
    assert layout.sockets != Layout(tmp_path / f"{name}2").sockets
    layout.prepare()
    try:
        assert layout.sockets.stat().st_mode & 0o777 == 0o700
        assert len(str(layout.sockets / ".s.PGSQL.5432.lock")) < 108
    finally:
        layout.sockets.rmdir()


def test_a_sockets_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / ("long" * 30))
    layout.sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(ConfigError, match="belongs to another user"):
            layout.prepare()
    finally:
        layout.sockets.unlink()


def test_secrets_are_generated_once_and_differ_between_stacks(tmp_path: Path) -> None:
    stacks = [Layout(tmp_path / name) for name in ("a", "b")]
    for layout in stacks:
        layout.prepare()
    first, second = (layout.secrets() for layout in stacks)
    assert stacks[0].secrets() == first
    assert not set(vars(first).values()) - {"admin"} & set(vars(second).values())


def test_a_given_setting_of_airflow_wins_and_another_airflows_home_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "state")
    layout.prepare()
    monkeypatch.setenv("AIRFLOW_HOME", "/somewhere/else")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "3")
    monkeypatch.delenv("AIRFLOW__CORE__DAGS_FOLDER")
    variables = airflow_env.environment(layout, Ports(ui=1234))
    assert variables["AIRFLOW__CORE__PARALLELISM"] == "3"
    assert variables["AIRFLOW_HOME"] == str(layout.airflow_home)
    assert variables["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:1234"
    assert variables["AIRFLOW__CORE__LOAD_EXAMPLES"] == "false"


def test_no_secret_is_in_the_supervisors_configuration(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "50% off")
    layout.prepare()
    try:
        command = ["/bin/echo", str(layout.state)]
        text = configuration(layout, [Program("one", command, layout.state)])
        for name, secret in vars(layout.secrets()).items():
            assert name == "user" or secret not in text
        assert "50%% off" in text
    finally:
        layout.sockets.rmdir()


def test_a_full_disk_is_named_before_anything_is_started(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    control.check_disk(layout, least=1)
    with pytest.raises(ConfigError, match=r"GB are free on the disk of .*FULFILMENT_STATE"):
        control.check_disk(layout, least=10**18)


def test_only_old_task_logs_are_removed(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("old.log", "new.log", "old.txt"))
    for file in (old, new, other):
        file.touch()
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    os.utime(other, (long_ago, long_ago))
    assert reaper.remove_old_logs(tmp_path) == 1
    assert {file.name for file in tmp_path.iterdir()} == {"new.log", "old.txt"}


def ancestors(process: psutil.Process) -> set[int]:
    """Return the process ids above this one; looks again where one ends meanwhile."""
    while True:
        with suppress(psutil.NoSuchProcess):
            return {parent.pid for parent in process.parents()}


def test_the_reaper_ends_orphans_of_its_session_and_nobody_else() -> None:
    # The leader stands for supervisord: one child that stays, one whose parent ends at once.
    script = "sleep 300 & echo $!; (sleep 301 & echo $!); cat"
    leader = subprocess.Popen(
        ["/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert leader.stdout is not None
    child, orphan = (psutil.Process(int(leader.stdout.readline())) for _ in range(2))
    try:
        deadline = time.monotonic() + 10
        while leader.pid in ancestors(orphan):
            assert time.monotonic() < deadline
        assert reaper.reap(leader.pid) == [orphan.pid]
        assert child.is_running()
        assert leader.poll() is None
    finally:
        child.kill()
        leader.communicate()
