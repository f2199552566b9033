"""The unit of lab time: instants and spans are integers of nanoseconds."""

NANOSECONDS = 1_000_000_000
"""Nanoseconds of a second."""
