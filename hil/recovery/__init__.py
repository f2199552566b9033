"""Bringing back a handset that does not do what it has to: a ladder of ways, from the gentlest on."""
