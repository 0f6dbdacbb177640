"""Names that people bore before, so that they can be taken out of resources; registrations that wait for their link."""

from alembic import op

revision = "0008"
down_revision = "0007"

#: Resources hold decisions by name. The trigger remembers whichever version renames.
FORMER_NAMES = """
CREATE TABLE former_names (
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    name text NOT NULL,
    PRIMARY KEY (person, name)
);
GRANT SELECT, INSERT ON former_names TO podwright_identity;
CREATE FUNCTION name_remembered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_names (person, name) VALUES (OLD.id, OLD.name) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER name_remembered AFTER UPDATE OF name ON people FOR EACH ROW
    -- Before its address is confirmed an account does nothing under any name.
    WHEN (OLD.name <> NEW.name AND OLD.email_verified_at IS NOT NULL) EXECUTE FUNCTION name_remembered();
ALTER TABLE departures ADD COLUMN former_names text[] NOT NULL DEFAULT '{}';
"""

#: Several people may register an address before anybody confirms it: each link confirms its own registration.
REGISTRATIONS = """
ALTER TABLE mail_tokens ADD COLUMN name text, ADD COLUMN password_hash text;
"""


def upgrade() -> None:
    op.execute(FORMER_NAMES)
    op.execute(REGISTRATIONS)


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
