DROP TABLE city.alert;
