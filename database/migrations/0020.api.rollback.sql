DROP POLICY owner_reads ON city.feed;
DROP FUNCTION city.feed_oldest, city.instruct, city.demo_accounts;
DROP TABLE city.freshness;
DROP FUNCTION city.workers_on_duty, city.set_language, city.sign_in, city.may_try, city.count_attempt, city.touch;
DROP TABLE city.grid_area, city.login_attempt;
CREATE OR REPLACE FUNCTION city.me(OUT account uuid, OUT name text, OUT role text, OUT scope text, OUT domains text[], OUT language text)
RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.role, a.scope, a.domains, a.language
    FROM city.session s JOIN city.account a ON a.id = s.account
    WHERE s.token_sha256 = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'))
      AND s.expires_at > now() AND a.disabled_at IS NULL;
END;
ALTER TABLE city.session DROP COLUMN used_at, DROP COLUMN idle;
ALTER TABLE city.account DROP COLUMN demo;
