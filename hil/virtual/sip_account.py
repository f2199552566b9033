"""Who a line is to its server: the account of its parameters, and the requests that speak for it.

The address of record is User_ID_n_ at the server's domain, the Contact is User_ID_n_ at the phone's
own address and SIP_Port_n_. Challenges are answered with Auth_ID_n_, or User_ID_n_ where that is
empty, and Password_n_.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.reference.parameters import Parameters
from hil.wire.sip_build import request_head
from hil.wire.sip_digest import Algorithm, Challenge, answer, parse_challenge
from hil.wire.sip_headers import MAGIC_COOKIE, CSeq, NameAddress, Via
from hil.wire.sip_message import Headers, Request, Response, with_header
from hil.wire.sip_uri import SipUri, parse_uri

_CHALLENGES = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A line's part of the parameters, at the phone's ``address``; ``transport`` is UDP, TCP or TLS."""

    line: int
    user: str
    auth_user: str
    password: str
    display: str
    transport: str
    address: IPv4Address
    port: int

    @property
    def contact(self) -> NameAddress:
        """Where the line can be reached."""
        kind = self.transport.lower()
        parameters = () if kind == "udp" else (("transport", kind),)
        user = self.user or None
        return NameAddress(str(SipUri(str(self.address), user, self.port, parameters)))

    @property
    def default_port(self) -> int:
        """The port of a server that names none (RFC 3261 section 19.1.2)."""
        return 5061 if self.transport == "TLS" else 5060

    def of_record(self, domain: str, tag: str = "") -> NameAddress:
        """The address of record at ``domain``, with the name that others are shown."""
        made = NameAddress(str(SipUri(domain, self.user or None)), self.display)
        return made.with_tag(tag) if tag else made


class Identifiers:
    """The random texts of SIP, drawn from ``chance``."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def branch(self) -> str:
        """A branch that no other request has."""
        return f"{MAGIC_COOKIE}{self._chance.getrandbits(80):020x}"

    def tag(self) -> str:
        """A tag of a From or a To."""
        return f"{self._chance.getrandbits(48):012x}"

    def call_id(self, address: IPv4Address) -> str:
        """A Call-ID."""
        return f"{self._chance.getrandbits(80):020x}@{address}"

    def cnonce(self) -> str:
        """The client's part of a digest."""
        return f"{self._chance.getrandbits(64):016x}"

    def secret(self) -> bytes:
        """A key for nonces."""
        return self._chance.randbytes(16)


def read_account(parameters: Parameters, line: int, address: IPv4Address) -> Account:
    """Read the account; AUTO, which would have DNS choose, is UDP here."""
    user = parameters.raw(f"User_ID_{line}_").strip()
    auth_id = parameters.raw(f"Auth_ID_{line}_").strip()
    if not parameters.flag(f"Use_Auth_ID_{line}_"):
        auth_id = ""
    chosen = parameters.choice(f"SIP_Transport_{line}_")
    return Account(
        line=line,
        user=user,
        auth_user=auth_id or user,
        password=parameters.raw(f"Password_{line}_"),
        display=" ".join(parameters.raw(f"Display_Name_{line}_").replace("\0", " ").split()),
        transport="UDP" if chosen == "AUTO" else chosen,
        address=address,
        port=parameters.integer(f"SIP_Port_{line}_"),
    )


def footing(parameters: Parameters, line: int) -> tuple[str, ...]:
    """What a line stands on: with another value of these its socket or its account is another."""
    own = ("Line_Enable", "SIP_Port", "SIP_Transport", "User_ID", "Password", "Auth_ID")
    names = [f"{name}_{line}_" for name in (*own, "Use_Auth_ID", "Display_Name")]
    return tuple(parameters.raw(name) for name in (*names, "SIP_T1", "SIP_T2", "SIP_T4"))


def is_for(request: Request, user: str) -> bool:
    """Whether the Request-URI means the line: its user, or none."""
    try:
        return parse_uri(request.uri).user in (None, user)
    except RemoteProtocolError:
        return False


def via(account: Account, identifiers: Identifiers) -> Via:
    """The Via of a new request; the answer may come to whatever port it came from (RFC 3581)."""
    parameters = (("branch", identifiers.branch()), ("rport", None))
    return Via(account.transport, str(account.address), account.port, parameters)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What requests outside a dialog share: a Call-ID and the tag of their From."""

    call_id: str
    tag: str


def build(
    account: Account,
    identifiers: Identifiers,
    conversation: Conversation,
    method: str,
    uri: str,
    domain: str,
    cseq: int,
    *,
    to: NameAddress,
    headers: Headers = (),
    body: bytes = b"",
) -> Request:
    """Make a request of the line outside any dialog."""
    head = request_head(
        method=method,
        via=via(account, identifiers),
        from_=account.of_record(domain, conversation.tag),
        to=to,
        call_id=conversation.call_id,
        cseq=cseq,
    )
    return Request(method, uri, (*head, *headers), body)


def authorized(
    request: Request,
    response: Response,
    account: Account,
    identifiers: Identifiers,
    algorithms: Sequence[Algorithm],
) -> Request | None:
    """The request once more with an answer to the challenge of a 401 or 407; None if there is none.

    The first challenge that names one of ``algorithms`` is answered (RFC 8760 section 2.3). Who refuses
    the answer to a fresh nonce is not asked again (RFC 3261 section 22.3).
    """
    names = _CHALLENGES.get(response.status)
    if names is None:
        return None
    challenge = next(iter(_challenges(response, names[0], algorithms)), None)
    if challenge is None or (request.header(names[1]) is not None and not challenge.stale):
        return None
    try:
        credentials = answer(
            challenge,
            username=account.auth_user,
            password=account.password,
            method=request.method,
            uri=request.uri,
            cnonce=identifiers.cnonce(),
        )
        text = str(credentials)
    except LocalProtocolError:
        return None
    number = CSeq(request.cseq.number + 1, request.method)
    again = with_header(request, "CSeq", str(number))
    again = with_header(again, "Via", str(via(account, identifiers)))
    return replace(with_header(again, names[1], text), raw=b"")


def _challenges(response: Response, name: str, algorithms: Sequence[Algorithm]) -> list[Challenge]:
    found = []
    for known, value in response.headers:
        if known.lower() != name.lower():
            continue
        try:
            challenge = parse_challenge(value)
        except RemoteProtocolError:
            continue
        if challenge.algorithm in algorithms:
            found.append(challenge)
    return found
