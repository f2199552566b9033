"""What a call's two sides agree on: offer and answer (RFC 3264), in an INVITE and what follows it.

The offer is in the INVITE or, where that has none, in its 200; then the answer is in the ACK (RFC
3261, section 13.2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from hil.errors import RemoteProtocolError
from hil.wire import sdp
from hil.wire.sip_message import Headers, Request, Response

SDP: Headers = (("Content-Type", sdp.CONTENT_TYPE),)
"""The header of a message that has a description."""


class Session:
    """The session of a call that is at ``address`` and ``port`` here, and knows these codecs.

    ``acceptable`` judges the answer to an offer.
    """

    def __init__(
        self,
        address: IPv4Address,
        port: int,
        codecs: tuple[sdp.Codec, ...],
        acceptable: Callable[[sdp.Description, sdp.Description], bool],
    ) -> None:
        self._address = address
        self._port = port
        self._codecs = codecs
        self._acceptable = acceptable
        self._offer: sdp.Description | None = None
        self._awaits_answer = False

    @property
    def awaits_answer(self) -> bool:
        """Whether the other side has left the offer to us, so that its ACK has the answer."""
        return self._awaits_answer

    def offer(self) -> sdp.Description:
        """Our offer."""
        self._offer = sdp.offer(self._address, self._port, self._codecs)
        return self._offer

    def describe(self, request: Request) -> sdp.Description | None:
        """Our answer to the offer in a request, or our offer where it has none; None: no codec."""
        self._awaits_answer = not request.body
        if not request.body:
            return self.offer()
        offered = _description(request)
        if offered is None:
            return None
        return sdp.answer(offered, self._address, self._port, self._codecs)

    def agrees(self, message: Request | Response) -> bool:
        """Whether the answer in a message takes a codec from our offer."""
        answered = _description(message)
        if self._offer is None or answered is None:
            return False
        return self._acceptable(self._offer, answered)


def _description(message: Request | Response) -> sdp.Description | None:
    """The session description of a message; None if it has none that can be read."""
    if not message.body:
        return None
    try:
        if message.content_type != sdp.CONTENT_TYPE:
            return None
        return sdp.decode(message.body)
    except RemoteProtocolError:
        return None
