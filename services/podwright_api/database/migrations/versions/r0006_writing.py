"""Documents that a model writes: what is to be written, how each version was made, and templates."""

from alembic import op

revision = "0006"
down_revision = "0005"

DOCUMENTS = """
-- Of a document that is only being written there is no version yet: its number is 0.
ALTER TABLE content DROP CONSTRAINT content_state_check;
ALTER TABLE content ADD CONSTRAINT content_state_check
    CHECK (state IN ('draft', 'approved', 'rejected', 'generating', 'failed'));
CREATE INDEX content_changed ON content (workspace, updated_at);
-- How a model wrote the version; NULL: a person did.
ALTER TABLE content_versions ADD COLUMN made jsonb;
CREATE TABLE content_tasks (
    content uuid PRIMARY KEY REFERENCES content ON DELETE CASCADE,
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- Version that was there when it was asked for; another one is not written over.
    over integer NOT NULL,
    asked jsonb NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- Why it was not written; NULL: it is to be.
    failed text,
    tries integer NOT NULL DEFAULT 0,
    -- Not before this moment; while somebody writes, when that counts as lost.
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Of whoever writes; a text counts for the one who holds it.
    claim uuid
);
CREATE INDEX content_tasks_due ON content_tasks (workspace, due_at) WHERE failed IS NULL;
GRANT SELECT, INSERT, UPDATE (over, asked, asked_by, asked_at, failed, tries, due_at, claim), DELETE
    ON content_tasks TO podwright_tenant;
-- Which workspaces have something to do, and nothing of what it is.
GRANT SELECT (workspace, failed, due_at) ON content_tasks TO podwright_identity;
"""

TEMPLATES = """
CREATE TABLE content_templates (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    -- NULL: of the whole workspace.
    show text,
    body text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    written_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace, name)
);
GRANT SELECT, INSERT, UPDATE (name, show, body, version, written_by, updated_at), DELETE
    ON content_templates TO podwright_tenant;
"""


def upgrade() -> None:
    op.execute(DOCUMENTS)
    op.execute(TEMPLATES)
    for table in ("content_tasks", "content_templates"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )
    op.execute("CREATE POLICY all_tenants ON content_tasks FOR SELECT TO podwright_identity USING (true)")


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
