"""Steady writes to the search index, and quick reads of its passages."""

from alembic import op

revision = "0010"
down_revision = "0009"

#: Each passage goes into the index by word at once. While an automatic VACUUM is in the list of pending rows nobody
#: shortens it, every search reads it, and the next write does all of it
#: (https://www.postgresql.org/docs/current/gin.html#GIN-FAST-UPDATE).
#:
#: A phrase is looked for in the words of every passage that has them all, so these lie in the row as they are:
#: compressed and apart, reading them took four times as long. It counts for what is written from now on.
STEADY = """
ALTER INDEX passages_by_word SET (fastupdate = off);
SELECT gin_clean_pending_list('passages_by_word');
ALTER TABLE passages SET (toast_tuple_target = 8160);
"""


def upgrade() -> None:
    op.execute(STEADY)


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
