"""Which phones are there: what a wire is heard to say, and what a switch knows, as an inventory."""
