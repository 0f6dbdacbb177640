"""What is kept of people can be taken away again: out of the audit log, documents, invitations; and with its age."""

from alembic import op

revision = "0007"
down_revision = "0006"

#: The chain holds ids and digests; names, addresses and mail addresses stand beside it. Where they were removed the
#: chain still proves that nothing else was, and while they are there that they are as they were written.
AUDIT = """
CREATE TABLE audit_facts (
    workspace text NOT NULL,
    number bigint NOT NULL,
    -- 'actor' (name, address) or 'target' (email); the entry holds sha256(salt || value) under this name.
    fact text NOT NULL CHECK (fact IN ('actor', 'target')),
    -- Whom it is about: the person, or an address that may become one's.
    person uuid,
    email text,
    salt text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (workspace, number, fact),
    FOREIGN KEY (workspace, number) REFERENCES audit ON DELETE CASCADE
);
CREATE INDEX audit_facts_of_person ON audit_facts (person) WHERE person IS NOT NULL;
CREATE INDEX audit_facts_of_address ON audit_facts (email) WHERE email IS NOT NULL;
-- The last entry of each chain that was removed for its age: the next one's previous hash is this one's hash.
CREATE TABLE audit_anchors (
    workspace text PRIMARY KEY,
    number bigint NOT NULL,
    hash text NOT NULL,
    pruned_at timestamptz NOT NULL
);
-- By the database's clock, which no writer can set; NULL: from before this column.
ALTER TABLE audit ADD COLUMN written_at timestamptz;

GRANT SELECT, INSERT ON audit_facts TO podwright_tenant, podwright_identity;
GRANT SELECT ON audit_anchors TO podwright_tenant, podwright_identity;

CREATE OR REPLACE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('podwright.audit'), hashtext(NEW.workspace));
    -- The last entry is never pruned.
    SELECT number, hash INTO last FROM audit WHERE workspace = NEW.workspace ORDER BY number DESC LIMIT 1;
    NEW.number := coalesce(last.number, 0) + 1;
    NEW.previous := coalesce(last.hash, '');
    NEW.hash := encode(sha256(convert_to(NEW.previous || NEW.entry, 'UTF8')), 'hex');
    NEW.written_at := clock_timestamp();
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.number <= (SELECT number FROM audit_anchors WHERE workspace = OLD.workspace) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;

-- Removes some of the oldest entries of the transaction's own chain, if they are old enough, and notes where it begins
-- now. Returns how many. Nothing else removes any, and nobody younger ones than 30 days. Entries from before written_at
-- count as old as the first one after them.
CREATE FUNCTION audit_prune(days integer, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of text := coalesce(current_setting('podwright.workspace', true), '');
    cutoff timestamptz := clock_timestamp() - make_interval(days => days);
    upto bigint;
    gone integer;
BEGIN
    IF days < 30 THEN
        RAISE EXCEPTION 'the audit log is kept for at least 30 days';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('podwright.audit'), hashtext(of));
    SELECT max(number) INTO upto
        FROM (SELECT number, written_at FROM audit WHERE workspace = of ORDER BY number LIMIT most) oldest
        WHERE written_at < cutoff;
    IF upto IS NULL THEN
        -- They are all from before written_at, or there are none that are old enough.
        SELECT max(a.number) INTO upto
            FROM (SELECT number FROM audit WHERE workspace = of ORDER BY number LIMIT most) a
            WHERE a.number < (SELECT min(number) FROM audit WHERE workspace = of AND written_at < cutoff);
    END IF;
    -- The last entry stays: the next one goes on from it.
    IF upto = (SELECT max(number) FROM audit WHERE workspace = of) THEN
        upto := upto - 1;
    END IF;
    INSERT INTO audit_anchors (workspace, number, hash, pruned_at)
        SELECT workspace, number, hash, now() FROM audit WHERE workspace = of AND number = upto
        ON CONFLICT (workspace) DO UPDATE SET
            number = EXCLUDED.number, hash = EXCLUDED.hash, pruned_at = EXCLUDED.pruned_at;
    DELETE FROM audit WHERE workspace = of AND number <= upto;
    GET DIAGNOSTICS gone = ROW_COUNT;
    -- Of the last entry stays nothing of who made it.
    DELETE FROM audit_facts f USING audit a
        WHERE f.workspace = of AND a.workspace = of AND a.number = f.number AND a.written_at < cutoff
        AND a.number = (SELECT max(number) FROM audit WHERE workspace = of);
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION audit_prune FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_prune TO podwright_tenant, podwright_identity;
"""

#: Who wrote and decided, by id: names are not unique. The id comes from the transaction, so no query can forget it.
AUTHORS = """
CREATE FUNCTION acting_person() RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('podwright.person', true), '')::uuid $$;
ALTER TABLE content ADD COLUMN decided_by_person uuid;
-- First without a default: what is there already was written by nobody knows whom.
ALTER TABLE content_versions ADD COLUMN written_by_person uuid;
ALTER TABLE content_versions ALTER COLUMN written_by_person SET DEFAULT acting_person();
CREATE INDEX content_versions_of_person ON content_versions (written_by_person) WHERE written_by_person IS NOT NULL;
CREATE INDEX content_decided_by_person ON content (decided_by_person) WHERE decided_by_person IS NOT NULL;
CREATE FUNCTION content_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.decided_by_person := CASE WHEN NEW.decided_by IS NOT NULL THEN acting_person() END;
    RETURN NEW;
END $$;
CREATE TRIGGER content_decided BEFORE UPDATE OF decided_by ON content FOR EACH ROW EXECUTE FUNCTION content_decided();
ALTER TABLE content_templates ADD COLUMN written_by_person uuid;
CREATE FUNCTION template_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_by_person := acting_person();
    RETURN NEW;
END $$;
CREATE TRIGGER template_written BEFORE INSERT OR UPDATE OF written_by ON content_templates
    FOR EACH ROW EXECUTE FUNCTION template_written();
ALTER TABLE content_tasks ADD COLUMN asked_by_person uuid;
CREATE FUNCTION text_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.asked_by_person := acting_person();
    RETURN NEW;
END $$;
CREATE TRIGGER text_asked BEFORE INSERT OR UPDATE OF asked_by ON content_tasks
    FOR EACH ROW EXECUTE FUNCTION text_asked();
"""

#: Deletion is one transaction here; what is left to do elsewhere stands in ``departures`` until it is done.
DEPARTURES = """
CREATE TABLE departures (
    person uuid PRIMARY KEY,
    -- As it stands in resources, so that it is found there.
    name text NOT NULL,
    -- Where there is something left to do.
    workspaces text[] NOT NULL,
    left_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE (workspaces), DELETE ON departures TO podwright_identity;

-- Takes a person out of what stays the workspaces'. The role that signs people in may do just this there.
CREATE FUNCTION forget_person(who uuid, address text, called text, pseudonym text, of text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM audit_facts WHERE person = who OR email = address;
    DELETE FROM invitations WHERE email = address;
    DELETE FROM idempotency_keys WHERE subject = 'person:' || who
        OR subject IN (SELECT 'key:' || id FROM api_keys WHERE person = who);
    -- Before ids were kept there were names only.
    UPDATE content_versions v SET written_by = pseudonym, written_by_person = NULL
        WHERE written_by_person = who OR (written_by_person IS NULL AND written_by = called AND workspace = ANY (of)
            AND NOT EXISTS (SELECT FROM service_accounts s WHERE s.workspace = v.workspace AND s.name = called));
    UPDATE content c SET decided_by = pseudonym
        WHERE decided_by_person = who OR (decided_by_person IS NULL AND decided_by = called AND workspace = ANY (of)
            AND NOT EXISTS (SELECT FROM service_accounts s WHERE s.workspace = c.workspace AND s.name = called));
    UPDATE content_templates SET written_by = pseudonym WHERE written_by_person = who;
    UPDATE content_tasks SET asked_by = pseudonym WHERE asked_by_person = who;
END $$;
REVOKE ALL ON FUNCTION forget_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_person TO podwright_identity;
"""

#: What retention removes within a workspace.
RETENTION = """
GRANT DELETE ON api_keys, post_metrics TO podwright_tenant;
CREATE INDEX post_metrics_by_age ON post_metrics (workspace, at);
"""

#: Which tables the functions above work on, as the owner, whom row-level security binds too.
OWNERS = {
    "audit": "ALL",
    "audit_facts": "ALL",
    "audit_anchors": "ALL",
    "invitations": "ALL",
    "idempotency_keys": "ALL",
    "api_keys": "SELECT",
    "service_accounts": "SELECT",
    "content": "ALL",
    "content_versions": "ALL",
    "content_templates": "ALL",
    "content_tasks": "ALL",
}


def upgrade() -> None:
    for statements in (AUDIT, AUTHORS, DEPARTURES, RETENTION):
        op.execute(statements)
    for table in ("audit_facts", "audit_anchors"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )
        op.execute(f"CREATE POLICY no_workspace ON {table} TO podwright_identity USING (workspace = '')")
    for table, to in OWNERS.items():
        op.execute(f"CREATE POLICY kept_private ON {table} FOR {to} TO CURRENT_USER USING (true)")


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
