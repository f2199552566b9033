"""The lines' registrations along a history: which events concern which line, and what each says.

Whatever way the phone's own affairs went, its REGISTERs are the same, so there is one watch a line
(`hil.judge.line_watch`) beside all explanations. Where these disagree about the parameters, nothing is
held against a line. A line is followed only if the lab sees each of its servers: its parameters name
them by the lab's own address, on ports that the lab listens on.
"""

from __future__ import annotations

from collections.abc import Sequence

from hil.history import events as ev
from hil.judge.findings import Ledger
from hil.judge.line_watch import LineWatch, Standing
from hil.judge.shadow import Shadow
from hil.judge.timing import Timing
from hil.reference.due import Reason
from hil.reference.line_decisions import REFERENCE_LINE, Server
from hil.reference.line_parameters import LINE_ROWS, LINES
from hil.reference.parameters import Parameters
from hil.reference.phone import Phase

SIP_SOURCES = ("sip", "backup-sip")
SEEN_PORTS = {"UDP": (5060, 5070), "TCP": (5060, 5070), "TLS": (5061,)}
"""Where a bench's SIP server and its backup listen."""

_DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}
_MOST_REQUESTS = 64
_MOST_COMPARED = 256
_NAMES = (*(row.name for row in LINE_ROWS), *(f"User_ID_{number}_" for number in LINES))
_TRANSPORT_FAULTS = ("Unreachable", "Reset")
_HARMLESS_FAULTS = ("Silence", "Delay", "SipStatus", "MalformedSip", "WrongSdp", "NoAck")


class Registrations:
    """Feed it each event before the ways take it; `ledger` has what it found."""

    def __init__(self, timing: Timing) -> None:
        self.ledger = Ledger()
        self._lines = tuple(LineWatch(number, timing, self.ledger) for number in LINES)
        self._requests: dict[tuple[str, int], _Request | None] = {}
        self._address = ""
        self._server = ""
        self._parameters = Parameters()
        self._agreed = True
        self._last = 0
        self._cut: int | None = None
        self._alike: dict[tuple[int, int], tuple[Parameters, Parameters, bool]] = {}

    @property
    def followed(self) -> frozenset[int]:
        """The lines of which everything is known that decides about their next REGISTER."""
        held = (each.number for each in self._lines if each.standing is Standing.HELD)
        return frozenset(held)

    def feed(self, event: ev.Event, ways: Sequence[Shadow]) -> None:
        """Take the next event into account."""
        if self._address:
            self._look_at(ways, event.at)
            self._settle_cut(event)
        self._last = event.at
        match event:
            case ev.SipMessage(method="REGISTER"):
                self._message(event)
            case ev.DhcpMessage():
                self._dhcp(event, ways)
            case ev.PowerRequested(action=ev.PowerAction.OFF) | ev.HandsetPrepared():
                self._stop()
            case ev.PowerSwitched(action=ev.PowerAction.OFF) | ev.PowerFailed():
                self._stop()
            case ev.FaultInjected(source="sip" | "backup-sip"):
                self._fault(event)
            case ev.Disconnected(source="sip" | "backup-sip"):
                self._cut = event.connection
            case ev.Undelivered() | ev.TlsHandshake(succeeded=False):
                if event.source in SIP_SOURCES:
                    self._doubt()
            case _:
                return

    # -- the phone ---------------------------------------------------------------------------------

    def _look_at(self, ways: Sequence[Shadow], now: int) -> None:
        """See how the phone stands before what happens now."""
        if any(way.lost is not None for way in ways):
            self._stop()
            return
        # What is new about the parameters is so since the last event.
        self._follow_parameters(ways, self._last)
        if any(way.restart is not None for way in ways):
            self._doubt()
        busy: bool | None = None
        for line in self._lines:
            if line.standing is Standing.HELD:
                busy = any(_is_busy(way) for way in ways) if busy is None else busy
                line.time_is(now, busy=busy)

    def _follow_parameters(self, ways: Sequence[Shadow], now: int) -> None:
        first = ways[0].phone.parameters
        others = (way.phone.parameters for way in ways[1:])
        agreed = all(each is first or self._are_alike(each, first) for each in others)
        if not agreed:
            self._agreed = False
            self._doubt()
        elif first is not self._parameters or not self._agreed:
            changed = not self._are_alike(first, self._parameters)
            for line in self._lines:
                if not self._agreed:
                    line.overlooked(now, first, blind=self._is_blind(first, line.number))
                elif changed:
                    line.configure(now, first, blind=self._is_blind(first, line.number))
            self._parameters, self._agreed = first, True

    def _are_alike(self, one: Parameters, other: Parameters) -> bool:
        """Whether two sets of parameters say the same of the lines; remembered as objects."""
        key = (id(one), id(other))
        known = self._alike.get(key)
        if known is None:
            if len(self._alike) >= _MOST_COMPARED:
                self._alike.clear()
            # Kept with the verdict, so that no other object can have their identity.
            known = self._alike[key] = (one, other, _concerning(one) == _concerning(other))
        return known[2]

    def _dhcp(self, event: ev.DhcpMessage, ways: Sequence[Shadow]) -> None:
        asks = event.kind in ("DISCOVER", "REQUEST") and event.ciaddr == "0.0.0.0"
        if asks or event.kind == "NAK":
            self._stop()
        elif event.kind == "ACK" and event.yiaddr not in ("0.0.0.0", self._address):
            self._stop()
            self._address = event.yiaddr
            self._server = ".".join(map(str, event.options.get(54, b"")))
            self._parameters, self._agreed = ways[0].phone.parameters, True
            reading = ways[0].phone.interpretations
            for line in self._lines:
                blind = self._is_blind(self._parameters, line.number)
                line.start(event.at, self._parameters, reading, blind=blind)
                if event.ciaddr != "0.0.0.0":
                    # It renews a lease: its lines began while nobody knew what it was doing.
                    line.doubt()

    def _stop(self) -> None:
        self._address = ""
        self._cut = None
        self._requests.clear()
        for line in self._lines:
            line.stop()

    def _doubt(self) -> None:
        for line in self._lines:
            line.doubt()

    # -- servers -----------------------------------------------------------------------------------

    def _is_blind(self, parameters: Parameters, line: int) -> bool:
        """Whether the lab does not see all that the line says to its servers."""
        transport = parameters.choice(f"SIP_Transport_{line}_")
        if transport not in SEEN_PORTS:
            return True
        mine, other = (parameters.raw(f"User_ID_{n}_").strip() for n in (line, 3 - line))
        found = REFERENCE_LINE.servers(parameters, line)
        places = {(each.host, _port_of(each, transport)) for each in found}
        seen = all(host == self._server and port in SEEN_PORTS[transport] for host, port in places)
        alike = bool(mine) and mine == other
        return not seen or len(places) < len(found) or alike

    def _line_and_server(self, event: ev.SipMessage) -> tuple[LineWatch, int] | None:
        for line in self._lines:
            if event.to_user and line.parameters.raw(f"User_ID_{line.number}_") == event.to_user:
                transport = line.parameters.choice(f"SIP_Transport_{line.number}_")
                servers = REFERENCE_LINE.servers(line.parameters, line.number)
                ports = [_port_of(each, transport) for each in servers]
                return (line, ports.index(event.port)) if event.port in ports else None
        return None

    # -- messages ----------------------------------------------------------------------------------

    def _message(self, event: ev.SipMessage) -> None:
        key = (event.call_id, event.cseq)
        if event.direction is ev.Direction.SENT:
            request = self._requests.get(key)
            if request is not None and event.status >= 200:
                # Remembered on, so that a repetition of it is known as one.
                self._requests[key] = None
                line, server, asked = request
                line.answered(asked, server, event)
        elif key not in self._requests and event.status == 0:
            found = self._line_and_server(event)
            self._requests[key] = (*found, event) if found is not None else None
            if len(self._requests) > _MOST_REQUESTS:
                del self._requests[next(iter(self._requests))]
            if found is not None:
                found[0].registers(event, found[1])

    def _fault(self, event: ev.FaultInjected) -> None:
        if event.fault in _TRANSPORT_FAULTS:
            if "REGISTER " in event.detail:
                call_id = event.detail.rpartition("REGISTER ")[2]
                for line in self._lines:
                    line.undelivered(call_id, event.at)
        elif event.fault not in _HARMLESS_FAULTS:
            self._doubt()

    def _settle_cut(self, event: ev.Event) -> None:
        """A connection ended: by a reset of ours, which is told next, or by the phone's own doing."""
        if self._cut is None:
            return
        if not (isinstance(event, ev.FaultInjected) and event.fault == "Reset"):
            for line in self._lines:
                if line.waits_by(self._cut):
                    line.doubt()
        self._cut = None


_Request = tuple[LineWatch, int, ev.SipMessage]


def _concerning(parameters: Parameters) -> tuple[str, ...]:
    """What lines and their registrations go by."""
    return tuple(parameters.raw(name) for name in _NAMES)


def _port_of(server: Server, transport: str) -> int:
    return server.port or _DEFAULT_PORTS.get(transport, 0)


def _is_busy(way: Shadow) -> bool:
    """Whether the phone is not through with booting, to which provisioning may belong."""
    due = way.phone.due
    return way.phone.phase is not Phase.WAITING or (
        due is not None and due.reason is Reason.POWER_UP
    )
