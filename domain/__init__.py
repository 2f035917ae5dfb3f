"""The city itself: facts, rows, rules. Standard library only, no I/O, no clock."""
