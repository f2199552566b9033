"""The syslog server of a bench: it records what the handset logs and never answers.

What a datagram means is read by `hil.wire.syslog`, which finds a reading for any bytes, so nothing
that arrives from the handset is refused; the datagram itself is kept in the event.
"""

from __future__ import annotations

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place
from hil.wire.syslog import parse


class SyslogEndpoint:
    """A syslog server (RFC 3164, RFC 5424, UDP as in RFC 5426) for one handset.

    ``name`` is what it is called in the history, where a bench has more than one.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: int = 514,
        name: str = "syslog",
    ) -> None:
        self._station = Station(name, place, clock, history, admission)
        self._socket = DatagramSocket(self._station, self._receive, port=port)

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._socket.listening

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return self._socket.descriptors

    @property
    def address(self) -> str:
        """The address that it listens on."""
        return self._station.address

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._socket.port

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()

    async def close(self) -> None:
        """Stop at once."""
        self._station.cancel_timers()
        self._socket.close()

    def reset(self) -> None:
        """Nothing is configured here; datagrams not yet admitted are forgotten."""
        self._station.in_loop(self._station.cancel_timers)
        self._station.configured("reset")

    def _receive(self, datagram: Datagram) -> None:
        record = parse(datagram.data)
        # Only a header gives a tag its place; without one, a first word with a colon is text.
        tagged = record.version is not None or record.timestamp is not None
        self._station.history.append(
            ev.SyslogMessage(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                text=record.content if tagged else record.message,
                peer=datagram.peer,
                facility=record.facility,
                severity=record.severity,
                tag=(record.app_name or "") if tagged else "",
                data=datagram.data,
                port=self._socket.port,
            )
        )
