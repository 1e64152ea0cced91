"""Runs one sandbox app on a real server in a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from include.sandbox.frame.middleware import CUT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

STARTUP_SECONDS = 20.0


@contextlib.contextmanager
def serve(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Run one app in a thread and yield its address. OSError if the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    server = uvicorn.Server(
        uvicorn.Config(
            _with_cut(app),
            http="h11",  # keeps the case of header names; the faster parser lowers them
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
    runner = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    runner.start()
    try:
        deadline = time.monotonic() + STARTUP_SECONDS
        while not server.started:
            if not runner.is_alive() or time.monotonic() > deadline:
                msg = f"the sandbox server on {host}:{port} did not start"
                raise RuntimeError(msg)
            time.sleep(0.01)
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        runner.join(timeout=10)
        listening.close()


def _with_cut(app: FastAPI) -> ASGIApp:
    """Give the frame a way to cut a connection, which ASGI itself does not have."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            cycle = getattr(send, "__self__", None)
            transport = getattr(cycle, "transport", None)
            if transport is not None:
                scope[CUT_KEY] = transport.abort
        await app(scope, receive, send)

    return wrapped
