"""Keep the number a package's call carried, and put what was in doubt under the write protocol."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

#: a call that was interrupted before this revision may take effect for as long
_SETTLES = "10 minutes"
_IN_DOUBT = """
    INSERT INTO writes
        (merchant, step, subject, token, owner, lease_until, doubt_until, doubt_since, code)
    SELECT merchant, '{step}', {subject}, nextval('write_tokens'), 'upgrade', now(),
        now() + interval '{settles}', now(), 'INTERRUPTED'
    FROM {table} WHERE {where}
    ON CONFLICT DO NOTHING
"""
#: step, subject, table, condition of what was interrupted
_INTERRUPTED = (
    ("goods_issue", "'order:' || order_id", "outbox",
     "kind = 'goods_issue' AND state = 'writing'"),
    ("document", "'document:' || order_id || ':' || kind", "documents",
     "state IN ('attaching', 'unclear')"),
    ("return", "'return:' || return_key", "returns", "state = 'creating'"),
    ("return_end", "'return:' || return_key", "returns", "state = 'booking'"),
)  # fmt: skip


def upgrade() -> None:
    """Add the column; note what was interrupted."""
    op.add_column("parcels", sa.Column("sent_number", sa.Text(), nullable=True))
    for step, subject, table, where in _INTERRUPTED:
        op.execute(
            _IN_DOUBT.format(step=step, subject=subject, table=table, where=where, settles=_SETTLES)
        )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("parcels", "sent_number")
