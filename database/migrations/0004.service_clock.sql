-- The service clock. A rule says how long there is to respond, and whether that counts day and night or while offices are open;
-- alerts carry it. Until when that is, city.due says for every task and nothing else does: docs/decisions/0035-due-and-route.md

-- Every day of the years whose working days are known (database/service_calendar.py); a day that is not here is not known.
CREATE TABLE city.office_day (
    day date PRIMARY KEY,
    works boolean NOT NULL,
    number integer NOT NULL -- how many working days came before it
);
CREATE UNIQUE INDEX ON city.office_day (number) WHERE works;

CREATE TABLE city.office_hours (
    opens time PRIMARY KEY,
    closes time NOT NULL CHECK (closes > opens),
    before interval NOT NULL -- office time of the day before it opens
);
GRANT SELECT, INSERT, UPDATE, DELETE ON city.office_day, city.office_hours TO citygrid_sinks;

CREATE FUNCTION city.office_day_length() RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC SELECT sum(h.closes - h.opens) FROM city.office_hours h; END;

-- Office time is a line that rises while offices are open: what is due after some of it is where the line is that much higher.
CREATE FUNCTION city.office_time(at timestamptz) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.number * city.office_day_length() + CASE WHEN d.works
        THEN (SELECT coalesce(sum(least(h.closes, local.clock) - h.opens), '0') FROM city.office_hours h WHERE h.opens < local.clock)
        ELSE interval '0' END
    FROM (SELECT (at AT TIME ZONE 'Asia/Shanghai')::date AS day, (at AT TIME ZONE 'Asia/Shanghai')::time AS clock) local
    JOIN city.office_day d ON d.day = local.day;
END;
COMMENT ON FUNCTION city.office_time IS 'For how long offices had been open by then, since the first day known. NULL: that day is not known.';

CREATE FUNCTION city.office_instant(worked interval) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT (d.day + h.opens + (worked - d.number * city.office_day_length() - h.before)) AT TIME ZONE 'Asia/Shanghai'
    FROM city.office_day d JOIN city.office_hours h ON h.before < worked - d.number * city.office_day_length()
    WHERE d.works
        AND d.number = (ceil(extract(epoch FROM worked) / extract(epoch FROM city.office_day_length())) - 1)::integer
    ORDER BY h.before DESC LIMIT 1;
END;
COMMENT ON FUNCTION city.office_instant IS 'The first instant by which offices had been open for so long. NULL: it lies in a year that is not known.';

CREATE FUNCTION city.service_time(within integer, unit text) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE unit WHEN 'working_day' THEN within * city.office_day_length() ELSE make_interval(mins => within) END;
END;

CREATE FUNCTION city.elapsed(begins timestamptz, ends timestamptz, unit text) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    -- A server's clock that was put back took no time.
    SELECT CASE WHEN ends <= begins THEN '0'
        WHEN unit = 'minute' THEN make_interval(secs => extract(epoch FROM ends - begins)::double precision)
        ELSE city.office_time(ends) - city.office_time(begins) END;
END;
COMMENT ON FUNCTION city.elapsed IS 'How much of a service time went by. NULL: it counts working hours of a year that is not known.';

CREATE FUNCTION city.due(begins timestamptz, within integer, unit text, spent interval DEFAULT '0') RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE unit WHEN 'minute' THEN begins + (city.service_time(within, unit) - spent)
        ELSE city.office_instant(city.office_time(begins) + city.service_time(within, unit) - spent) END;
END;
COMMENT ON FUNCTION city.due IS
    'Until when there is time from `begins` on, of which some is spent. NULL: it lies in a year whose working days are not known yet.';

CREATE FUNCTION city.learn_calendar(first date, works boolean[], opens time[], closes time[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE city.office_day, city.office_hours IN SHARE ROW EXCLUSIVE MODE; -- one at a time; who reads does not wait
    IF works IS NOT DISTINCT FROM (SELECT array_agg(d.works ORDER BY d.day) FROM city.office_day d)
        AND first = (SELECT min(d.day) FROM city.office_day d)
        AND (opens, closes) = (SELECT array_agg(h.opens ORDER BY h.opens), array_agg(h.closes ORDER BY h.opens) FROM city.office_hours h)
    THEN
        RETURN false;
    END IF;
    DELETE FROM city.office_day;
    INSERT INTO city.office_day (day, works, number)
    SELECT first + (one.position - 1)::integer, one.works,
        coalesce(sum(one.works::integer) OVER (ORDER BY one.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
    FROM unnest(learn_calendar.works) WITH ORDINALITY AS one(works, position);
    DELETE FROM city.office_hours;
    INSERT INTO city.office_hours (opens, closes, before)
    SELECT one.opens, one.closes,
        coalesce(sum(one.closes - one.opens) OVER (ORDER BY one.opens ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '0')
    FROM unnest(learn_calendar.opens, learn_calendar.closes) AS one(opens, closes);
    -- What is open is due by what is known now. Alerts before tasks, as the sinks lock them.
    UPDATE city.alert a SET respond_by = due.now
    FROM (SELECT b.finding_id, city.due(b.opened_at, b.respond_within, b.respond_unit) AS now FROM city.alert b
          WHERE b.state = 'opened' AND NOT b.deleted AND b.respond_unit <> 'minute' ORDER BY b.finding_id FOR NO KEY UPDATE) due
    WHERE due.finding_id = a.finding_id AND a.respond_by IS DISTINCT FROM due.now;
    WITH moved AS (
        UPDATE city.task t SET respond_by = due.now
        FROM (SELECT u.id, city.due_of(u) AS now FROM city.task u
              WHERE u.state IN ('dispatched', 'acknowledged') AND u.respond_unit <> 'minute' ORDER BY u.id FOR NO KEY UPDATE) due
        WHERE due.id = t.id AND t.respond_by IS DISTINCT FROM due.now
        RETURNING t.id, t.queue, t.domain)
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', m.id::text, m.queue, m.domain FROM moved m;
    NOTIFY city_feed;
    RETURN true;
END $$;
COMMENT ON FUNCTION city.learn_calendar IS
    'From `first` on, whether offices work on each day, and from when to when: whether that was new. Open tasks are due by it.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.office_day_length, city.office_time, city.office_instant, city.service_time, city.elapsed, city.due, city.learn_calendar
    TO citygrid_sinks;
