"""A small HTTP server that answers as badly as it is told to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}


@dataclass
class Seen:
    method: str
    path: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any

    def param(self, name: str) -> str:
        return dict(self.params).get(name, "")


@dataclass
class Bad:
    """An answer: a body as JSON, text or bytes; or a connection that is cut, or one that drips."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    cut: str = ""  # "before" any answer, or "inside" the body
    drip_s: float = 0.0  # pause between the bytes


class Hostile:
    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen], Any] = lambda seen: Bad({}, 404)
        self.lock = threading.Lock()

    def paths(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hostile: Hostile

    def log_message(self, *args: object) -> None:
        del args

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(
            self.command,
            parts.path,
            parse_qsl(parts.query, keep_blank_values=True),
            dict(self.headers),
            json.loads(raw) if raw else None,
        )
        with self.hostile.lock:
            self.hostile.seen.append(seen)
            answer = self.hostile.answer(seen)
        if not isinstance(answer, Bad):
            answer = Bad(answer)
        self._send(answer)

    def _send(self, answer: Bad) -> None:
        if answer.cut == "before":
            self.close_connection = True
            return
        body = answer.body
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.cut == "inside":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        if not answer.drip_s:
            self.wfile.write(body)
            return
        try:
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                self.wfile.flush()
                time.sleep(answer.drip_s)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a dripping answer must not hold the test

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address


@contextmanager
def hostile_server() -> Iterator[Hostile]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    hostile = Hostile(f"http://127.0.0.1:{server.server_port}")
    handler.hostile = hostile
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
