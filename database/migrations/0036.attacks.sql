-- depends: 0035.alert_columns
-- What an attacker with fresh eyes found in 0023-0030: docs/decisions/0047-whose-report.md

-- An account that is limited to domains silences, ends and reads silences of its own rules only. Which domain a rule is of, its alerts say:
-- of a rule that has found nothing yet, such an account cannot say that it is its own.
CREATE FUNCTION city.keep_silences_in_domains() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.sees_domains() IS NOT NULL
        AND NOT EXISTS (SELECT FROM city.alert a WHERE a.rule = new.rule AND a.domain = ANY (city.sees_domains()))
    THEN
        RAISE EXCEPTION 'There is no such silence, or the rule is of another domain.' USING ERRCODE = CASE TG_OP WHEN 'INSERT' THEN 'CG403' ELSE 'CG404' END;
    END IF;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.keep_silences_in_domains IS 'Whoever is limited to domains touches no silence of another. CG403, CG404.';
CREATE TRIGGER in_domains BEFORE INSERT OR UPDATE OF ended_by ON city.silence FOR EACH ROW EXECUTE FUNCTION city.keep_silences_in_domains();

DROP POLICY sees ON city.silence;
CREATE POLICY sees ON city.silence FOR SELECT TO citygrid_reader USING (
    (SELECT city.my_account()) IS NOT NULL
    AND (area >= (SELECT city.sees_from()) AND area < (SELECT city.sees_until()) OR starts_with((SELECT city.sees_from()), area))
    AND ((SELECT city.sees_domains()) IS NULL OR EXISTS (SELECT FROM city.alert a WHERE a.rule = silence.rule)));

-- Since 0029 accounts are made and locked by functions that record it and spare one's own; these did neither, and nothing calls them.
DROP FUNCTION city.create_account, city.disable_account;
