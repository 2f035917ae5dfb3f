ALTER TABLE city.grid_area DROP COLUMN lon, DROP COLUMN lat;
DROP FUNCTION city.middle;
