-- Pages of administrators and operations: accounts and looks. docs/decisions/0044-offices.md

-- What is done is recorded where looks are.
CREATE FUNCTION city.record_act(its_view text, its_keys text[], its_purpose text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT city.looked(its_view, its_keys, its_purpose); END;
COMMENT ON FUNCTION city.record_act IS 'For functions of the owner, who cannot write into the audit: what the caller does with these keys.';

CREATE FUNCTION city.office(VARIADIC roles text[]) RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record;
BEGIN
    SELECT m.account, m.role INTO me FROM city.me() m;
    IF me.account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    IF me.role <> ALL (roles) THEN RAISE EXCEPTION 'This is not for accounts of the role %.', me.role USING ERRCODE = 'CG403'; END IF;
    RETURN me.account;
END $$;
COMMENT ON FUNCTION city.office IS 'The caller''s account, which has one of these roles. CG401: nobody asks; CG403: another role.';

-- -- accounts

CREATE FUNCTION city.accounts(search text, its_role text, locked boolean, after text, most integer)
RETURNS TABLE (id uuid, name text, role text, scope text, domains text[], department text, language text, shown_as text, demo boolean,
    created_at timestamptz, locked_at timestamptz, used_at timestamptz, counted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE shown text[];
BEGIN
    PERFORM city.office('admin');
    RETURN QUERY
        WITH asked AS (
            SELECT a.* FROM city.account a
            WHERE (search = '' OR strpos(a.name, search) > 0 OR starts_with(a.scope, search))
                AND (its_role IS NULL OR a.role = its_role) AND (accounts.locked IS NULL OR accounts.locked = (a.disabled_at IS NOT NULL)))
        SELECT a.id, a.name, a.role, a.scope, a.domains, a.department, a.language, a.shown_as, a.demo, a.created_at, a.disabled_at,
            (SELECT max(s.used_at) FROM city.session s WHERE s.account = a.id AND s.expires_at > now() AND s.used_at + s.idle > now()),
            (SELECT count(*) FROM asked)
        FROM asked a WHERE a.name > after ORDER BY a.name LIMIT least(most, 200);
    SELECT array_agg(page.name ORDER BY page.name) INTO shown FROM (
        SELECT a.name FROM city.account a
        WHERE (search = '' OR strpos(a.name, search) > 0 OR starts_with(a.scope, search))
            AND (its_role IS NULL OR a.role = its_role) AND (accounts.locked IS NULL OR accounts.locked = (a.disabled_at IS NOT NULL))
            AND a.name > after ORDER BY a.name LIMIT least(most, 200)) page;
    PERFORM city.record_act('account', shown, 'list');
END $$;
COMMENT ON FUNCTION city.accounts IS
    'Accounts by name, without what proves them; used_at: of a session that is open. The look is recorded. CG403: not an administrator.';

CREATE FUNCTION city.right_of(its city.account) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT its.role || ' ' || coalesce(nullif(its.scope, ''), 'city') || coalesce(' ' || array_to_string(its.domains, ','), '')
        || coalesce(' ' || its.department, '');
END;
COMMENT ON FUNCTION city.right_of IS 'What an account may see and do, as the audit keeps it.';

-- Places and alerts first, as the sinks lock them.
CREATE FUNCTION city.let_go(who uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; here text;
BEGIN
    DELETE FROM city.session s WHERE s.account = who;
    PERFORM city.hold_findings_of(who);
    FOR one IN SELECT t.id, t.dwelling FROM city.task t WHERE t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged') ORDER BY t.id LOOP
        -- place before task, as the sinks lock them
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged') FOR UPDATE;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'lapse', NULL, NULL, CASE WHEN (SELECT t.handed_over FROM city.task t WHERE t.id = one.id)
                THEN '{}' ELSE jsonb_build_object('queue', here) END);
        END IF;
    END LOOP;
    DELETE FROM city.heartbeat b WHERE b.account = who;
END $$;
COMMENT ON FUNCTION city.let_go IS 'An account that is locked or gets other rights is signed out everywhere, and what it had claimed goes back to its queues.';

-- A move of this account (its foreign keys) does not wait for its row: it holds the task for which city.let_go waits.
CREATE FUNCTION city.own_account(its_id uuid) RETURNS city.account LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.office('admin'); its city.account;
BEGIN
    SELECT a.* INTO its FROM city.account a WHERE a.id = its_id FOR NO KEY UPDATE;
    IF its.id IS NULL THEN RAISE EXCEPTION 'There is no such account.' USING ERRCODE = 'CG404'; END IF;
    IF its.id = me THEN
        RAISE EXCEPTION 'Another administrator does this to this account.' USING ERRCODE = 'CG422', DETAIL = 'own-account';
    END IF;
    RETURN its;
END $$;
COMMENT ON FUNCTION city.own_account IS
    'The account that an administrator changes, locked: never their own, so that there is always one left. CG401, CG403, CG404, CG422.';

CREATE FUNCTION city.make_account(new_name text, kdf text, verifier bytea, new_role text, new_scope text, new_domains text[], new_language text,
    new_department text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made city.account;
BEGIN
    PERFORM city.office('admin');
    INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, language, department)
    VALUES (new_name, kdf, verifier, new_role, new_scope, new_domains, new_language, CASE new_role WHEN 'department' THEN new_department END)
    RETURNING * INTO made;
    PERFORM city.record_act('account', ARRAY[made.name, city.right_of(made)], 'make');
    RETURN made.id;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'There is an account of this name already.' USING ERRCODE = 'CG422', DETAIL = 'name-taken';
END $$;
COMMENT ON FUNCTION city.make_account IS 'A new account; recorded with its rights. CG403: not an administrator; CG422: the name is taken.';

CREATE FUNCTION city.change_account(its_id uuid, new_role text, new_scope text, new_domains text[], new_department text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE old city.account := city.own_account(its_id); new city.account;
BEGIN
    UPDATE city.account a SET role = new_role, scope = new_scope, domains = new_domains,
        department = CASE new_role WHEN 'department' THEN new_department END,
        shown_as = CASE new_role WHEN 'grid_worker' THEN a.shown_as END
    WHERE a.id = its_id RETURNING a.* INTO new;
    IF city.right_of(old) <> city.right_of(new) THEN
        PERFORM city.let_go(its_id);
        PERFORM city.record_act('account', ARRAY[old.name, city.right_of(old), city.right_of(new)], 'change');
    END IF;
END $$;
COMMENT ON FUNCTION city.change_account IS
    'Other rights for an account, which has to log in again; recorded with what they were and are. CG403, CG404, CG422: one''s own.';

CREATE FUNCTION city.lock_account(its_id uuid, locked boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE old city.account := city.own_account(its_id);
BEGIN
    IF locked = (old.disabled_at IS NOT NULL) THEN RETURN; END IF;
    UPDATE city.account a SET disabled_at = CASE WHEN locked THEN now() END WHERE a.id = its_id;
    IF locked THEN PERFORM city.let_go(its_id); END IF;
    PERFORM city.record_act('account', ARRAY[old.name], CASE WHEN locked THEN 'lock' ELSE 'unlock' END);
END $$;
COMMENT ON FUNCTION city.lock_account IS
    'Nobody logs in by a locked account: it is signed out everywhere, its history stays. Recorded. CG403, CG404, CG422: one''s own.';

CREATE FUNCTION city.give_password(its_id uuid, kdf text, verifier bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE old city.account := city.own_account(its_id);
BEGIN
    UPDATE city.account a SET password_kdf = kdf, password_verifier = verifier WHERE a.id = its_id;
    DELETE FROM city.session s WHERE s.account = its_id;
    PERFORM city.record_act('account', ARRAY[old.name], 'password');
    RETURN old.name;
END $$;
COMMENT ON FUNCTION city.give_password IS
    'A new password for an account, whose sessions end; returns its name. Recorded. CG403, CG404, CG422: one''s own, which changes it by the old one.';

-- -- looks

CREATE FUNCTION city.looks_by(who text, its_view text, its_from timestamptz, its_until timestamptz, before uuid, most integer)
RETURNS TABLE (id uuid, at timestamptz, account text, role text, scope text, view text, keys text[], purpose text, case_id uuid, found boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.office('admin');
    IF its_until > its_from + interval '92 days' THEN RAISE EXCEPTION 'At most 92 days at once.' USING ERRCODE = 'CG422'; END IF;
    RETURN QUERY SELECT * FROM audit.looks_between(who, its_view, its_from, its_until, before, least(most, 200));
    PERFORM city.looked('look', ARRAY[coalesce(who, '*')]);
END $$;
COMMENT ON FUNCTION city.looks_by IS
    'What an account (NULL: anybody) looked at and did between two instants, the newest first. The look is recorded. CG403: not an administrator.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.accounts, city.make_account, city.change_account, city.lock_account, city.give_password, city.looks_by
    TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.office TO citygrid_reader;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.record_act OWNER TO citygrid_reader;
ALTER FUNCTION city.looks_by OWNER TO citygrid_reader;
SET LOCAL ROLE citygrid_reader;
GRANT EXECUTE ON FUNCTION city.record_act TO citygrid_owner; -- whose functions call it
RESET ROLE;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
