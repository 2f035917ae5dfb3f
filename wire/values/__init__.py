"""One value at a door: what it is normalised to, and the reason if it cannot be what its field says. Pure functions."""
