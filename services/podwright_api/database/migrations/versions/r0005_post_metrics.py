"""What platforms counted of published posts, each time that it had changed."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE post_metrics (
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- Of the resource, which may go before its numbers do; another post of the same name is another one.
    post_uid text NOT NULL,
    post text NOT NULL,
    channel text NOT NULL,
    campaign text,
    episode text,
    variant text,
    at timestamptz NOT NULL,
    likes bigint,
    reposts bigint,
    replies bigint,
    views bigint,
    PRIMARY KEY (workspace, post_uid, at)
);
-- A count stays as it was read.
GRANT SELECT, INSERT ON post_metrics TO podwright_tenant;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("ALTER TABLE post_metrics ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE post_metrics FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_workspace ON post_metrics TO podwright_tenant "
        "USING (workspace = current_setting('podwright.workspace', true))"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
