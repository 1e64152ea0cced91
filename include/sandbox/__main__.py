"""`python -m include.sandbox`: both remote systems on this machine, until the process is ended."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from include.sandbox.server import run_sandbox


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 if a port is taken."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--plenty-port", type=int, default=8781)
    parser.add_argument("--wemalo-port", type=int, default=8782)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--factor", type=float, default=1.0, help="speed of the simulated clock")
    parser.add_argument("--state-dir", type=Path, help="keep both worlds here over a restart")
    options = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with run_sandbox(
            seed=options.seed,
            host=options.host,
            plenty_port=options.plenty_port,
            wemalo_port=options.wemalo_port,
            state_dir=options.state_dir,
            factor=options.factor,
        ) as sandbox:
            sys.stdout.write(f"plentymarkets {sandbox.plenty_url}\nwemalo {sandbox.wemalo_url}\n")
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
