"""Experiments on the bench that tell which reading of an open question a phone follows."""
