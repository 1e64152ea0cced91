"""Several calls in one (contract 17)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import Reply
from include.sandbox.plenty.errors import ApiError, invalid, not_found
from include.sandbox.plenty.request import Query, Request
from include.sandbox.plenty.routing import Route, Routes, ordered

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject

MOST_CALLS = 20


def batch_routes(routes: list[Route]) -> list[Route]:
    """Return the batch routes, which run the given ones."""
    table = [
        (route, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path) + "$"))
        for route in ordered(routes)
    ]
    batch = Routes()

    @batch.add("GET", "/rest/batch", body=("payloads",))
    @batch.add("POST", "/rest/batch", body=("payloads",))
    def run_batch(request: Request) -> list[JsonObject]:
        """Run up to 20 calls in order; a failing one does not stop the rest."""
        payloads = request.required("payloads")
        if not isinstance(payloads, list) or len(payloads) > MOST_CALLS:
            raise invalid("payloads", f"At most {MOST_CALLS} calls are allowed.")
        return [_run(request, payload) for payload in payloads]

    def _run(request: Request, payload: Any) -> JsonObject:
        row = json.loads(payload) if isinstance(payload, str) else payload
        method, resource = str(row.get("method", "GET")).upper(), str(row.get("resource", ""))
        path, _, query = resource.lstrip("/").partition("?")
        try:
            content = _call(request, method, f"/{path}", query, row.get("body"))
        except ApiError as error:
            content = error.body
        # The content is JSON as text, and there is no status of its own.
        return {"resource": resource, "method": method, "content": json.dumps(content)}

    def _call(request: Request, method: str, path: str, query: str, body: Any) -> Any:
        for route, pattern in table:
            found = pattern.match(path) if route.method == method else None
            if found is not None:
                result = route.handle(
                    Request(
                        request.world,
                        request.tenant,
                        request.user,
                        found.groupdict(),
                        Query(query),
                        body,
                        request.now,
                    )
                )
                return result.body if isinstance(result, Reply) else result
        raise not_found()

    return batch.all
