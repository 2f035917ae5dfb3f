"""What `citygrid up` does between parts and processes: each file is one step that may be run again at any time."""
