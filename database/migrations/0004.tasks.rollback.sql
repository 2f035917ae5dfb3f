DROP FUNCTION city.act, city.claim_next, city.look_at, city.move_task;
DROP POLICY sinks ON city.account;
REVOKE SELECT (id, name, role) ON city.account FROM citygrid_sinks;
DROP TABLE city.sink_offset, city.look, city.outbox, city.feed, city.legal_move, city.task_event, city.task;
