"""Witnesses of the laboratory: that the wire was sound, the capture whole, the clock steady.

A verdict on a phone rests on the laboratory. Each witness watches one thing that could break without
anybody noticing, from counters and sockets that a rack has as well as the virtual testbed, and says
what it saw. What it says is a lab fault in the part of the history of the test that it watched.
"""
