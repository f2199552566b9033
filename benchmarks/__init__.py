"""How fast hil is: against its own limits, and against servers that others wrote.

``make bench`` measures everything in one run and prints one table. A figure that has a limit is
good below it. A figure that has a peer is measured the same way for both, with the same client, one
right after the other, so that a busy machine slows both.
"""
