"""Find an order by what people have in hand, and keep since when a system does not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, as far as it is known, and the indexes."""
    op.add_column(
        "circuits",
        sa.Column(
            "failing_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.execute("UPDATE circuits SET failing_since = changed_at")
    op.create_index("ix_parcels_tracking_number", "parcels", ["tracking_number"])
    op.create_index("ix_parcels_parcel_id", "parcels", ["parcel_id"])
    op.create_index(
        "ix_orders_external",
        "orders",
        [sa.text("(content ->> 'external_order_id')")],
        postgresql_where=sa.text("content ->> 'external_order_id' IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_index("ix_orders_external", "orders")
    op.drop_index("ix_parcels_parcel_id", "parcels")
    op.drop_index("ix_parcels_tracking_number", "parcels")
    op.drop_column("circuits", "failing_since")
