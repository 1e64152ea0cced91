"""Remember until when a status may still land, and what was being written stays in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; take statuses and notes that were being written over as writes in doubt."""
    op.add_column("outbox", sa.Column("may_land_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        INSERT INTO writes (merchant, step, subject, token, owner, lease_until, doubt_until,
                            doubt_since)
        SELECT merchant, kind, concat(kind, ':', order_id, ':', outbox_id),
               nextval('write_tokens'), 'upgrade', now(), now() + interval '10 minutes', now()
        FROM outbox WHERE state = 'writing' AND kind IN ('status', 'note')
        ON CONFLICT DO NOTHING
        """
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("outbox", "may_land_until")
