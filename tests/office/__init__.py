"""Files as offices make and spoil them, for the tests of what reads them."""
