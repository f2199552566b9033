"""Chaos for the laboratory: faults of everything but the phone, and what the bench says of them.

A bench whose PDU lies, whose disk is full or whose wire carries a second DHCP server must answer
with INCONCLUSIVE or ERROR and the cause *lab*. Here each such fault (`catalogue`) really happens on
a virtual bench, at several instants (`striker`), while certification tests judge a sound handset
and a defective one (`cell`), and every verdict is held against what may be said (`rightness`).
"""
