-- The newest message about each finding, and how late each department is.

CREATE TABLE city.alert (
    finding_id uuid PRIMARY KEY,
    rule text COLLATE "C" NOT NULL,
    rule_version integer NOT NULL,
    domain text COLLATE "C" NOT NULL DEFAULT 'general',
    state text NOT NULL CHECK (state IN ('opened', 'resolved', 'held')), -- a 'changed' message leaves it opened
    view text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('urgent', 'today', 'planned')),
    why_zh text NOT NULL,
    why_en text NOT NULL,
    because jsonb NOT NULL DEFAULT '[]',
    dwelling text COLLATE "C" NOT NULL DEFAULT '' REFERENCES city.placement, -- '' is none
    place text COLLATE "C" NOT NULL, -- of its dwelling; city.move_place
    district text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(place, 6)) STORED,
    household text COLLATE "C",
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    respond_within integer CHECK (respond_within >= 0),
    respond_unit text NOT NULL DEFAULT 'minute' CHECK (respond_unit IN ('minute', 'working_minute', 'working_day')),
    respond_by timestamptz,
    due timestamptz,
    resolution_zh text,
    resolution_en text,
    version bigint NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    -- nobody knows whether it still holds: one that was open stays opened and its task with it, one that was not is held
    unknown boolean NOT NULL DEFAULT false,
    gathered_by text COLLATE "C", -- city.cause_of, as it was while the finding held
    line text COLLATE "C" GENERATED ALWAYS AS (left(place, 6) || '.' || gathered_by) STORED,
    inhibited_by uuid REFERENCES city.alert,
    silenced_by uuid -- of city.silence
);
COMMENT ON COLUMN city.alert.due IS 'When somebody must have answered: the deadline of its newest task, else respond_by. NULL: never.';
CREATE INDEX ON city.alert (dwelling);
CREATE INDEX ON city.alert (finding_id, place);
CREATE INDEX ON city.alert (rule, state);
-- Lists: calls for help first, then what is due first; what stands alone and the lines, each in that order. By area: the city whole, a
-- district, or what lies below it.
CREATE INDEX alert_due ON city.alert ((domain <> 'sos'), (coalesce(due, 'infinity')), finding_id) WHERE state = 'opened' AND NOT deleted;
CREATE INDEX alert_due_in_district ON city.alert (district, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted;
CREATE INDEX alert_alone ON city.alert ((domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NULL;
CREATE INDEX alert_alone_in_district ON city.alert (district, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NULL;
CREATE INDEX alert_in_line ON city.alert (line, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NOT NULL;
CREATE INDEX alert_open_in_place ON city.alert (place) WHERE state = 'opened' AND NOT deleted;
CREATE INDEX alert_unknown ON city.alert (place) WHERE unknown AND state <> 'resolved' AND NOT deleted;
CREATE INDEX alert_opened ON city.alert (opened_at, finding_id) WHERE state <> 'held' AND NOT deleted;
CREATE INDEX alert_opened_in_district ON city.alert (district, opened_at, finding_id) WHERE state <> 'held' AND NOT deleted;
-- What is over: newest first.
CREATE INDEX alert_changed ON city.alert (changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
CREATE INDEX alert_changed_in_district ON city.alert (district, changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
CREATE INDEX alert_changed_in_place ON city.alert (place, changed_at) WHERE state <> 'opened' AND NOT deleted;
-- What a rule has found, of those that are over: the one filter of history that may leave almost nothing.
CREATE INDEX alert_changed_of_rule ON city.alert (rule, changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
CREATE INDEX alert_changed_of_rule_in_district ON city.alert (district, rule, changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
-- Few or all of history, as the city went live late or early.
CREATE INDEX alert_held ON city.alert (changed_at, finding_id) WHERE state = 'held' AND NOT deleted;
CREATE INDEX alert_held_in_district ON city.alert (district, changed_at, finding_id) WHERE state = 'held' AND NOT deleted;
CREATE INDEX alert_inhibited ON city.alert (inhibited_by) WHERE inhibited_by IS NOT NULL;
CREATE INDEX alert_silenced ON city.alert (silenced_by) WHERE silenced_by IS NOT NULL;
-- In the order in which they go. No list reads alerts that are deleted, so no list reads this index.
CREATE INDEX alert_gone ON city.alert (changed_at) WHERE deleted;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.alert'); END $$;
ALTER TABLE city.alert ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.alert FOR SELECT TO citygrid_owner USING (true);
-- A move locks alerts, keeps their deadlines (city.keep_due) and says what mutes them (city.settle); that is all that a function of the
-- owner may write of them, and its grants below hold it to that: an alert that is put into another place is seen there. Sinks write the
-- rest. docs/decisions/0047-whose-report.md
CREATE POLICY held ON city.alert FOR UPDATE TO citygrid_owner USING (true);
CREATE POLICY forgotten ON city.alert FOR DELETE TO citygrid_owner USING (deleted);
CREATE POLICY sinks ON city.alert TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.alert FOR SELECT TO citygrid_reader USING (
    NOT deleted
    AND place >= (SELECT city.sees_from()) AND place < (SELECT city.sees_until())
    AND ((SELECT city.sees_domains()) IS NULL OR domain = ANY ((SELECT city.sees_domains())::text[])));
GRANT SELECT ON city.alert TO citygrid_reader;
GRANT SELECT, INSERT, UPDATE ON city.alert TO citygrid_sinks;
REVOKE INSERT, UPDATE, TRUNCATE ON city.alert FROM citygrid_owner;
GRANT UPDATE (due, inhibited_by, silenced_by) ON city.alert TO citygrid_owner;

CREATE FUNCTION city.move_place(moved text[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE city.alert a SET place = p.place FROM city.placement p WHERE p.dwelling = a.dwelling AND a.finding_id IN (
        SELECT finding_id FROM city.alert WHERE dwelling = ANY (moved) ORDER BY finding_id FOR NO KEY UPDATE);
    SELECT city.move_rows(moved);
END;
COMMENT ON FUNCTION city.move_place IS 'Alerts and rows of these dwellings lie where the dwellings lie now; whoever calls it holds their placements.';

-- How late each department is: the newest event of each of its topics, and how old it may be.
CREATE TABLE city.freshness (
    topic text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    last_event_at timestamptz, -- NULL: nothing yet
    limit_seconds integer NOT NULL CHECK (limit_seconds > 0),
    records bigint -- on the topic, when last asked; NULL: not asked yet
);
GRANT SELECT ON city.freshness TO citygrid_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.freshness TO citygrid_sinks;

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.move_place TO citygrid_sinks;
