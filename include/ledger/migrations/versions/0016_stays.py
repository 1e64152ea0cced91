"""Remember since when an order stands where it is, and who acknowledged an exception."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ACKNOWLEDGED = ("acknowledged_by", "acknowledged_note")


def upgrade() -> None:
    """Add the columns, and the trigger that keeps one of them."""
    time = sa.DateTime(timezone=True)
    op.add_column("orders", sa.Column("stands_since", time, nullable=True))
    op.execute("UPDATE orders SET stands_since = changed_at")
    op.alter_column("orders", "stands_since", nullable=False, server_default=sa.text("now()"))
    op.execute(
        """
        CREATE FUNCTION note_standing() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.stands_since = now();
            RETURN NEW;
        END $$;
        CREATE TRIGGER orders_stand BEFORE UPDATE ON orders
            FOR EACH ROW
            WHEN (OLD.state IS DISTINCT FROM NEW.state
                  OR OLD.wemalo_status IS DISTINCT FROM NEW.wemalo_status)
            EXECUTE FUNCTION note_standing();
        """
    )
    op.add_column("exceptions", sa.Column("acknowledged_at", time, nullable=True))
    for name in _ACKNOWLEDGED:
        op.add_column("exceptions", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove what `upgrade` added."""
    for name in ("acknowledged_at", *_ACKNOWLEDGED):
        op.drop_column("exceptions", name)
    op.execute("DROP TRIGGER orders_stand ON orders")
    op.execute("DROP FUNCTION note_standing()")
    op.drop_column("orders", "stands_since")
