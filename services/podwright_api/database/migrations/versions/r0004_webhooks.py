"""Events, what goes out because of them (webhooks, notifications), and sign-ins with OpenID Connect under way."""

from alembic import op

revision = "0004"
down_revision = "0003"

EVENTS = """
-- Kinds of a workspace whose states are recorded; what was there before they were is no event.
CREATE TABLE event_kinds (
    workspace text NOT NULL,
    kind text NOT NULL,
    PRIMARY KEY (workspace, kind)
);
-- The state of each object that was recorded last, with the version of the object that had it.
CREATE TABLE resource_states (
    workspace text NOT NULL,
    uid text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (workspace, uid)
);
CREATE TABLE events (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    type text NOT NULL,
    show text,
    -- What goes out, byte by byte.
    document text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_by_age ON events (workspace, created_at);
GRANT SELECT, INSERT ON event_kinds TO podwright_tenant;
GRANT SELECT, INSERT, UPDATE (state, version), DELETE ON resource_states TO podwright_tenant;
GRANT SELECT, INSERT, DELETE ON events TO podwright_tenant;
"""

WEBHOOKS = """
CREATE TABLE webhooks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    url text NOT NULL,
    description text NOT NULL DEFAULT '',
    -- Types of events; '*' is all.
    events text[] NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    -- Sealed; the previous one signs as well until its time is over.
    secret text NOT NULL,
    previous_secret text,
    previous_until timestamptz,
    failing_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhooks_of_workspace ON webhooks (workspace);
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL,
    webhook uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    -- Attempts since it was queued or replayed.
    tries integer NOT NULL DEFAULT 0,
    -- The last attempts: when, the status, a message, milliseconds.
    attempts jsonb NOT NULL DEFAULT '[]',
    -- Not before this moment; while an attempt runs, when it counts as lost.
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Of the attempt that runs; an outcome counts for the attempt that holds it.
    claim uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (webhook, event)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (webhook, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event);
GRANT SELECT, INSERT, DELETE,
    UPDATE (url, description, events, state, secret, previous_secret, previous_until, failing_since)
    ON webhooks TO podwright_tenant;
GRANT SELECT, INSERT, UPDATE (state, tries, attempts, due_at, claim), DELETE ON webhook_deliveries TO podwright_tenant;
-- Which workspaces have something to do, and nothing of what it is.
GRANT SELECT (id, workspace, state) ON webhooks TO podwright_identity;
GRANT SELECT (workspace, webhook, state, due_at) ON webhook_deliveries TO podwright_identity;
"""

NOTIFICATIONS = """
CREATE TABLE notifications (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL,
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    event uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    read_at timestamptz,
    -- When it is to be mailed; NULL: not (any more).
    mail_due_at timestamptz,
    mail_tries integer NOT NULL DEFAULT 0,
    -- When somebody last set out to mail it.
    mail_claimed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (person, event)
);
CREATE INDEX notifications_listed ON notifications (workspace, person, created_at DESC, id DESC);
CREATE INDEX notifications_of_event ON notifications (event);
CREATE INDEX notifications_due ON notifications (mail_due_at) WHERE mail_due_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (read_at, mail_due_at, mail_tries, mail_claimed_at), DELETE
    ON notifications TO podwright_tenant;
GRANT SELECT (workspace, mail_due_at) ON notifications TO podwright_identity;
"""

#: Only the identity role has rights to them.
SIGN_INS = """
CREATE TABLE oidc_requests (
    -- Of the state that goes to the provider and comes back once.
    hash text PRIMARY KEY,
    provider text NOT NULL,
    -- Sealed: nonce and PKCE verifier.
    secrets text NOT NULL,
    challenge text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE TABLE oidc_results (
    -- Of the code that the console exchanges once.
    hash text PRIMARY KEY,
    provider text NOT NULL,
    subject text NOT NULL,
    -- NULL: the provider does not vouch for one.
    email text,
    name text NOT NULL,
    challenge text NOT NULL,
    expires_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON oidc_requests, oidc_results TO podwright_identity;
"""

TENANT_TABLES = ("event_kinds", "resource_states", "events", "webhooks", "webhook_deliveries", "notifications")


def upgrade() -> None:
    for statements in (EVENTS, WEBHOOKS, NOTIFICATIONS, SIGN_INS):
        op.execute(statements)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )
    for table in ("webhooks", "webhook_deliveries", "notifications"):
        op.execute(f"CREATE POLICY all_tenants ON {table} FOR SELECT TO podwright_identity USING (true)")


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
