"""Schema `city` of PostgreSQL: migrations, accounts, and who may do what to a case."""
