"""People, tenants, keys, audit.

Tables of ``podwright_identity`` hold what signs people in; ``podwright_tenant`` has no right to them at all. Those with
a column ``workspace`` show that role the rows of its workspace only.
"""

from alembic import op

revision = "0001"
down_revision = None

IDENTITY_ONLY = """
CREATE TABLE credentials (
    person uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    password_hash text,
    totp_secret text,
    totp_confirmed_at timestamptz,
    -- The time step of the last code, so that no code counts twice.
    totp_last_step bigint NOT NULL DEFAULT 0
);
CREATE TABLE external_identities (
    provider text NOT NULL,
    subject text NOT NULL,
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    PRIMARY KEY (provider, subject)
);
CREATE TABLE recovery_codes (
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    hash text NOT NULL,
    PRIMARY KEY (person, hash)
);
CREATE TABLE mail_tokens (
    hash text PRIMARY KEY,
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    purpose text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE TABLE sign_in_failures (
    subject text PRIMARY KEY,
    failures integer NOT NULL,
    locked_until timestamptz,
    last_at timestamptz NOT NULL
);
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    agent text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_of_person ON sessions (person);
CREATE TABLE refresh_tokens (
    hash text PRIMARY KEY,
    session uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session);
-- Counters of an hour may be lost with a crash.
CREATE UNLOGGED TABLE request_counts (
    subject text NOT NULL,
    hour timestamptz NOT NULL,
    requests integer NOT NULL,
    PRIMARY KEY (subject, hour)
);
"""

SHARED = """
CREATE TABLE people (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    name text NOT NULL,
    preferences jsonb NOT NULL DEFAULT '{}',
    email_verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE workspaces (
    -- The namespace that the tenant is.
    workspace text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE memberships (
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('admin', 'creator', 'collaborator', 'viewer')),
    -- Shows that a role other than admin works on; '*' is all.
    shows text[] NOT NULL DEFAULT '{}',
    grants text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, person)
);
CREATE INDEX memberships_of_person ON memberships (person);
CREATE TABLE invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    email text NOT NULL CHECK (email = lower(email)),
    role text NOT NULL CHECK (role IN ('admin', 'creator', 'collaborator', 'viewer')),
    shows text[] NOT NULL DEFAULT '{}',
    grants text[] NOT NULL DEFAULT '{}',
    hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE service_accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'creator', 'collaborator', 'viewer')),
    shows text[] NOT NULL DEFAULT '{}',
    grants text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace, name)
);
CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    person uuid REFERENCES people ON DELETE CASCADE,
    service_account uuid REFERENCES service_accounts ON DELETE CASCADE,
    scopes text[] NOT NULL,
    -- The first characters, for people to tell keys apart.
    prefix text NOT NULL,
    hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((person IS NULL) <> (service_account IS NULL))
);
CREATE INDEX api_keys_of_person ON api_keys (person);
CREATE TABLE idempotency_keys (
    workspace text NOT NULL,
    subject text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    -- Sealed: answers hold secrets that are shown once. NULL while the request runs.
    answer text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, subject, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE TABLE audit (
    workspace text NOT NULL,
    number bigint NOT NULL,
    entry text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (workspace, number)
);
"""

#: Numbers and hashes come from the database, so that no writer can choose them; hash = sha256(previous || entry).
AUDIT_CHAIN = """
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('podwright.audit'), hashtext(NEW.workspace));
    SELECT number, hash INTO last FROM audit WHERE workspace = NEW.workspace ORDER BY number DESC LIMIT 1;
    NEW.number := coalesce(last.number, 0) + 1;
    NEW.previous := coalesce(last.hash, '');
    NEW.hash := encode(sha256(convert_to(NEW.previous || NEW.entry, 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_chain BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
"""

RIGHTS = """
GRANT SELECT, UPDATE (name) ON workspaces TO podwright_tenant;
GRANT SELECT ON people TO podwright_tenant;
GRANT SELECT, UPDATE (role, shows, grants), DELETE ON memberships TO podwright_tenant;
GRANT SELECT, INSERT, DELETE ON invitations TO podwright_tenant;
GRANT SELECT, INSERT, UPDATE (role, shows, grants), DELETE ON service_accounts TO podwright_tenant;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_keys TO podwright_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO podwright_tenant;
GRANT SELECT, INSERT ON audit TO podwright_tenant;

GRANT SELECT, INSERT, UPDATE, DELETE ON people, credentials, external_identities, recovery_codes, mail_tokens,
    sign_in_failures, sessions, refresh_tokens, request_counts TO podwright_identity;
GRANT SELECT, INSERT ON workspaces TO podwright_identity;
GRANT SELECT, INSERT ON memberships TO podwright_identity;
GRANT SELECT, UPDATE (accepted_at) ON invitations TO podwright_identity;
GRANT SELECT ON service_accounts TO podwright_identity;
GRANT SELECT, UPDATE (last_used_at) ON api_keys TO podwright_identity;
GRANT SELECT, INSERT ON audit TO podwright_identity;
"""

TENANT_TABLES = (
    "workspaces",
    "memberships",
    "invitations",
    "service_accounts",
    "api_keys",
    "idempotency_keys",
    "audit",
)
IDENTITY_TABLES = ("workspaces", "memberships", "invitations", "service_accounts", "api_keys", "people")


def upgrade() -> None:
    op.execute(SHARED)
    op.execute(IDENTITY_ONLY)
    op.execute(AUDIT_CHAIN)
    op.execute(RIGHTS)
    for table in (*TENANT_TABLES, "people"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in TENANT_TABLES:
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )
    op.execute(
        "CREATE POLICY own_colleagues ON people FOR SELECT TO podwright_tenant "
        # The memberships that this sees are those of the workspace.
        "USING (id IN (SELECT person FROM memberships))"
    )
    for table in IDENTITY_TABLES:
        op.execute(f"CREATE POLICY all_tenants ON {table} TO podwright_identity USING (true)")
    op.execute("CREATE POLICY no_workspace ON audit TO podwright_identity USING (workspace = '')")


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
