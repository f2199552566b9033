"""The NTP server of a bench: the calendar that the lab says, for as long as a test likes it.

Lab time begins at an epoch and runs on; a test sets the clock to another time or shifts it, and it
runs on from there. It answers as a primary server does (RFC 5905 section 7.3, RFC 4330 section 6),
with the instant at which the query came and the one at which the answer goes, so a delayed answer
still tells the right time. Only queries of clients are answered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.errors import RemoteProtocolError, UsageError
from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.net.interface import Place
from hil.wire import ntp

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The calendar time at lab time 0, as the virtual handset has it."""

_APPLICABLE = (fl.Silence, fl.Delay, fl.Unsynchronized, fl.KissOfDeath, fl.RawAnswer)
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1968, 1, 21, tzinfo=UTC)
_LATEST = datetime(2104, 1, 1, tzinfo=UTC)
_PRECISION = -20
_REFERENCE_ID = b"LOCL"
_STARTING = b"INIT"


class NtpEndpoint:
    """An NTP server for one handset; see the module. ``epoch`` is the time at lab time 0."""

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        epoch: datetime = EPOCH,
        port: int = ntp.SERVER_PORT,
    ) -> None:
        self._station = Station("ntp", place, clock, history, admission)
        self._socket = DatagramSocket(self._station, self._receive, port=port)
        self._faults = fl.FaultPlan("ntp", _APPLICABLE)
        self._epoch_ns = _checked(epoch)
        self._ahead_ns = 0

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

    # -- the test's side ---------------------------------------------------------------------------

    @property
    def utc_ns(self) -> int:
        """What it tells at this moment, nanoseconds since 1970."""
        return self._at(self._station.clock.now())

    def set(self, time: datetime) -> None:
        """Tell this time, which has to have a zone, from now on, and run on from there.

        The years 1968 to 2103 are those that an NTP client can tell from others.
        """
        self._ahead_ns = _checked(time) - self._epoch_ns - self._station.clock.now()
        self._station.configured(f"it is {time.astimezone(UTC).isoformat()}")

    def shift(self, seconds: float) -> None:
        """Put the clock forward by ``seconds``, or back if they are negative."""
        moved = self._ahead_ns + round(seconds * NANOSECONDS)
        _checked_ns(self._epoch_ns + self._station.clock.now() + moved)
        self._ahead_ns = moved
        self._station.configured(f"the clock is put {'back' if seconds < 0 else 'forward'} by "
                                 f"{abs(seconds):g} s")  # fmt: skip

    def silent(self) -> None:
        """Answer no query from now on."""
        self.inject(fl.Silence())

    def unsynchronized(self) -> None:
        """Answer every query from now on as a server that does not know the time."""
        self.inject(fl.Unsynchronized())

    def inject(self, fault: fl.Fault, *, nth: int | range | None = None) -> None:
        """Misbehave: towards every query, or the ``nth`` one."""
        planned = fl.Planned(fault, nth)
        self._faults.add(planned)
        self._station.armed(planned)

    def reset(self) -> None:
        """Tell epoch and lab time, have no fault, and forget answers that are being delayed."""
        self._ahead_ns = 0
        self._faults.clear()
        self._station.in_loop(self._station.cancel_timers)
        self._station.configured("reset")

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()

    async def close(self) -> None:
        """Stop at once."""
        self._station.cancel_timers()
        self._socket.close()

    # -- the handset's side ------------------------------------------------------------------------

    def _receive(self, datagram: Datagram) -> None:
        query = self._read(datagram)
        if query is None:
            return
        self._station.history.append(
            ev.NtpQuery(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                peer=datagram.peer,
                version=query.version,
                data=datagram.data,
            )
        )
        came_ns = self._at(datagram.at)
        due = self._faults.due("")
        for fault in due:
            self._station.injected(fault)
        if any(isinstance(fault, fl.Silence) for fault in due):
            return
        delay = sum(fault.seconds for fault in due if isinstance(fault, fl.Delay))
        if delay:
            self._station.after(delay, lambda: self._send(query, came_ns, due, datagram))
        else:
            self._send(query, came_ns, due, datagram)

    def _read(self, datagram: Datagram) -> ntp.Packet | None:
        """Give a client's query, or record why it is none and give None."""
        try:
            query = ntp.Packet.parse(datagram.data)
            if query.mode is not ntp.Mode.CLIENT:
                raise RemoteProtocolError(f"an NTP packet of mode {query.mode.name.lower()}")
        except RemoteProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            return None
        return query

    def _send(
        self, query: ntp.Packet, came_ns: int, due: tuple[fl.Fault, ...], asker: Datagram
    ) -> None:
        for fault in due:
            if isinstance(fault, fl.RawAnswer):
                self._socket.send(fault.data, asker.host, asker.port)
                return
        answer = self._answer(query, came_ns, due)
        data = answer.pack()
        # From before it goes out, as what follows from it may be here by now.
        before = self._station.clock.now()
        if not self._socket.send(data, asker.host, asker.port):
            return
        self._station.history.append(
            ev.NtpAnswer(
                source=self._station.source,
                at=before,
                peer=asker.peer,
                utc_ns=ntp.utc_ns(answer.transmit),
                stratum=answer.stratum,
                leap=answer.leap,
                data=data,
            )
        )

    def _answer(self, query: ntp.Packet, came_ns: int, due: tuple[fl.Fault, ...]) -> ntp.Packet:
        # A primary server is corrected all the time; the last second is as good as any instant.
        corrected_ns = came_ns // NANOSECONDS * NANOSECONDS
        answer = ntp.Packet(
            ntp.Mode.SERVER,
            version=query.version,
            stratum=1,
            poll=query.poll,
            precision=_PRECISION,
            reference_id=_REFERENCE_ID,
            reference=ntp.timestamp(corrected_ns),
            origin=query.transmit,
            receive=ntp.timestamp(came_ns),
            transmit=ntp.timestamp(self.utc_ns),
        )
        for fault in due:
            if isinstance(fault, fl.Unsynchronized | fl.KissOfDeath):
                code = fault.code.encode() if isinstance(fault, fl.KissOfDeath) else _STARTING
                answer = replace(
                    answer,
                    leap=ntp.Leap.UNSYNCHRONIZED,
                    stratum=ntp.NO_TIME_STRATUM,
                    reference_id=code.ljust(4, b"\0"),
                )
        return answer

    def _at(self, lab_ns: int) -> int:
        return self._epoch_ns + lab_ns + self._ahead_ns


def _checked(time: datetime) -> int:
    if time.tzinfo is None:
        raise UsageError(f"{time} has no time zone", remedy="datetime(..., tzinfo=UTC)")
    return _checked_ns((time - _UNIX) // timedelta(microseconds=1) * 1000)


def _checked_ns(utc_ns: int) -> int:
    earliest, latest = (int(end.timestamp()) * NANOSECONDS for end in (_EARLIEST, _LATEST))
    if not earliest <= utc_ns < latest:
        raise UsageError("a time that an NTP client reads as another", remedy="1968-01-21 to 2103")
    return utc_ns
