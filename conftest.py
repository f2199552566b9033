"""Gives the tests below this directory the fixtures of a bench."""

pytest_plugins = ["hil.pytest_plugin"]
