"""Events out of a database, in the transaction of the change: a row in an outbox table, relayed to Kafka in the order
of the commits.

`OURS` is the city's own database (what people complete). `of_department` is a department's own PostgreSQL, into which
its operator puts `department.sql` (`citygrid outbox sql`).
"""

from producers.outbox.relay import OURS, Outbox, Table, main, of_department, relay_once

__all__ = ["OURS", "Outbox", "Table", "main", "of_department", "relay_once"]
