DROP FUNCTION city.device_took, city.devices_held, city.key_used, city.key_in_force;
DROP TABLE city.device, city.department_key;
