"""The pages: static files over the HTTP API, no build step (docs/decisions/0004-pages.md)."""
