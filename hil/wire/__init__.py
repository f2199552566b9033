"""Protocols without I/O: codecs and state machines, of DHCPv4, TFTP, SIP, syslog and others.

A codec turns bytes into frozen values and back. A machine is told what arrived and what time it is,
and answers with events: what to send, what has come to pass. It opens no socket, reads no clock and
draws no random number, so the same machine serves a real rack, a virtual one and a property test.

Time is an integer count of nanoseconds with an origin of the caller's choice. ``next_deadline()``
says when a machine wants its ``timeout(now)`` called if nothing arrives before; ``None`` is never.

Bytes that break a protocol raise `hil.errors.RemoteProtocolError` and leave the machine as it was.
A value that cannot be put on the wire, or a call out of turn, raises
`hil.errors.LocalProtocolError`.
"""
