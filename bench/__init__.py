"""The same job on this system and on its peers, in one alternating run. See README.md here."""
