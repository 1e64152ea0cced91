"""Both sandbox servers: in a process of their own, or in threads for tests."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - part of the public signature
from typing import TYPE_CHECKING

from include.sandbox.client import ControlClient
from include.sandbox.frame.serving import serve
from include.sandbox.plenty.app import create_app as create_plenty
from include.sandbox.wemalo.app import create_app as create_wemalo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where both servers are, and a control client for each."""

    plenty_url: str
    wemalo_url: str
    plenty: ControlClient
    wemalo: ControlClient


@contextlib.contextmanager
def run_sandbox(
    *,
    seed: int = 1,
    plenty_port: int = 0,
    wemalo_port: int = 0,
    host: str = "127.0.0.1",
    state_dir: Path | None = None,
    factor: float = 1.0,
) -> Iterator[Sandbox]:
    """Run both servers in threads until the block ends. Port 0 takes a free one.

    With `state_dir` both worlds survive a restart (see `frame.storage`). OSError if a port is
    taken.
    """
    apps = _apps(seed=seed, state_dir=state_dir, factor=factor)
    with contextlib.ExitStack() as stack:
        plenty_url = stack.enter_context(serve(apps[0], host=host, port=plenty_port))
        wemalo_url = stack.enter_context(serve(apps[1], host=host, port=wemalo_port))
        plenty, wemalo = ControlClient(plenty_url), ControlClient(wemalo_url)
        stack.callback(plenty.close)
        stack.callback(wemalo.close)
        yield Sandbox(plenty_url, wemalo_url, plenty, wemalo)


def _apps(*, seed: int, state_dir: Path | None, factor: float) -> tuple[FastAPI, FastAPI]:
    def state_file(name: str) -> Path | None:
        return state_dir / f"{name}.snapshot" if state_dir is not None else None

    return (
        create_plenty(seed=seed, factor=factor, state_file=state_file("plenty")),
        create_wemalo(seed=seed, factor=factor, state_file=state_file("wemalo")),
    )
