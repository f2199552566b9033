"""The session descriptions of the endpoint's calls, right ones and wrong ones.

Speech that the handset sends arrives at a socket that reads and drops it: without one, the kernel
would tell the handset by ICMP that its call has no other end.
"""

from __future__ import annotations

from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.sip_faults import WrongSdp
from hil.errors import RemoteProtocolError
from hil.wire import sdp
from hil.wire.sip_message import Headers

_UNHEARD_OF = sdp.Codec(96, "X-UNHEARD-OF", 16000)
_REFUSED_PORT = b"m=audio 0 "


class Media:
    """Where the endpoint hears, and what it says of that."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._socket = DatagramSocket(station, _drop, port=0)

    def open(self) -> None:
        """Have a port for speech; `EndpointError` if there is none."""
        self._socket.open()

    def close(self) -> None:
        """Give it back."""
        self._socket.close()

    def offer(self, codecs: tuple[sdp.Codec, ...]) -> bytes:
        """Offer these codecs."""
        return sdp.encode(sdp.offer(self._station.place.address, self._socket.port, codecs))

    def answer(self, offered: bytes, codecs: tuple[sdp.Codec, ...]) -> bytes | None:
        """Answer an offer; None if it is none, or no codec is common."""
        try:
            made = sdp.answer(
                sdp.decode(offered), self._station.place.address, self._socket.port, codecs
            )
        except RemoteProtocolError:
            return None
        return None if made is None else sdp.encode(made)

    def accepts(self, offered: bytes, answered: bytes) -> bool:
        """Whether the handset's answer takes something from our offer."""
        try:
            return bool(sdp.agreed(sdp.decode(offered), sdp.decode(answered)))
        except RemoteProtocolError:
            return False

    def wrong(self, fault: WrongSdp) -> bytes:
        """A body that no handset can accept."""
        match fault.kind:
            case "codec":
                return self.offer((_UNHEARD_OF,))
            case "refused":
                whole = self.offer((sdp.PCMU,))
                return whole.replace(b"m=audio %d " % self._socket.port, _REFUSED_PORT)
            case "noise":
                return b"this is no session description\r\n"
        return b""


def typed(body: bytes) -> Headers:
    """The Content-Type of a session description; none for an empty body."""
    return (("Content-Type", sdp.CONTENT_TYPE),) if body else ()


def _drop(datagram: Datagram) -> None:
    """Nobody listens."""
