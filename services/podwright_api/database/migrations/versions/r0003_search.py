"""The search index: what is indexed, and its passages.

Everything here can be made again from the resources (``python -m podwright_api.reindex``).
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE search_documents (
    workspace text NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('transcript', 'notes', 'post')),
    -- Name of the resource: an Episode's, or a Post's.
    name text NOT NULL,
    -- Digest of what the passages were made from.
    version text NOT NULL,
    show text,
    episode text,
    title text NOT NULL,
    language text NOT NULL,
    -- Name of the text search configuration. As text: pg_upgrade refuses tables with columns of the type regconfig.
    config text NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, kind, name)
);
CREATE INDEX search_documents_by_config ON search_documents (workspace, config);
CREATE TABLE passages (
    -- Grows, so that the newest are found first.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    config text NOT NULL,
    body text NOT NULL,
    -- [[offset, segment, start, end, speaker], …]
    places jsonb NOT NULL,
    words tsvector NOT NULL,
    -- What a search can be narrowed to: w:WORKSPACE, k:KIND, s:SHOW, l:LANGUAGE.
    tags text[] NOT NULL,
    FOREIGN KEY (workspace, kind, name) REFERENCES search_documents ON DELETE CASCADE
);
CREATE INDEX passages_of_document ON passages (workspace, kind, name);
-- Every search reads the list of pending rows from end to end, so it is short (kB); without one, indexing takes
-- 1.7 times as long.
CREATE INDEX passages_by_word ON passages USING gin (words, tags, (ARRAY[id / 8192]))
    WITH (gin_pending_list_limit = 256);
GRANT SELECT, INSERT, UPDATE (version, show, episode, title, language, config, indexed_at), DELETE
    ON search_documents TO podwright_tenant;
GRANT SELECT, INSERT, DELETE ON passages TO podwright_tenant;
"""

#: Under row-level security PostgreSQL looks at a row's workspace before it asks anything that might tell of other rows,
#: and ``@@`` is such a question: the index on words could not be used. So the table's owner looks up ids, for the
#: workspace of the transaction and no other, and the rows are then read under row-level security like all others.
#:
#: Of a word with more hits than ``most`` the newest are given: ids are gone through in blocks from the newest on, twice
#: as many each time, since most blocks may be other workspaces'.
LOOKUP = """
CREATE FUNCTION passages_with(asked text, configs text[], wanted text[], shows text[], most integer)
    RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000
    SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
DECLARE
    query tsquery;
    config text;
    block bigint;
    blocks bigint[];
    span bigint := 1;
    hits bigint[];
    own text := 'w:' || current_setting('podwright.workspace', true);
BEGIN
    FOREACH config IN ARRAY configs LOOP
        query := coalesce(query || websearch_to_tsquery(config::regconfig, asked),
                          websearch_to_tsquery(config::regconfig, asked));
    END LOOP;
    hits := ARRAY(
        SELECT id FROM passages
        WHERE words @@ query AND tags @> (own || wanted) AND (shows IS NULL OR tags && shows) LIMIT most
    );
    IF cardinality(hits) < most THEN
        RETURN QUERY SELECT unnest(hits);
        RETURN;
    END IF;
    SELECT max(id) / 8192 INTO block FROM passages;
    WHILE most > 0 AND block >= 0 LOOP
        blocks := ARRAY(SELECT generate_series(greatest(block - span + 1, 0), block));
        hits := ARRAY(
            SELECT id FROM passages
            WHERE words @@ query AND tags @> (own || wanted) AND (shows IS NULL OR tags && shows)
                AND ARRAY[id / 8192] && blocks
            -- By an expression, lest the primary key be gone through instead of the words.
            ORDER BY -id LIMIT most
        );
        RETURN QUERY SELECT unnest(hits);
        most := most - cardinality(hits);
        block := block - span;
        span := span * 2;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION passages_with FROM PUBLIC;
GRANT EXECUTE ON FUNCTION passages_with TO podwright_tenant;
CREATE POLICY looked_up ON passages FOR SELECT TO CURRENT_USER USING (true);
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("search_documents", "passages"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_workspace ON {table} TO podwright_tenant "
            "USING (workspace = current_setting('podwright.workspace', true))"
        )
    op.execute(LOOKUP)


def downgrade() -> None:
    raise NotImplementedError("restore the backup from before the migration instead")
