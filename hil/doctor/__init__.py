"""Is the laboratory fit to judge a phone? Checks of all that a run rests on, and a walk."""
