"""A SIP element of the lab that does what a test says, over UDP."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import ip_address

from hil.net.virtual import LAB_ADDRESS
from hil.wire import sdp
from hil.wire.sip_build import Hop, note_source, reply_hop, respond_to
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_dialog import Dialog, dialog_of_callee, dialog_of_caller
from hil.wire.sip_digest import (
    Algorithm,
    Verdict,
    Verifier,
    answer,
    parse_challenge,
    parse_credentials,
)
from hil.wire.sip_headers import NameAddress, Via
from hil.wire.sip_message import Message, Request, Response, with_header

SECOND = 1_000_000_000
PASSWORD = "secret"
ACCOUNT = {
    "User_ID_1_": "1001",
    "Password_1_": PASSWORD,
    "Proxy_1_": str(LAB_ADDRESS),
    "Line_Enable_2_": "No",
}
SDP = (("Content-Type", "application/sdp"),)


def ok(request: Request, *, expires: int = 3600) -> Response:
    """A registrar that takes everybody, for so long."""
    headers = tuple(("Contact", f"{each};expires={expires}") for each in request.contacts[:1])
    bare = tuple(
        (name, value.partition(";expires")[0] + f";expires={expires}") for name, value in headers
    )
    return respond_to(request, 200, to_tag="lab", headers=bare)


def refuse(status: int, **headers: str) -> Callable[[Request], Response]:
    """Someone who answers everything with ``status``."""
    extra = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda request: respond_to(request, status, to_tag="lab", headers=extra)


def silent(request: Request) -> None:
    """Someone who never answers."""


def demanding(algorithm: Algorithm, *, secret: str = PASSWORD, status: int = 401):
    """A registrar that wants digest credentials first; answers 403 to wrong ones."""
    verifier = Verifier("lab", b"0123456789abcdef")
    asks, brings = (
        ("WWW-Authenticate", "Authorization")
        if status == 401
        else ("Proxy-Authenticate", "Proxy-Authorization")
    )

    def reply(request: Request) -> Response | None:
        text = request.header(brings)
        if request.method == "ACK":
            return None
        if text is None:
            challenge = verifier.challenge(0, algorithm)
            return respond_to(request, status, to_tag="lab", headers=((asks, str(challenge)),))
        verdict = verifier.verify(
            parse_credentials(text),
            password=secret,
            method=request.method,
            algorithm=algorithm,
            now=0,
        )
        return ok(request) if verdict is Verdict.GOOD else refuse(403)(request)

    return reply


class SipPeer:
    """UDP ``port`` of the lab: keeps what arrives with its lab time, answers with ``reply``."""

    def __init__(self, lab, reply=ok, *, port: int = 5060, address=LAB_ADDRESS) -> None:
        self.reply = reply
        self.came: list[tuple[int, Message]] = []
        self._lab = lab
        self._clock = lab.clock
        self._socket = lab.udp(port, address=str(address))
        self._socket.setblocking(False)
        self.phone = Hop("UDP", str(lab.port.address), 5060)
        self._numbers = iter(range(1, 1000))
        self._at = f"{address}:{port}"

        async def listen():
            self._clock.loop.add_reader(self._socket, self._readable)

        self._clock.run(listen())

    @property
    def requests(self) -> list[Request]:
        return [message for _, message in self.came if isinstance(message, Request)]

    @property
    def responses(self) -> list[Response]:
        return [message for _, message in self.came if isinstance(message, Response)]

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def times(self, method: str) -> list[float]:
        """When each request of this method came, in seconds of lab time."""
        return [
            at / SECOND
            for at, message in self.came
            if isinstance(message, Request) and message.method == method
        ]

    def wait(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        until = self._clock.now() + int(within * SECOND)
        assert self._clock.wait(condition, until), [
            getattr(message, "method", None) or message.status for _, message in self.came
        ]

    def expect(self, method: str, count: int = 1, within: float = 60.0) -> Request:
        """The last of ``count`` requests of this method, awaited."""
        self.wait(lambda: self.methods().count(method) >= count, within)
        return [each for each in self.requests if each.method == method][count - 1]

    def answered(self, status: int, count: int = 1, within: float = 60.0) -> Response:
        """The last of ``count`` responses with this status, awaited."""
        self.wait(lambda: [r.status for r in self.responses].count(status) >= count, within)
        return [each for each in self.responses if each.status == status][count - 1]

    def pass_time(self, seconds: float) -> None:
        """Let lab time pass."""
        self._clock.run(asyncio.sleep(seconds), timeout=seconds + 60)

    def request(self, method: str, *headers: tuple[str, str], body: bytes = b"", **parts: str):
        """Make a request to the phone's line 1."""
        number = next(self._numbers)
        uri = parts.get("uri", f"sip:1001@{self.phone.host}")
        to = NameAddress(uri).with_tag(parts["to_tag"]) if "to_tag" in parts else NameAddress(uri)
        head = (
            ("Via", str(self._via())),
            ("Max-Forwards", "70"),
            ("From", str(NameAddress(f"sip:lab@{LAB_ADDRESS}").with_tag("lab"))),
            ("To", str(to)),
            ("Call-ID", parts.get("call_id", f"lab-{number}")),
            ("CSeq", f"{parts.get('cseq', number)} {method}"),
            ("Contact", f"<sip:lab@{self._at}>"),
        )
        return Request(method, uri, (*head, *headers), body)

    def notify(self, event: str, *headers: tuple[str, str]) -> Request:
        return self.request("NOTIFY", ("Event", event), *headers)

    def with_credentials(self, request: Request, challenged: Response, **wrong: str) -> Request:
        """The same request again, with an answer to the challenge."""
        credentials = answer(
            parse_challenge(challenged.header("WWW-Authenticate") or ""),
            username=wrong.get("username", "1001"),
            password=wrong.get("password", PASSWORD),
            method=request.method,
            uri=wrong.get("digest_uri", request.uri),
            cnonce="0a0b0c",
        )
        request = with_header(request, "Via", str(self._via()))
        request = with_header(request, "CSeq", f"{next(self._numbers)} {request.method}")
        return with_header(request, "Authorization", str(credentials))

    def send(self, message: Message, hop: Hop | None = None) -> None:
        self.send_bytes(encode(message), hop)

    def send_bytes(self, data: bytes, hop: Hop | None = None) -> None:
        hop = hop or self.phone

        async def write():
            self._socket.sendto(data, (hop.host, hop.port))

        self._clock.run(write())

    def offer(self, *codecs: sdp.Codec) -> bytes:
        return sdp.encode(sdp.offer(LAB_ADDRESS, 4000, codecs or (sdp.PCMU,)))

    def accept(self, invite: Request, *codecs: sdp.Codec, body: bytes | None = None) -> Dialog:
        """Answer an INVITE of the phone with 200 and these codecs."""
        contact = ("Contact", f"<sip:lab@{self._at}>")
        body = self.offer(*codecs) if body is None else body
        headers = (contact, *SDP) if body else (contact,)
        response = respond_to(invite, 200, to_tag="callee", headers=headers, body=body)
        self.send(response)
        return dialog_of_callee(invite, response)

    def acknowledge(self, invite: Request, response: Response, *codecs: sdp.Codec) -> Dialog:
        """Send the ACK of a 200 of the phone's, with an answer if there are codecs."""
        dialog = dialog_of_caller(invite, response)
        headers, body = (SDP, self.offer(*codecs)) if codecs else ((), b"")
        self.send(dialog.ack(invite.cseq.number, self._via(), headers=headers, body=body))
        return dialog

    def bye(self, dialog: Dialog) -> None:
        self.send(dialog.request("BYE", self._via())[1])

    def _via(self) -> Via:
        host, _, port = self._at.partition(":")
        branch = f"z9hG4bK-{self._at.replace(':', '-')}-{next(self._numbers)}"
        return Via("UDP", host, int(port), (("branch", branch),))

    def unreachable(self, code: int, *, port: int = 5060) -> None:
        """Send an ICMP destination unreachable about what the phone sent to our ``port``.

        Code 1 is the host, 3 the port (RFC 792); it quotes IP and UDP header and nothing else.
        """
        phone, lab = (ip_address(each).packed for each in (self.phone.host, LAB_ADDRESS))
        udp = struct.pack("!HHHH", 5060, port, 8 + 400, 0)
        quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 428, 1, 0, 64, 17, 0, phone, lab) + udp
        bare = struct.pack("!BBHI", 3, code, 0, 0) + quoted
        total = sum(struct.unpack(f"!{len(bare) // 2}H", bare))
        total = (total & 0xFFFF) + (total >> 16)
        checked = struct.pack("!BBHI", 3, code, ~(total + (total >> 16)) & 0xFFFF, 0) + quoted
        with self._lab.server.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:

            async def write():
                raw.sendto(checked, (self.phone.host, 0))

            self._clock.run(write())

    def close(self) -> None:
        async def end():
            if self._socket.fileno() >= 0:
                self._clock.loop.remove_reader(self._socket)
                self._socket.close()

        self._clock.run(end())

    def _readable(self) -> None:
        while True:
            try:
                data, (host, port) = self._socket.recvfrom(65535)
            except OSError:
                break
            message = decode(data)
            self.came.append((self._clock.now(), message))
            if isinstance(message, Request):
                noted = note_source(message, host, port)
                reply = self.reply(noted) if message.method != "ACK" else None
                if reply is not None:
                    hop = reply_hop(noted, Hop("UDP", host, port))
                    self._socket.sendto(encode(reply), (hop.host, hop.port))
        self._clock.notify()
