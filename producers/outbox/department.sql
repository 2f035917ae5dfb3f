-- citygrid's outbox, for a department's own PostgreSQL (14 or newer). Run once, as the owner of the database:
--   citygrid outbox sql | psql …
-- Then let the programs state what they change, in the transaction in which they change it:
--   SELECT citygrid.say('police.household-registration', 'Death', 'SW-2026-000123', '<identity number>', '{"on": "2026-03-01"}');
-- Rolled back, nothing was said; committed, it is published, in the order of the commits. Numbers stay in this database:
-- the relay sends pseudonyms. What was published is deleted after a week.
BEGIN;
CREATE SCHEMA IF NOT EXISTS citygrid;

CREATE TABLE IF NOT EXISTS citygrid.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    statement jsonb NOT NULL, -- {record, subject, occurred_at, recorded_at, withdrawn, kind, change}: the event id derives from it
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- with the id the order among statements recorded at one instant
    published_at timestamptz,
    refused text -- which field breaks the contract and why, without its content: mend it (citygrid.mend) or delete the row
);
CREATE INDEX IF NOT EXISTS outbox_waiting ON citygrid.outbox (id) WHERE published_at IS NULL AND refused IS NULL;
CREATE INDEX IF NOT EXISTS outbox_published ON citygrid.outbox (published_at) WHERE published_at IS NOT NULL;

CREATE OR REPLACE FUNCTION citygrid.say(topic text, kind text, record text, subject text, change jsonb DEFAULT '{}',
    occurred_at timestamptz DEFAULT now(), recorded_at timestamptz DEFAULT clock_timestamp(), withdrawn boolean DEFAULT false)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its_id bigint;
BEGIN
    INSERT INTO citygrid.outbox AS o (topic, statement) VALUES (say.topic, jsonb_build_object(
        'record', say.record, 'subject', say.subject, 'kind', say.kind, 'change', say.change, 'withdrawn', say.withdrawn,
        'occurred_at', say.occurred_at, 'recorded_at', say.recorded_at))
    RETURNING o.id INTO its_id;
    NOTIFY citygrid_outbox;
    RETURN its_id;
END $$;
COMMENT ON FUNCTION citygrid.say IS
    'States a fact to the city, with this transaction. Times of day in `change` as ISO 8601 with a zone, days as YYYY-MM-DD.';

CREATE OR REPLACE FUNCTION citygrid.mend(its_id bigint, change jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE citygrid.outbox o SET statement = jsonb_set(o.statement, '{change}', mend.change), refused = NULL
    WHERE o.id = its_id AND o.refused IS NOT NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'Row % of the outbox was not refused: nothing to mend.', its_id; END IF;
    NOTIFY citygrid_outbox;
END $$;

REVOKE ALL ON SCHEMA citygrid FROM PUBLIC;
REVOKE ALL ON FUNCTION citygrid.say, citygrid.mend FROM PUBLIC;
-- A program that states facts:   GRANT USAGE ON SCHEMA citygrid TO its_role; GRANT EXECUTE ON FUNCTION citygrid.say TO its_role;
-- The relay's role:              GRANT USAGE ON SCHEMA citygrid TO relay; GRANT SELECT, UPDATE (published_at, refused), DELETE ON citygrid.outbox TO relay;
COMMIT;
