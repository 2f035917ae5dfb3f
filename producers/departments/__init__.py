"""One file a department: its own export format → statements. Each exports `DEPARTMENT`."""
