-- depends: 0003.rows
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
    household text COLLATE "C",
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    respond_by timestamptz,
    resolution_zh text,
    resolution_en text,
    version bigint NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    -- nobody knows whether it still holds: one that was open stays opened and its task with it, one that was not is held
    unknown boolean NOT NULL DEFAULT false
);
CREATE INDEX ON city.alert (dwelling);
CREATE INDEX ON city.alert (opened_at DESC, finding_id) WHERE state = 'opened' AND NOT deleted;
CREATE INDEX ON city.alert (opened_at DESC, finding_id) WHERE unknown AND state <> 'resolved' AND NOT deleted;
CREATE INDEX ON city.alert (rule, state);
DO $$ BEGIN PERFORM city.keep_no_statistics('city.alert'); END $$;

ALTER TABLE city.alert ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.alert FOR SELECT TO citygrid_owner USING (true);
-- A move locks the alert while it looks at it and never writes it: alerts change by the sinks only.
CREATE POLICY held ON city.alert FOR UPDATE TO citygrid_owner USING (true) WITH CHECK (false);
CREATE POLICY sinks ON city.alert TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.alert FOR SELECT TO citygrid_api USING (
    NOT deleted
    AND domain = ANY (coalesce((SELECT city.sees_domains()), ARRAY[domain]))
    AND EXISTS (SELECT FROM city.placement p WHERE p.dwelling = alert.dwelling));
GRANT SELECT ON city.alert TO citygrid_api;
GRANT SELECT, INSERT, UPDATE ON city.alert TO citygrid_sinks;

-- How late each department is: the newest event of each of its topics, and how old it may be.
CREATE TABLE city.freshness (
    topic text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    last_event_at timestamptz, -- NULL: nothing yet
    limit_seconds integer NOT NULL CHECK (limit_seconds > 0),
    records bigint -- on the topic, when last asked; NULL: not asked yet
);
GRANT SELECT ON city.freshness TO citygrid_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.freshness TO citygrid_sinks;
