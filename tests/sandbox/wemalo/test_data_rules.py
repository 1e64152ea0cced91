"""Ids, dates and texts (wemalo contract 15.7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from include.sandbox.wemalo import dates
from tests.sandbox.wemalo.conftest import order_body, receiver

if TYPE_CHECKING:
    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

NAMES = ['Jörg "Jogi" Ößner', "O'Brien & Söhne <GmbH>", "漢字", "x" * 500, "a\\b\n\tc", "🙂"]


@pytest.mark.parametrize("name", NAMES)
def test_names_come_back_as_they_were_sent(shop: Shop, control: ControlClient, name: str) -> None:
    shop.post("/product/addMultiple", products=[{"externalId": "1093", "name": name}])
    shop.order("1", receiver=[receiver(name1=name)])
    control.act("ship", "alpha", order="1")
    row = shop.sent(addRecipient="true")[0]
    assert (row["productName"], row["recipient"]["name1"]) == (name, name)


def test_ids_are_rising_integers(shop: Shop, control: ControlClient) -> None:
    ids = [shop.post("/goodsOrder/add", **order_body(str(number)))["id"] for number in range(3)]
    assert all(isinstance(one, int) for one in ids)
    assert ids == sorted(set(ids))
    control.act("ship", "alpha")
    history = [row["historyId"] for row in shop.sent()]
    assert history == sorted(set(history))


def test_ids_in_rows_can_be_texts(shop: Shop, control: ControlClient) -> None:
    control.settings(ids_as="string")
    shop.order("1")
    control.act("ship", "alpha", order="1")
    row = shop.sent()[0]
    assert isinstance(row["historyId"], str)
    assert shop.put(f"/goodsOrder/packages/sent/{row['historyId']}")["status"] == 200


def test_dates_are_those_of_berlin_also_in_the_double_hour_of_october(
    shop: Shop, control: ControlClient
) -> None:
    shown = []
    for number, hour in enumerate(("00:30", "01:30")):
        control.clock(now=f"2026-10-25T{hour}:00+00:00")
        shop.order(str(number))
        control.act("ship", "alpha", order=str(number))
        shown.append(shop.sent()[-1]["handoverDate"])
    assert shown == ["25.10.2026 02:30:00"] * 2


def test_absent_texts_are_empty_not_null(shop: Shop, control: ControlClient) -> None:
    shop.order("1", orderNumber=None, extraInfo=None)
    control.act("pack", "alpha", order="1", parcels=[{"tracking": False}])
    control.act("hand_over", "alpha", order="1")
    for path in ("/goodsOrder/getStatus/1", "/goodsOrder/packages/sent/?addRecipient=true",
                 "/goodsOrder/packages?externalOrderId=1", "/product/get/1093",
                 "/product/bookings/flag?reason=SENT"):  # fmt: skip
        assert "null" not in shop.call("GET", path).text, path


def test_moments_are_read_as_they_are_shown() -> None:
    moment = datetime(2026, 7, 1, 10, 12, 44, tzinfo=UTC)
    assert dates.show(moment) == "01.07.2026 12:12:44"
    assert dates.read_moment("01.07.2026 12:12:44") == moment
    assert dates.read_hour("3112199923") == datetime(1999, 12, 31, 22, tzinfo=UTC)
    for bad in ("", "2026-07-01", "32.01.2026 00:00:00"):
        assert dates.read_moment(bad) is None
    assert dates.read_day("2026-13-01") is None


def test_external_ids_may_hold_spaces_and_umlauts(shop: Shop) -> None:
    shop.order("A 1/ü".replace("/", "-"))
    path = re.sub(" ", "%20", "/goodsOrder/getStatus/A 1-ü")
    assert shop.get(path)["statusName"] == "OPEN"
