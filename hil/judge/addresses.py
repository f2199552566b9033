"""Which of a server's addresses and ports a phone asks, where its name has several.

A phone goes through the addresses of a name in turn (RFC 2782 for those of SRV records), and the lab
sees only its own: whoever reaches the lab may have been silent to others before.
"""

from __future__ import annotations

from hil.judge.shadow import Shadow
from hil.judge.steps import Asking
from hil.reference import attempts
from hil.reference.phone import Answered, Destination, Phone, Retrieve
from hil.reference.responses import NoAnswer


def reaches(shadow: Shadow, port: int, at: int) -> None:
    """The lab is asked at ``port``: of several addresses, those before the lab's are silent."""
    while isinstance(shadow.step, Asking) and shadow.phone.attempt is not None:
        retrieve, others = shadow.step.retrieve, shadow.phone.attempt.others
        url_port = retrieve.fetch.port
        if _is_here(shadow, retrieve.destination, port) or not any(
            _is_here(shadow, Destination(each.address, each.port or url_port), port)
            for each in others
        ):
            return
        if shadow.sees(shadow.step) and not _are_equal(shadow, retrieve, port):
            return
        shadow.happens(Answered(at, NoAnswer("no connection", unreachable=True)))


def ports_of(shadow: Shadow, phone: Phone) -> set[int]:
    """The ports at which the phone's attempt may ask a server, as far as that can be known."""
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return set()
    known = [Destination("", attempt.port), *attempt.others]
    if attempt.server is None:
        locate = attempts.look_up(attempt.fetch, phone.interpretations)
        known += shadow.names.destinations(locate)
    return {each.port or attempt.fetch.port for each in known}


def _is_here(shadow: Shadow, destination: Destination, port: int) -> bool:
    here = shadow.surroundings.address in ("", destination.address)
    return here and destination.port == port


def _are_equal(shadow: Shadow, retrieve: Retrieve, port: int) -> bool:
    """Whether SRV records leave it to chance which of two ports is asked (RFC 2782)."""
    service = attempts.look_up(retrieve.fetch, shadow.phone.interpretations).service
    ports = (retrieve.destination.port, port)
    first, other = (shadow.names.priority_of(service, each) for each in ports)
    return bool(service) and first == other
