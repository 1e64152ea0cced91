"""Keep by which of its carrier's products a parcel went: letters have no tracking number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "parcels", sa.Column("service", sa.Text(), server_default=sa.text("''"), nullable=False)
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("parcels", "service")
