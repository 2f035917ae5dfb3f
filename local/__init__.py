"""The whole system on one machine without Docker: its parts, their supervision, backup and restore."""
