"""Events of the phone's other protocols from few words, to be told in a `histories.Story`."""

from __future__ import annotations

from histories import IDENTITY, LAB, PHONE

from hil.history import events as ev
from hil.reference.profile_builder import flat_profile

SENT, RECEIVED = ev.Direction.SENT, ev.Direction.RECEIVED
NOBODY = "0.0.0.0"


def dhcp(kind: str, *, ciaddr: str = NOBODY, destination: str = "255.255.255.255") -> ev.Event:
    """A DHCP message of the phone's; one that has an address puts it into ``ciaddr``."""
    return ev.DhcpMessage(
        source="dhcp",
        direction=RECEIVED,
        kind=kind,
        mac=IDENTITY.mac,
        xid=1,
        ciaddr=ciaddr,
        destination=destination,
    )


def sip(
    method: str,
    direction: ev.Direction,
    *,
    user: str,
    call: str,
    status: int = 0,
    cseq: int = 1,
    event: str = "",
    expires: int = -1,
    peer: str = f"{PHONE}:5060",
) -> ev.SipMessage:
    """A SIP message about the phone's ``user``, ``sent`` to the phone or ``received`` from it.

    Of a request and of its responses From and To are the same (RFC 3261 section 8.2.6.2).
    """
    from_phone = (direction is RECEIVED) == (status == 0)
    registers = method == "REGISTER"
    return ev.SipMessage(
        source="sip",
        direction=direction,
        transport="UDP",
        peer=peer,
        port=5060,
        method=method,
        call_id=call,
        cseq=cseq,
        status=status,
        from_user=user if from_phone else "bench",
        to_user=user if registers or not from_phone else "bench",
        event_package=event.partition(";")[0],
        expires=expires,
        data=f"{method}\r\nEvent: {event}\r\n\r\n".encode() if event else b"",
    )


def web_requested(
    number: int, target: str, *, requester: str = LAB, parameters: dict[str, str] | None = None
) -> ev.Event:
    """The bench asks the phone's pages; with ``parameters`` it submits them."""
    return ev.WebRequested(
        source="web",
        exchange=number,
        scheme="http",
        method="GET" if parameters is None else "POST",
        target=target,
        requester=requester,
        body=flat_profile(**parameters) if parameters is not None else b"",
    )


def web_answered(number: int, status: int) -> ev.Event:
    return ev.WebAnswered(source="web", exchange=number, status=status)


def screen(action: str, *, offered: bool = True, detail: str = "") -> ev.Event:
    return ev.ScreenUsed(source="screen", action=action, offered=offered, detail=detail)


def time_asked() -> ev.Event:
    return ev.NtpQuery(source="ntp", peer=f"{PHONE}:123", version=4)


def time_told(utc_ns: int, *, stratum: int = 1, leap: int = 0) -> ev.Event:
    return ev.NtpAnswer(
        source="ntp", peer=f"{PHONE}:123", utc_ns=utc_ns, stratum=stratum, leap=leap
    )
