"""What runs: the list of all processes, and the small ones that belong to no other room."""
