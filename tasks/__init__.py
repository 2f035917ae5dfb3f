"""A case's life in SQL, used by the sinks and the API: which moves are legal, and the statements that make them."""
