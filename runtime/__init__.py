"""The I/O that rooms share, one job a file."""
