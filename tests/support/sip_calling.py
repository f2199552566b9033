"""What tests of the SIP endpoint's calls begin with, and how they look at what was said."""

from __future__ import annotations

from sip_phone import SipPhone, ok

from hil.endpoints.sip import SipEndpoint
from hil.history import events as ev
from hil.history.event import Direction


def open_endpoint(bench) -> SipEndpoint:
    """An endpoint that asks nobody for credentials, and a handset with an address."""
    started = bench.start(SipEndpoint)
    bench.configure_phone()
    started.authenticate(None)
    return started


def registered_phone(bench) -> SipPhone:
    made = SipPhone(bench)
    assert made.register().status == 200
    return made


def seen(bench, direction: Direction, **wanted):
    return [
        m
        for m in bench.history.all(ev.SipMessage)
        if m.direction is direction and all(getattr(m, k) == v for k, v in wanted.items())
    ]


def answer_with(body: bytes):
    return lambda request: ok(request, body if request.method == "INVITE" else b"")
