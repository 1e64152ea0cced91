from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from include.sandbox.client import ControlClient
from include.sandbox.server import run_sandbox

ROOT = Path(__file__).parents[3]
TENANT = {
    "tenant": "alpha",
    "username": "rest",
    "password": "pw",
    "orders": [{"id": 1, "items": [{"variation": 1}], "delivery": {"town": "Köln"}}],
}


def test_both_servers_run_on_free_local_ports():
    with run_sandbox(seed=7) as sandbox:
        assert sandbox.plenty.health()["name"] == "plentymarkets"
        assert sandbox.wemalo.health()["seed"] == 7
        assert sandbox.plenty_url.startswith("http://127.0.0.1:")
        assert sandbox.plenty_url != sandbox.wemalo_url


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start(plenty: int, wemalo: int, state: Path) -> tuple[subprocess.Popen[bytes], ControlClient]:
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "--plenty-port", str(plenty),
         "--wemalo-port", str(wemalo), "--state-dir", str(state)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    control = ControlClient(f"http://127.0.0.1:{plenty}")
    deadline = time.monotonic() + 30
    while True:
        try:
            control.health()
        except requests.ConnectionError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return process, control


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_sandbox_comes_back_with_all_it_has_told_its_clients(tmp_path, number):
    ports = free_port(), free_port()
    process, control = start(*ports, tmp_path)
    try:
        control.scenario({"tenants": [TENANT]})
        fields = {"username": "rest", "password": "pw"}
        login = requests.post(f"{control.base_url}/rest/login", json=fields, timeout=5).json()
        headers = {"Authorization": f"Bearer {login['accessToken']}"}
        url = f"{control.base_url}/rest/orders/1"
        requests.put(url, json={"statusId": 5.1}, headers=headers, timeout=5)
        process.send_signal(number)
        assert process.wait(10) == (-number if number == signal.SIGKILL else 0)
        process, control = start(*ports, tmp_path)
        assert requests.get(url, headers=headers, timeout=5).json()["statusId"] == 5.1
    finally:
        process.kill()
        process.wait(10)


def test_a_taken_port_ends_the_command_with_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "include.sandbox", "--plenty-port", str(port)],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=30,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"cannot listen" in done.stderr
