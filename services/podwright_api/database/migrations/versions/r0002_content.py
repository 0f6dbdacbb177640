"""Documents that people write: articles, newsletters, notes; each version is kept."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE content (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- Names of resources, which may go before the document does.
    show text,
    episode text,
    type text NOT NULL,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'rejected')),
    decided_by text,
    note text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX content_of_workspace ON content (workspace, id);
CREATE TABLE content_versions (
    workspace text NOT NULL,
    content uuid NOT NULL REFERENCES content ON DELETE CASCADE,
    version integer NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    settings jsonb NOT NULL,
    written_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (content, version)
);
GRANT SELECT, INSERT, UPDATE (show, episode, type, title, state, decided_by, note, version, updated_at), DELETE
    ON content TO podwright_tenant;
-- A version stays as it was written.
GRANT SELECT, INSERT ON content_versions TO podwright_tenant;
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("content", "content_versions"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
