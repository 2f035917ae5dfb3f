DROP TRIGGER states ON city.task_event;
DROP FUNCTION city.state_move;
DROP POLICY owner ON city.alert;
