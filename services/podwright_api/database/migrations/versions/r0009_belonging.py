"""Workspaces that people ever belonged to: only there a decision under a name of theirs may be theirs."""

from alembic import op

revision = "0009"
down_revision = "0008"

#: The trigger remembers whichever version makes somebody a member.
BELONGED = """
CREATE TABLE belonged (
    person uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    workspaces text[] NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON belonged TO podwright_identity;
CREATE FUNCTION membership_remembered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO belonged AS b (person, workspaces) VALUES (NEW.person, ARRAY[NEW.workspace])
        ON CONFLICT (person) DO UPDATE SET workspaces = array_remove(b.workspaces, NEW.workspace) || NEW.workspace;
    RETURN NULL;
END $$;
-- The owner does not see them else.
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
INSERT INTO belonged SELECT person, array_agg(workspace) FROM memberships GROUP BY person;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE TRIGGER membership_remembered AFTER INSERT ON memberships FOR EACH ROW EXECUTE FUNCTION membership_remembered();
-- NULL: an earlier version noted the departure.
ALTER TABLE departures ADD COLUMN named_in text[];
"""


def upgrade() -> None:
    op.execute(BELONGED)


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
