"""Keeps a world on disk, so that a remote system does not forget when it is restarted."""

from __future__ import annotations

import os
import time
from pathlib import Path  # noqa: TC003 - part of the public signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.frame.world import World

# A snapshot that costs less than this is written before the answer goes out: even `kill -9` loses
# nothing that a client was told. A larger world is written in pauses ten times as long as one write
# takes, and at the end: a killed process may then forget the last seconds.
CHEAP_SECONDS = 0.02
PAUSE_FACTOR = 10.0


class Snapshots:
    """One file with the last snapshot of a world. Without a path nothing is kept."""

    def __init__(self, world: World, path: Path | None) -> None:
        self._world = world
        self._path = path
        self._cost = 0.0
        self._written_at = 0.0
        self._dirty = False

    def load(self) -> bool:
        """Take over the last snapshot; False if there is none."""
        if self._path is None or not self._path.exists():
            return False
        self._world.load_snapshot(self._path.read_bytes())
        return True

    def changed(self) -> None:
        """Note a change, and write it at once if that is cheap or due."""
        self._dirty = True
        self.write_if_due()

    def write_if_due(self) -> None:
        """Write what has changed, unless the last write was dear and short ago."""
        waited = time.monotonic() - self._written_at
        if self._dirty and (self._cost < CHEAP_SECONDS or waited > self._cost * PAUSE_FACTOR):
            self.write()

    def write(self) -> None:
        """Write the world now, if anything has changed since the last time."""
        if self._path is None or not self._dirty:
            return
        started = time.monotonic()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_bytes(self._world.snapshot())
        os.replace(part, self._path)  # noqa: PTH105 - atomic on purpose
        self._dirty = False
        self._written_at = time.monotonic()
        self._cost = self._written_at - started
