"""Products in the ledger: what wemalo was told of each variation, or why it was not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.slices import slices
from include.ledger.tables import products

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

    from include.core.products.wemalo_products import Product

#: so many products are kept by one statement
CHUNK = 500


def keep(connection: Connection, merchant: str, found: Sequence[Product]) -> int:
    """Keep what is to be told; return how many products are new or changed."""
    return sum(_keep(connection, merchant, some) for some in slices(found, CHUNK))


def _keep(connection: Connection, merchant: str, found: Sequence[Product]) -> int:
    statement = insert(products).values(
        [
            {
                "merchant": merchant,
                "variation_id": product.variation_id,
                "item_id": product.item_id,
                "sku": product.sku,
                "wanted_hash": product.digest,
                "body": product.body,
                "state": "invalid" if product.problem else "due",
                "problem": _json(product),
            }
            for product in found
        ]
    )
    new = statement.excluded
    rows = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "variation_id"],
            set_={
                **{name: new[name] for name in ("item_id", "sku", "wanted_hash", "body")},
                # changed there and back again: wemalo has it already
                "state": case(
                    (
                        (new.state == "due") & (products.c.sent_hash == new.wanted_hash),
                        "sent",
                    ),
                    else_=new.state,
                ),
                "problem": new.problem,
                "changed_at": func.now(),
            },
            where=or_(products.c.wanted_hash != new.wanted_hash, products.c.state == "refused"),
        ).returning(products.c.variation_id)
    )
    return len(rows.all())


def _json(product: Product) -> dict[str, str] | None:
    problem = product.problem
    if problem is None:
        return None
    return {"code": problem.code, "field": problem.field, "de": problem.de, "en": problem.en}


def known(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those of ``ids`` that the ledger holds."""
    if not ids:
        return set()
    return set(
        connection.execute(
            select(products.c.variation_id).where(
                products.c.merchant == merchant, products.c.variation_id.in_(list(ids))
            )
        ).scalars()
    )


def by_sku(connection: Connection, merchant: str, skus: Collection[str]) -> dict[str, int]:
    """Return the variation of each SKU that wemalo was told of."""
    if not skus:
        return {}
    rows = connection.execute(
        select(products.c.sku, products.c.variation_id).where(
            products.c.merchant == merchant, products.c.sku.in_(list(skus))
        )
    )
    return {row.sku: row.variation_id for row in rows}


def in_state(connection: Connection, merchant: str, *states: str) -> Sequence[Row[Any]]:
    """Return products in one of ``states`` by variation id."""
    return connection.execute(
        select(products)
        .where(products.c.merchant == merchant, products.c.state.in_(states))
        .order_by(products.c.variation_id)
    ).all()


def forget(connection: Connection, merchant: str, ids: Collection[int]) -> None:
    """Remove products that are not to be told of any more."""
    if ids:
        connection.execute(
            delete(products).where(
                products.c.merchant == merchant, products.c.variation_id.in_(list(ids))
            )
        )


def sent(connection: Connection, merchant: str, rows: Sequence[Row[Any]]) -> None:
    """Remember that wemalo has these, unless they changed meanwhile."""
    for row in rows:
        connection.execute(
            update(products)
            .where(
                products.c.merchant == merchant,
                products.c.variation_id == row.variation_id,
                products.c.wanted_hash == row.wanted_hash,
            )
            .values(state="sent", sent_hash=row.wanted_hash, sent_at=func.now(), problem=None)
        )


def tell_again(
    connection: Connection, merchant: str, rows: Sequence[Row[Any]], settle_s: float
) -> None:
    """Note that a call about these may land until ``settle_s`` seconds from now."""
    for row in rows:
        same = func.coalesce(products.c.again_hash, row.wanted_hash) == row.wanted_hash
        connection.execute(
            update(products)
            .where(products.c.merchant == merchant, products.c.variation_id == row.variation_id)
            .values(
                again_at=func.clock_timestamp() + timedelta(seconds=settle_s),
                again_hash=case((same, row.wanted_hash), else_=""),  # "": one and another
            )
        )


def due_again(connection: Connection, merchant: str) -> None:
    """Make products due that a call of unknown outcome may have undone, once it cannot land.

    One that was told the same since is as it should be, whenever that call landed.
    """
    undone = (products.c.state == "sent") & (products.c.sent_hash != products.c.again_hash)
    connection.execute(
        update(products)
        .where(products.c.merchant == merchant, products.c.again_at <= func.clock_timestamp())
        .values(
            again_at=None,
            again_hash=None,
            state=case((undone, "due"), else_=products.c.state),
            sent_hash=case((undone, None), else_=products.c.sent_hash),
        )
    )


def refused(connection: Connection, merchant: str, row: Row[Any], problem: dict[str, str]) -> None:
    """Remember that wemalo does not take a product, and why."""
    connection.execute(
        update(products)
        .where(products.c.merchant == merchant, products.c.variation_id == row.variation_id)
        .values(state="refused", problem=problem)
    )
