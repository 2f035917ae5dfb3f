"""HTTP and SSE over PostgreSQL, for the pages and for a city's own programs.

Every request runs in one transaction of the database role `citygrid_api` that is bound to the caller's session, and
the database's row-level security decides what exists for that caller: nothing here filters by place or person.
"""
