"""From topics to PostgreSQL, once: one file a sink, one runner, and the migrations of schema `city`."""
