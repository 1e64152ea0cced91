"""Throw-away servers for tests: own folders, own sockets, gone with the process that made them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from include.stack.postgres import THROW_AWAY, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

# The shell lives as long as its standard input: when the test process ends, however it ends, the
# pipe closes and the server is stopped.
_UNTIL_PARENT_ENDS = '"$@" < /dev/null & cat > /dev/null; kill -QUIT $!; wait $!'


@contextmanager
def throw_away_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server in a temporary folder until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="fulfilment-pg-"))
    sockets = folder / "s"
    sockets.mkdir(mode=0o700)
    server = PostgresServer(folder / "data", sockets, THROW_AWAY)
    try:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", _UNTIL_PARENT_ENDS, "sh", *server.command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        try:
            server.wait_until_ready()
            yield server
        finally:
            process.communicate()  # closes the pipe and waits
    finally:
        shutil.rmtree(folder, ignore_errors=True)
