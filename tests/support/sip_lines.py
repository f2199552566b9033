"""A registrar, and what a virtual phone told of its lines."""

from __future__ import annotations

from sip_peer import ok


def registrar(request):
    """Takes REGISTER and leaves the rest to the test; BYE and CANCEL are agreed to."""
    if request.method in ("REGISTER", "BYE", "CANCEL"):
        return ok(request)
    return None


def activity(ours):
    return [event[2] for event in ours.told.events if event[0] == "active"]


def failures(ours):
    return [event[1:] for event in ours.told.events if event[0] == "failed"]
