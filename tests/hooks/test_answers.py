from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fulfilment.hooks.answers import (
    RULES,
    Finding,
    Place,
    Rule,
    error_for,
    find,
    judge,
    retry_after,
)
from fulfilment.hooks.transport import Reply, Request
from requests.structures import CaseInsensitiveDict

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ConfigError,
    ContractError,
    Forbidden,
    FulfilmentError,
    NotFound,
    OrderRejected,
    RateLimited,
    SessionLimit,
    Timeout,
    Unavailable,
)

PLACES = {
    "plenty": Place("alpha", "plenty", "plenty_alpha", "shop.example.com"),
    "wemalo": Place("alpha", "wemalo", "wemalo_alpha", "connect.example.com"),
}
REQUESTS = {
    "read": Request("GET", "/a/{id}", "/a/1"),
    "write": Request("PUT", "/a/{id}", "/a/1", kind="write"),
    "login": Request("POST", "/rest/login", "/rest/login", kind="login"),
    "create": Request("POST", "/goodsOrder/addConditional", "/goodsOrder/add", kind="write"),
}
PERSON = "Erika Beispiel"
PLENTY_ERROR = {"error": {"code": 404, "message": f"{PERSON} not found"}}
HTML = f"<html><body>{PERSON}</body></html>"
SESSIONS = {"error": "too_many_concurrent_sessions", "message": "..."}
VALIDATION = {"error": {"message": PERSON}, "validation_errors": {"statusId": [PERSON]}}


def reply(status: int, body: object, kind: str = "") -> Reply:
    if isinstance(body, str):
        raw, shape = body.encode(), kind or ("text/html" if "<" in body else "text/plain")
    else:
        raw, shape = json.dumps(body).encode(), kind or "application/json"
    headers = {"Content-Type": shape, "Location": "https://new.example.com/x?secret=1"}
    return Reply(status, CaseInsensitiveDict(headers), raw)


# One row per entry of the table that starts from an answer.
ROWS = [
    # system, call, HTTP code, body, error class, code
    ("plenty", "read", 301, "", ConfigError, "REDIRECT"),
    ("plenty", "write", 307, HTML, ConfigError, "REDIRECT"),
    ("wemalo", "read", 302, HTML, ConfigError, "REDIRECT"),
    ("plenty", "login", 429, SESSIONS, SessionLimit, "SESSION_LIMIT"),
    ("plenty", "read", 429, SESSIONS, SessionLimit, "SESSION_LIMIT"),
    ("plenty", "login", 200, SESSIONS, SessionLimit, "SESSION_LIMIT"),
    ("plenty", "read", 429, {"error": "short period read limit reached"}, RateLimited, None),
    ("plenty", "write", 429, "", RateLimited, "RATE_LIMITED"),
    ("plenty", "login", 429, HTML, RateLimited, "RATE_LIMITED"),
    ("wemalo", "write", 200, {"status": 419, "Success": False}, RateLimited, "RATE_LIMITED"),
    ("wemalo", "read", 419, {"status": 419}, RateLimited, "RATE_LIMITED"),
    ("wemalo", "read", 429, "", RateLimited, "RATE_LIMITED"),
    ("plenty", "read", 401, {"error": "unauthorized"}, AuthError, "AUTH"),
    ("plenty", "write", 401, "", AuthError, "AUTH"),
    ("plenty", "read", 401, HTML, AuthError, "AUTH"),
    ("plenty", "write", 200, {"error": "invalid_credentials"}, AuthError, "AUTH"),
    ("plenty", "login", 401, {"error": "invalid_credentials"}, AuthError, "AUTH"),
    ("plenty", "login", 200, {"error": "invalid_credentials"}, AuthError, "AUTH"),
    ("plenty", "login", 200, {"error": "something_else"}, AuthError, "AUTH"),
    ("plenty", "login", 403, {"error": "x"}, AuthError, "AUTH"),
    ("plenty", "login", 422, {"error": {"message": "x"}}, AuthError, "AUTH"),
    ("wemalo", "read", 401, "Unauthorized", AuthError, "AUTH"),
    ("wemalo", "write", 403, {"status": 403}, Forbidden, "FORBIDDEN"),
    ("wemalo", "read", 403, "<html>", ContractError, "BLOCKED"),
    ("wemalo", "write", 413, "<html>", ContractError, "BLOCKED"),
    ("plenty", "write", 406, "<html>", ContractError, "BLOCKED"),
    ("plenty", "login", 403, "<html>", AuthError, "AUTH"),
    ("wemalo", "write", 200, {"status": 401, "Success": False}, AuthError, "AUTH"),
    ("plenty", "read", 403, {"error": {"code": 403}}, Forbidden, "FORBIDDEN"),
    ("plenty", "write", 403, "", Forbidden, "FORBIDDEN"),
    ("plenty", "read", 500, "oops", Unavailable, "UNAVAILABLE"),
    ("plenty", "read", 503, HTML, Unavailable, "UNAVAILABLE"),
    ("plenty", "login", 502, "", Unavailable, "UNAVAILABLE"),
    ("plenty", "write", 504, "", AmbiguousWrite, "WRITE_FAILED"),
    ("plenty", "write", 503, HTML, AmbiguousWrite, "WRITE_FAILED"),
    ("plenty", "write", 200, {"error": {"code": 500}}, AmbiguousWrite, "WRITE_FAILED"),
    ("wemalo", "read", 200, {"status": 500, "Success": False}, Unavailable, "UNAVAILABLE"),
    ("wemalo", "write", 200, {"status": 500, "Success": False}, AmbiguousWrite, "WRITE_FAILED"),
    ("plenty", "read", 408, "", Timeout, "TIMEOUT"),
    ("plenty", "write", 408, "", AmbiguousWrite, "WRITE_TIMEOUT"),
    ("plenty", "read", 200, HTML, ContractError, "HTML"),
    ("plenty", "read", 404, HTML, ContractError, "HTML"),
    ("plenty", "write", 404, HTML, ContractError, "HTML"),
    ("plenty", "login", 200, HTML, ContractError, "HTML"),
    ("plenty", "write", 200, HTML, AmbiguousWrite, "WRITE_HTML"),
    ("wemalo", "read", 200, HTML, ContractError, "HTML"),
    ("wemalo", "write", 200, HTML, AmbiguousWrite, "WRITE_HTML"),
    ("plenty", "login", 404, {"error": "x"}, ConfigError, "NO_LOGIN_ROUTE"),
    ("plenty", "read", 404, PLENTY_ERROR, NotFound, "NOT_FOUND"),
    ("plenty", "read", 200, PLENTY_ERROR, NotFound, "NOT_FOUND"),
    ("wemalo", "read", 200, {"status": 404, "Success": False}, NotFound, "NOT_FOUND"),
    ("wemalo", "read", 404, {"message": "no route"}, ContractError, "FOREIGN"),
    ("wemalo", "read", 404, "", ContractError, "FOREIGN"),
    ("wemalo", "create", 404, "not found", ContractError, "FOREIGN"),
    ("plenty", "write", 404, PLENTY_ERROR, OrderRejected, "NOT_FOUND"),
    ("wemalo", "write", 404, {"status": 404}, OrderRejected, "NOT_FOUND"),
    ("wemalo", "create", 404, {"status": 404}, OrderRejected, "UNKNOWN_PRODUCT"),
    ("wemalo", "create", 200, {"status": 404}, OrderRejected, "UNKNOWN_PRODUCT"),
    ("wemalo", "write", 409, {"status": 409}, OrderRejected, "CONFLICT"),
    ("wemalo", "write", 200, {"status": 409}, OrderRejected, "CONFLICT"),
    ("plenty", "write", 422, VALIDATION, OrderRejected, "VALIDATION"),
    ("plenty", "write", 400, "", OrderRejected, "REJECTED"),
    ("plenty", "read", 422, VALIDATION, ContractError, "BAD_REQUEST"),
    ("plenty", "read", 100, "", ContractError, "CONTRACT"),
    ("plenty", "write", 200, VALIDATION, OrderRejected, "REJECTED"),
    ("wemalo", "write", 200, {"Success": False}, OrderRejected, "REJECTED"),
    ("wemalo", "write", 200, {"status": 201, "Success": False}, OrderRejected, "REJECTED"),
    ("wemalo", "write", 200, {"status": 201}, AmbiguousWrite, "WRITE_UNREADABLE"),
    ("wemalo", "create", 200, {"status": 999, "Success": True}, AmbiguousWrite, "WRITE_UNREADABLE"),
    ("wemalo", "write", 201, {"status": 0, "Success": True}, AmbiguousWrite, "WRITE_UNREADABLE"),
    ("wemalo", "read", 200, {"status": 302, "Success": True}, ContractError, "ERROR_IN_ANSWER"),
    ("plenty", "read", 200, VALIDATION, ContractError, "ERROR_IN_ANSWER"),
    ("wemalo", "read", 200, {"Success": False}, ContractError, "ERROR_IN_ANSWER"),
    ("plenty", "write", 200, "", AmbiguousWrite, "WRITE_EMPTY"),
    ("wemalo", "write", 200, " ", AmbiguousWrite, "WRITE_EMPTY"),
    ("plenty", "read", 200, "", ContractError, "EMPTY"),
    ("plenty", "read", 204, "", ContractError, "EMPTY"),
    ("plenty", "write", 200, '{"id": 1', AmbiguousWrite, "WRITE_UNREADABLE"),
    ("wemalo", "write", 200, [], AmbiguousWrite, "WRITE_UNREADABLE"),
    ("plenty", "read", 200, '{"entries": [', ContractError, "UNREADABLE"),
    ("wemalo", "read", 200, "fine", ContractError, "UNREADABLE"),
]


@pytest.mark.parametrize(("system", "call", "status", "body", "error", "code"), ROWS)
def test_each_bad_answer_becomes_the_error_of_the_table(
    system: str,
    call: str,
    status: int,
    body: object,
    error: type[FulfilmentError],
    code: str | None,
) -> None:
    with pytest.raises(FulfilmentError) as caught:
        judge(PLACES[system], REQUESTS[call], reply(status, body))

    assert type(caught.value) is error
    assert caught.value.code == (code or "RATE_LIMITED")
    assert caught.value.merchant == "alpha"
    assert caught.value.operator.startswith("alpha: ")


@pytest.mark.parametrize(
    ("call", "shape", "error", "code"),
    [
        ("read", "not_sent", Unavailable, "UNREACHABLE"),
        ("write", "not_sent", Unavailable, "UNREACHABLE"),
        ("login", "certificate", ConfigError, "CERTIFICATE"),
        ("read", "slow", Timeout, "TIMEOUT"),
        ("write", "slow", AmbiguousWrite, "WRITE_TIMEOUT"),
        ("read", "cut", Unavailable, "CUT"),
        ("write", "cut", AmbiguousWrite, "WRITE_CUT"),
    ],
)
def test_each_missing_answer_becomes_the_error_of_the_table(
    call: str, shape: str, error: type[FulfilmentError], code: str
) -> None:
    found = error_for(PLACES["wemalo"], REQUESTS[call], Finding(0, shape))

    assert type(found) is error
    assert found.code == code


def test_every_row_of_the_table_is_reached_by_a_row_of_these_tests() -> None:
    used: set[Rule] = set()
    for system, call, status, body, _, _ in ROWS:
        finding = find(system, reply(status, body))
        used.add(next(r for r in RULES if r.fits(system, REQUESTS[call], finding)))

    assert {r.code for r in set(RULES) - used if r.codes != range(1)} == set()


@pytest.mark.parametrize("system", ["plenty", "wemalo"])
@pytest.mark.parametrize("call", ["read", "write", "login"])
@pytest.mark.parametrize("body", ["", HTML, "text", {"error": "x", "Success": False}])
def test_the_table_has_an_answer_for_every_code(system: str, call: str, body: object) -> None:
    request = REQUESTS[call]
    for status in [*range(100, 204), *range(205, 600)]:
        finding = find(system, reply(status, body))
        assert any(rule.fits(system, request, finding) for rule in RULES), status


@pytest.mark.parametrize(("system", "call", "status", "body", "error", "code"), ROWS)
def test_no_text_quotes_the_body_or_the_query_of_a_redirect(
    system: str, call: str, status: int, body: object, error: object, code: object
) -> None:
    with pytest.raises(FulfilmentError) as caught:
        judge(PLACES[system], REQUESTS[call], reply(status, body))

    for text in (str(caught.value), caught.value.log, repr(caught.value)):
        assert PERSON not in text
        assert "secret" not in text


def test_a_redirect_names_the_host_it_leads_to() -> None:
    with pytest.raises(ConfigError, match=r"https://new\.example\.com\."):
        judge(PLACES["plenty"], REQUESTS["read"], reply(301, ""))


def test_missing_rights_are_named_and_nothing_else_that_stands_beside_them() -> None:
    rights = ["order.status.write", "permission.write", "Erika Musterfrau", "x@y.de", 7, "a" * 99]
    error = {"message": f"{PERSON} is unauthorized.", "missing_permissions": rights}
    with pytest.raises(Forbidden) as caught:
        judge(PLACES["plenty"], REQUESTS["write"], reply(403, {"error": error}))
    assert "missing: order.status.write, permission.write." in str(caught.value)
    assert caught.value.log.endswith("403 json order.status.write permission.write")
    assert not any(w in repr(caught.value) for w in (PERSON, "Erika", "x@y.de", "aaa"))


def test_a_session_limit_says_that_the_merchants_own_staff_may_hold_the_places() -> None:
    with pytest.raises(SessionLimit, match="the merchant's own staff may hold them"):
        judge(PLACES["plenty"], REQUESTS["login"], reply(429, SESSIONS))


def test_a_refused_field_is_named() -> None:
    with pytest.raises(OrderRejected, match="statusId"):
        judge(PLACES["plenty"], REQUESTS["write"], reply(422, VALIDATION))


@pytest.mark.parametrize(
    ("system", "status", "body"),
    [
        ("plenty", 200, {"id": 1}),
        ("plenty", 201, {"id": 1, "error": None}),
        ("plenty", 200, []),
        ("plenty", 200, {"error": ""}),
        ("wemalo", 200, {"Success": True, "status": 200}),
        ("wemalo", 200, {"status": "200"}),
        ("wemalo", 201, {"id": 7}),
        ("wemalo", 200, {"Success": True, "status": 201}),
        ("wemalo", 202, {"Success": True, "status": "202"}),
        ("wemalo", 201, {"Success": True, "status": 299}),
    ],
)
@pytest.mark.parametrize("call", ["read", "write"])
def test_a_good_answer_is_returned(system: str, status: int, body: object, call: str) -> None:
    assert judge(PLACES[system], REQUESTS[call], reply(status, body)) == body


def test_json_under_a_wrong_content_type_is_read() -> None:
    assert judge(PLACES["plenty"], REQUESTS["read"], reply(200, '{"id": 1}', "text/html")) == {
        "id": 1
    }


def test_no_content_is_a_yes_to_a_write() -> None:
    assert judge(PLACES["plenty"], REQUESTS["write"], reply(204, "")) is None


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert retry_after("plenty", {"Retry-After": "17"}) == 17
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    assert 95 < retry_after("plenty", {"Retry-After": later}) <= 100
    assert retry_after("plenty", {"X-Plenty-Global-Short-Period-Decay": "12"}) == 12
    assert retry_after("plenty", {"Retry-After": "soon"}) == 70
    assert retry_after("wemalo", {}) == 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "9" * 5000}, 70),
        ({"Retry-After": "²"}, 70),
        ({"Retry-After": "1e400"}, 70),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400),
        ({"Retry-After": "Fri, 31 Dec 2026 23:59:59 +9999999999"}, 70),
        ({"X-Plenty-Global-Short-Period-Decay": "9" * 18}, 70),
    ],
)
def test_a_waiting_time_beyond_all_sense_is_not_waited_for(
    headers: dict[str, str], seconds: float
) -> None:
    assert retry_after("plenty", headers) == seconds


HOSTILE_ANSWERS = [
    {"error": PERSON.partition(" ")[2]},
    {"error": PERSON},
    {"error": {"code": 422, "message": PERSON, "name": PERSON}},
    {"error": {"code": PERSON}},
    {"error": {"message": "x", "missing_permissions": [PERSON, "erika.beispiel", "beispiel.read"]}},
    {"error": "validation_error", "validation_errors": {"Beispiel": [PERSON]}},
    {"error": {}, "validation_errors": {"orderItems.0.Beispiel": [PERSON], "statusId": [PERSON]}},
    {"error": {}, "validation_errors": {"addresses.Beispiel.town": [PERSON]}},
    {"error": {}, "validation_errors": [PERSON]},
    {"status": PERSON, "Success": False, "message": PERSON, "error": "Beispiel"},
    {"status": 422, "Success": False, "error": "Beispiel", "message": PERSON},
    [PERSON],
    PERSON,
]


@pytest.mark.parametrize("system", ["plenty", "wemalo"])
@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("location", ["https://Beispiel:geheim@new.example.com:444/Erika?Beispiel",
                                      "//Beispiel@x", "https://[Beispiel", "Beispiel:Erika",
                                      "https://Erika Beispiel/"])  # fmt: skip
def test_nothing_that_a_system_writes_by_itself_reaches_a_text_or_the_log(
    system: str, status: int, location: str, caplog: pytest.LogCaptureFixture
) -> None:
    texts = []
    for call in ("read", "write", "login"):
        for body in HOSTILE_ANSWERS:
            answer = reply(status, body)
            answer.headers["Location"] = location  # type: ignore[index]
            try:
                judge(PLACES[system], REQUESTS[call], answer)
            except FulfilmentError as error:
                texts.append("".join(traceback.format_exception(error)) + error.log + repr(error))
    assert status == 200 or texts
    for text in [*texts, caplog.text]:
        assert not any(word in text for word in ("Erika", "Beispiel", "beispiel", "geheim"))


def test_a_redirect_keeps_its_port_and_loses_its_login() -> None:
    answer = reply(301, "")
    answer.headers["Location"] = "https://user:secret@new.example.com:8443/x"  # type: ignore[index]
    with pytest.raises(ConfigError, match=r"to https://new\.example\.com:8443\."):
        judge(PLACES["plenty"], REQUESTS["read"], answer)


def test_what_cannot_be_stored_is_replaced_and_counted_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = '{"name": "a\\u0000b", "id": NaN, "weight": 1e9999}'

    found = judge(PLACES["plenty"], REQUESTS["read"], reply(200, body))

    assert found == {"name": "a\ufffdb", "id": "\ufffd", "weight": "\ufffd"}
    assert "call=GET /a/{id} values=3" in caplog.text
