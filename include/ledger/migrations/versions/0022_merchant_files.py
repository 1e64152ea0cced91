"""Keep the last good version of every merchant file; let events follow a merchant's new name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0023"
branch_labels = None
depends_on = None

_REFUSE = """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {unless}
        RAISE EXCEPTION 'order_events is append only';
    END $$
"""
_RENAMED = """
        IF TG_OP = 'UPDATE' AND current_setting('fulfilment.renames', true) = 'on' THEN
            OLD.merchant = NEW.merchant;
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
"""


def upgrade() -> None:
    """Add the table, which the next task of each merchant fills, and one exception to the rule.

    Events are append only; `include.ledger.merchants.renaming` alone may change whose they are.
    """
    op.execute(_REFUSE.format(unless=_RENAMED))
    op.create_table(
        "merchant_files",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False),
        sa.Column(
            "good_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("red_for", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_merchant_files")),
    )


def downgrade() -> None:
    """Remove the table, and the exception."""
    op.execute(_REFUSE.format(unless=""))
    op.drop_table("merchant_files")
