"""Note which shipment a booking takes back, who confirmed a change, and what fell to zero."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LEVELS = (
    ("approved_by", sa.Text()),
    ("emptied_pieces", sa.Numeric()),
    ("emptied_at", sa.DateTime(timezone=True)),
)
_BOOKINGS = (("takes_back", sa.BigInteger()), ("approved_by", sa.Text()))
# Of one order and variation, the first booking back belongs to the first shipment of its size.
_MATCH = """
UPDATE stock_bookings AS back SET takes_back = pairs.shipment FROM (
    SELECT b.booking_id AS back, s.booking_id AS shipment FROM (
        SELECT *, row_number() OVER (
            PARTITION BY merchant, order_id, variation_id, quantity ORDER BY booking_id
        ) AS place FROM stock_bookings WHERE kind = 'shipment_back'
    ) AS b JOIN (
        SELECT *, row_number() OVER (
            PARTITION BY merchant, order_id, variation_id, quantity ORDER BY booking_id
        ) AS place FROM stock_bookings WHERE kind = 'shipment' AND state = 'done'
    ) AS s ON s.merchant = b.merchant AND s.order_id = b.order_id
        AND s.variation_id = b.variation_id AND s.quantity = -b.quantity AND s.place = b.place
) AS pairs WHERE back.booking_id = pairs.back
"""


def upgrade() -> None:
    """Add the columns; say of older bookings back which shipment they undo."""
    for table, columns in (("stock_levels", _LEVELS), ("stock_bookings", _BOOKINGS)):
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.execute(_MATCH)


def downgrade() -> None:
    """Remove what `upgrade` added."""
    for table, columns in (("stock_levels", _LEVELS), ("stock_bookings", _BOOKINGS)):
        for name, _ in columns:
            op.drop_column(table, name)
