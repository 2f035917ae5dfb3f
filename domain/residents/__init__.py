"""What departments state about one person, and which facts of the row each kind of statement makes."""
