"""From topics to PostgreSQL, once: one file a sink and one runner."""
