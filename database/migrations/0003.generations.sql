-- The published rows of every view, by generation. A view's tables are made by city.begin_generation; the first generation of each view
-- of domain/views/ by whoever migrates (database/migrate.py).

CREATE TABLE city.generation (
    view text COLLATE "C" NOT NULL CHECK (view ~ '^[a-z][a-z_]{0,40}$'),
    number integer NOT NULL CHECK (number > 0),
    state text NOT NULL CHECK (state IN ('building', 'in_force', 'retired')),
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, number)
);
CREATE UNIQUE INDEX one_in_force ON city.generation (view) WHERE state = 'in_force';
GRANT SELECT ON city.generation TO citygrid_sinks, citygrid_reader;

-- An account that is limited to domains reads people through its open tasks only: these are the doors and subjects of them.
-- What they are: city.my_open_tasks. NULL: the account is not limited.
CREATE FUNCTION city.my_doors() RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (SELECT CASE WHEN city.sees_domains() IS NULL THEN NULL ELSE coalesce(array_agg(DISTINCT t.dwelling), '{}') END
    FROM city.my_open_tasks() t WHERE t.dwelling <> '');
END $$;

CREATE FUNCTION city.my_subjects(of_view text) RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (SELECT CASE WHEN city.sees_domains() IS NULL THEN NULL ELSE coalesce(array_agg(DISTINCT a.subject), '{}') END
    FROM city.my_open_tasks() t JOIN city.alert a ON a.finding_id = t.finding_id WHERE a.view = of_view);
END $$;

CREATE FUNCTION city.show_generation(of_view text, its_number integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW city.%I WITH (security_invoker, security_barrier) AS '
        'SELECT id, dwelling, version, row, updated_at FROM city.%I WHERE NOT deleted', of_view, of_view || '_g' || its_number);
    EXECUTE format('GRANT SELECT ON city.%I TO citygrid_sinks, citygrid_reader', of_view);
END $$;

CREATE FUNCTION city.begin_generation(of_view text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its_number integer; its_table text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('city.generation'), hashtext(of_view));
    SELECT coalesce(max(number), 0) + 1 INTO its_number FROM city.generation WHERE view = of_view;
    INSERT INTO city.generation (view, number, state)
    VALUES (of_view, its_number, CASE its_number WHEN 1 THEN 'in_force' ELSE 'building' END);
    its_table := of_view || '_g' || its_number;
    EXECUTE format('CREATE TABLE city.%I ('
        'id text COLLATE "C" PRIMARY KEY, '
        'dwelling text COLLATE "C" NOT NULL REFERENCES city.placement, '
        'place text COLLATE "C" NOT NULL, '
        'version bigint NOT NULL, deleted boolean NOT NULL DEFAULT false, row jsonb, '
        'updated_at timestamptz NOT NULL DEFAULT now(), CHECK (deleted = (row IS NULL)))', its_table);
    EXECUTE format('CREATE INDEX ON city.%I (dwelling)', its_table);
    EXECUTE format('ALTER TABLE city.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', its_table);
    EXECUTE format('CREATE POLICY sinks ON city.%I TO citygrid_sinks USING (true)', its_table);
    -- With the place in the index a row of another area is never reached: not its page, not its count, not a microsecond.
    EXECUTE format('CREATE INDEX ON city.%I (id, place)', its_table);
    EXECUTE format('CREATE POLICY sees ON city.%I FOR SELECT TO citygrid_reader USING ('
        'place >= (SELECT city.sees_from()) AND place < (SELECT city.sees_until()) AND ((SELECT city.sees_domains()) IS NULL '
        'OR dwelling = ANY ((SELECT city.my_doors())::text[]) OR id = ANY ((SELECT city.my_subjects(%L))::text[])))', its_table, of_view);
    EXECUTE format('GRANT SELECT ON city.%I TO citygrid_reader', its_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON city.%I TO citygrid_sinks', its_table);
    PERFORM city.keep_no_statistics(format('city.%I', its_table)::regclass);
    IF its_number = 1 THEN PERFORM city.show_generation(of_view, 1); END IF;
    RETURN its_number;
END $$;
COMMENT ON FUNCTION city.begin_generation IS 'Makes the table <view>_g<n+1> with its policies; the first is in force at once.';

CREATE FUNCTION city.switch_generation(of_view text, to_number integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('city.generation'), hashtext(of_view));
    IF NOT EXISTS (SELECT FROM city.generation WHERE view = of_view AND number = to_number AND state IN ('building', 'in_force')) THEN
        RAISE EXCEPTION 'View % has no generation % being built: begin one first.', of_view, to_number USING ERRCODE = 'CG409';
    END IF;
    UPDATE city.generation SET state = 'retired', since = now() WHERE view = of_view AND state = 'in_force' AND number <> to_number;
    UPDATE city.generation SET state = 'in_force', since = now() WHERE view = of_view AND number = to_number;
    PERFORM city.show_generation(of_view, to_number);
END $$;
COMMENT ON FUNCTION city.switch_generation IS 'The view shows generation n from this transaction''s commit on.';

CREATE FUNCTION city.drop_generation(of_view text, old_number integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('city.generation'), hashtext(of_view));
    DELETE FROM city.generation WHERE view = of_view AND number = old_number AND state <> 'in_force';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Generation % of view % is in force or not there.', old_number, of_view USING ERRCODE = 'CG409';
    END IF;
    EXECUTE format('DROP TABLE city.%I', of_view || '_g' || old_number);
END $$;

CREATE FUNCTION city.move_rows(moved text[]) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record;
BEGIN
    -- In one order everywhere, views and rows, so that two sinks cannot wait for each other.
    FOR one IN SELECT view || '_g' || number AS its_table FROM city.generation WHERE state <> 'retired' ORDER BY view, number LOOP
        EXECUTE format('UPDATE city.%I r SET place = p.place FROM city.placement p WHERE p.dwelling = r.dwelling AND r.id IN ('
            'SELECT id FROM city.%I WHERE dwelling = ANY ($1) ORDER BY id FOR NO KEY UPDATE)', one.its_table, one.its_table) USING moved;
    END LOOP;
END $$;
COMMENT ON FUNCTION city.move_rows IS 'Rows of these dwellings lie where the dwellings lie now; whoever calls it holds their placements.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.my_doors, city.my_subjects TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.begin_generation, city.switch_generation, city.drop_generation, city.move_rows TO citygrid_sinks;
