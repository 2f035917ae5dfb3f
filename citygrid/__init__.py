"""The command `citygrid` and the local stack: composes all rooms."""
