"""One run over several handsets: a process each, a queue of groups, and one summary."""
