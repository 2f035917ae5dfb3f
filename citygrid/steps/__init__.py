"""What `citygrid up` does between the parts and the processes: each file is one step that may be run again at any time."""
