-- depends: 0020.api
-- A department that is quiet: what is known of its topics, and findings of which nobody knows whether they hold.

-- One that was open stays opened, its task with it, and says that it is unknown; one that was not is held.
ALTER TABLE city.alert ADD COLUMN unknown boolean NOT NULL DEFAULT false;
CREATE INDEX ON city.alert (opened_at DESC, finding_id) WHERE unknown AND state <> 'resolved' AND NOT deleted;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.alert'); END $$;

ALTER TABLE city.freshness ADD COLUMN records bigint; -- on the topic, when last asked; NULL: not asked yet
