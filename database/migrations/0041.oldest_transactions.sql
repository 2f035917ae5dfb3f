-- depends: 0040.told
-- A transaction that somebody left open is told (`audit.oldest_transactions`): docs/decisions/0030-live-stream.md

DO $$ BEGIN
    IF to_regprocedure('audit.oldest_transactions()') IS NULL THEN
        RAISE EXCEPTION 'This database lacks what only a superuser can say of it: run database/bootstrap.sql in it again, then migrate again.';
    END IF;
END $$;
