from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event, text

from include.core.merchants.merchant_facts import Kept, SystemKey, key_of
from include.core.orders.plenty_order import parse_order
from include.core.orders.states import State
from include.core.systems.errors import ConfigError
from include.ledger.engine import ledger_engine
from include.ledger.merchants import merchant_facts, retention
from include.ledger.orders import batches, orders
from include.ledger.orders.journal import Journal
from tests.core.builders import COUNTRIES, order_json

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = key_of("https://w.example.com/v1", "token")
A, B = key_of("https://a.example.com"), key_of("https://b.example.com")


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def facts(plenty: SystemKey = A, wemalo: SystemKey = CLIENT, version: str = "1") -> Kept:
    return Kept(version, {"plenty.warehouse_id": 3}, plenty, wemalo)


def meet(engine: Engine, merchant: str, now: Kept) -> list[Kept]:
    with engine.begin() as connection:
        return merchant_facts.meet(connection, merchant, now)


def put(engine: Engine, merchant: str, version: str | None, *ids: int) -> None:
    journal = Journal(merchant, "test", "run-1", 1)
    order = parse_order(order_json(), COUNTRIES)
    with engine.begin() as connection:
        batch = batches.open_batch(connection, merchant, "run-1", (None, None))
        fetched = [replace(order, order_id=order_id) for order_id in ids]
        orders.put_fetched(connection, journal, batch, fetched, facts=version)


def set_state(engine: Engine, merchant: str, state: State) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE orders SET state = :s WHERE merchant = :m"), {"s": state, "m": merchant}
        )


def away(engine: Engine, merchant: str, days: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE merchant_facts SET last_seen_at = now() - make_interval(days => :d) "
                "WHERE merchant = :m"
            ),
            {"d": days, "m": merchant},
        )


def test_facts_that_are_known_cost_one_statement(engine: Engine) -> None:
    meet(engine, "alpha", facts())
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert meet(engine, "alpha", facts()) == [facts()]
    assert len(seen) == 1


def test_a_merchant_is_told_of_all_facts_it_ever_went_by(engine: Engine) -> None:
    meet(engine, "alpha", facts())
    assert meet(engine, "alpha", facts(version="2")) == [facts(), facts(version="2")]
    assert meet(engine, "beta", facts(A, key_of("w2", "t"))) == [facts(A, key_of("w2", "t"))]


def test_a_second_system_in_a_wemalo_client_is_refused_with_both_names_and_leaves_no_trace(
    engine: Engine,
) -> None:
    meet(engine, "alpha", facts())
    for _ in range(2):  # nor the second time
        with pytest.raises(ConfigError) as caught:
            meet(engine, "gamma", facts(B))
        assert caught.value.code == "SAME_CLIENT"
        assert "The merchants gamma and alpha work with the same wemalo client" in str(caught.value)
        assert "own client into the connection that its file names" in caught.value.operator
        assert "token" not in caught.value.operator.replace("URL and token", "").replace(
            "the token of", ""
        )
    assert meet(engine, "alpha", facts()) == [facts()]


def test_of_two_that_come_to_a_client_at_once_one_is_refused(engine: Engine) -> None:
    def come(one: tuple[str, SystemKey]) -> str:
        try:
            meet(engine, one[0], facts(one[1]))
        except ConfigError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(come, [("alpha", A), ("gamma", B)])) == ["SAME_CLIENT", "in"]


@pytest.mark.parametrize(
    "other",
    [
        facts(A),  # a rename, or another warehouse of one system
        facts(B, key_of("https://w.example.com/v1", "another")),
        facts(B, key_of("https://w2.example.com/v1", "token")),
        facts(B, key_of("https://w.example.com/v1")),  # without a token nothing is called
    ],
)
def test_what_does_not_take_an_order_s_place_is_no_fault(engine: Engine, other: Kept) -> None:
    meet(engine, "alpha", facts(A))
    assert meet(engine, "gamma", other) == [other]


def test_a_merchant_may_change_its_own_system(engine: Engine) -> None:
    meet(engine, "alpha", facts(A))
    assert facts(B, version="2") in meet(engine, "alpha", facts(B, version="2"))


def test_a_client_is_free_once_its_merchant_is_gone_and_has_no_order_there(engine: Engine) -> None:
    meet(engine, "alpha", facts(A))
    put(engine, "alpha", "1", 1, 2)
    set_state(engine, "alpha", State.ACCEPTED)
    away(engine, "alpha", 8)
    with pytest.raises(ConfigError, match=r"\(2 now\)"):
        meet(engine, "gamma", facts(B))
    set_state(engine, "alpha", State.SHIPPED)
    away(engine, "alpha", 6)
    with pytest.raises(ConfigError, match="SAME_CLIENT"):
        meet(engine, "gamma", facts(B))
    away(engine, "alpha", 8)
    assert meet(engine, "gamma", facts(B)) == [facts(B)]
    # and now it is gamma's: who comes back is the second
    with pytest.raises(ConfigError, match="gamma was there first"):
        meet(engine, "alpha", facts(A))


def test_a_renewed_token_is_the_old_client_s_for_all_facts_of_its_merchant(engine: Engine) -> None:
    meet(engine, "alpha", facts())
    meet(engine, "alpha", facts(version="2"))
    renewed = key_of("https://w.example.com/v1", "renewed")
    found = meet(engine, "alpha", facts(A, renewed, "2"))
    assert {one.wemalo for one in found} == {renewed}
    # and another merchant meets the new one
    with pytest.raises(ConfigError, match="SAME_CLIENT"):
        meet(engine, "gamma", facts(B, renewed))


def test_orders_from_before_facts_were_kept_go_by_the_first_ones(engine: Engine) -> None:
    put(engine, "alpha", None, 1)
    meet(engine, "alpha", facts(version="1"))
    put(engine, "alpha", None, 2)
    meet(engine, "alpha", facts(version="2"))
    with engine.begin() as connection:
        assert merchant_facts.version_of(connection, "alpha", 1) == "1"
        assert merchant_facts.version_of(connection, "alpha", 2) is None


def test_an_order_takes_new_facts_when_it_is_fetched_again_and_only_then(engine: Engine) -> None:
    put(engine, "alpha", "1", 1)
    put(engine, "alpha", None, 1)
    with engine.begin() as connection:
        assert merchant_facts.version_of(connection, "alpha", 1) == "1"
    set_state(engine, "alpha", State.ACCEPTED)
    put(engine, "alpha", "2", 1)
    with engine.begin() as connection:
        assert merchant_facts.version_of(connection, "alpha", 1) == "1"
    set_state(engine, "alpha", State.CANCELLED)
    put(engine, "alpha", "2", 1)
    with engine.begin() as connection:
        assert merchant_facts.version_of(connection, "alpha", 1) == "2"


def test_orders_under_way_are_counted_by_their_facts(engine: Engine) -> None:
    put(engine, "alpha", "1", 1, 2)
    put(engine, "alpha", "2", 3)
    put(engine, "beta", "1", 4)
    with engine.begin() as connection:
        assert merchant_facts.under_way(connection, "alpha", ["1", "2"]) == {"1": 2, "2": 1}
        assert merchant_facts.under_way(connection, "alpha", ["2"]) == {"2": 1}
        assert list(merchant_facts.orders_of(connection, "alpha", ["1"])) == [1, 2]
        assert not merchant_facts.orders_of(connection, "alpha", [], at_warehouse=["1"])
    set_state(engine, "alpha", State.SHIPPED)
    with engine.begin() as connection:
        assert merchant_facts.under_way(connection, "alpha", ["1", "2"]) == {}
        assert merchant_facts.not_ended(connection, "alpha", ["1", "2"]) == []
    set_state(engine, "alpha", State.ACCEPTED)
    with engine.begin() as connection:
        assert merchant_facts.not_ended(connection, "alpha", ["1"]) == ["1"]
        assert list(merchant_facts.orders_of(connection, "alpha", [], at_warehouse=["1"])) == [1, 2]


def test_facts_that_nobody_goes_by_any_more_are_forgotten_after_their_time(engine: Engine) -> None:
    meet(engine, "alpha", facts(version="1"))
    meet(engine, "alpha", facts(version="2"))
    put(engine, "alpha", "2", 1)
    away(engine, "alpha", 40)
    with engine.begin() as connection:
        retention.drop_paperwork(connection, "alpha", 30)
    assert meet(engine, "alpha", facts(version="3")) == [
        facts(version="2"), facts(version="3")
    ]  # fmt: skip
