ALTER TABLE city.freshness DROP COLUMN records;
ALTER TABLE city.alert DROP COLUMN unknown;
