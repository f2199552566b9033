"""The TFTP server of a bench: a tree of files in memory, read by one handset.

Paths are those of a URL: ``/7832.xml``. A phone that leaves out the leading slash means the same
file, repeated slashes and ``.`` count for nothing, and ``..`` may not lead out of the tree. Events
have the path in this normal form; the request's own octets are beside it. Nothing can be written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.bodies import Content, keep, octets
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.tftp_faults import APPLICABLE
from hil.endpoints.tftp_transfer import Asked, Ending, Transfer, packet_event
from hil.errors import EndpointError, ProtocolError, UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place
from hil.wire import tftp
from hil.wire.tftp_server import Limits, refuse_write

LONGEST_PATH = 255
"""Octets of a path; longer ones are refused."""
MOST_TRANSFERS = 64
"""Transfers that one handset may have open; it needs one, and each holds a port."""


class TftpEndpoint:
    """A TFTP server (RFC 1350; options of RFC 2347, 2348, 2349 and 7440) for one handset."""

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: int = 69,
        limits: Limits | None = None,
    ) -> None:
        self._station = Station("tftp", place, clock, history, admission)
        self._socket = DatagramSocket(self._station, self._receive, port=port)
        self._usual = self._limits = limits or Limits()
        self._faults = fl.FaultPlan("tftp", APPLICABLE)
        self._files: Mapping[str, bytes] = {}
        self._transfers: dict[tuple[str, int], Transfer] = {}
        self._delayed: dict[tuple[str, int], Asked] = {}

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

    def serve(self, path: str, body: Content) -> None:
        """Have a file at ``path`` from the next request on: octets, text (as UTF-8), or a file's."""
        data = octets(body)
        self._files = {**self._files, _configured_path(path): data}
        self._station.configured(f"serve {path}, {len(data)} octets")

    def remove(self, path: str) -> None:
        """Have no file at ``path``."""
        gone = _configured_path(path)
        self._files = {known: body for known, body in self._files.items() if known != gone}
        self._station.configured(f"remove {path}")

    def inject(
        self, fault: fl.Fault, *, nth: int | range | None = None, name: str | None = None
    ) -> None:
        """Misbehave: towards every read request, or the ``nth`` one for the path ``name``."""
        planned = fl.Planned(fault, nth, None if name is None else _configured_path(name))
        self._faults.add(planned)
        self._station.armed(planned)

    def limit(self, limits: Limits) -> None:
        """Grant no more than ``limits`` to the transfers that begin from now on.

        That is no fault: every server of RFC 2347 may leave options out and lower their values.
        """
        self._limits = limits
        known = ", ".join(sorted(limits.options)) or "none"
        self._station.configured(
            f"options {known}; blksize {limits.max_blksize}, windowsize {limits.max_windowsize}"
        )

    def reset(self) -> None:
        """Serve nothing, have no fault and the usual limits; abort the transfers that are open."""
        self._files = {}
        self._limits = self._usual
        self._faults.clear()
        self._station.in_loop(lambda: self._abort("reset"))
        self._station.configured("reset")

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()

    async def close(self) -> None:
        """Stop at once; open transfers are aborted."""
        self._abort("the server closes")
        self._socket.close()

    def _abort(self, reason: str) -> None:
        self._station.cancel_timers()
        for asked in list(self._delayed.values()):
            self._end(asked, Ending(ev.Outcome.ABORTED, detail=reason))
        for transfer in list(self._transfers.values()):
            transfer.abort(reason)

    # -- the handset's side ------------------------------------------------------------------------

    def _receive(self, datagram: Datagram) -> None:
        try:
            packet = tftp.decode(datagram.data)
        except ProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            if datagram.data[:2] != tftp.Opcode.ERROR.to_bytes(2, "big"):
                self._complain(datagram, tftp.ErrorCode.ILLEGAL_OPERATION, str(error))
            return
        match packet:
            case tftp.Request(write=True):
                self._write(datagram, packet)
            case tftp.Request():
                self._read(datagram, packet)
            case _:
                reason = f"{type(packet).__name__} at the port for requests"
                self._station.refused_datagram(datagram, reason)

    def _write(self, datagram: Datagram, request: tftp.Request) -> None:
        self._station.history.append(
            ev.TftpRefused(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                path=request.filename,
                peer=datagram.peer,
            )
        )
        self._socket.send(refuse_write(), datagram.host, datagram.port)

    def _read(self, datagram: Datagram, request: tftp.Request) -> None:
        path, fault = _normal(request.filename)
        client = (datagram.host, datagram.port)
        known = self._transfers.get(client)
        before = known.asked if known is not None else self._delayed.get(client)
        if before is not None and before.path == path:
            # The client repeats itself, so it is the same transfer; its timer repeats the answer.
            self._station.history.append(packet_event(self._station, before, request, datagram))
            return
        if known is not None:
            known.abort("the client asked for another file")
        elif before is not None:
            self._end(
                before, Ending(ev.Outcome.ABORTED, detail="the client asked for another file")
            )
        asked = Asked(
            request, path, datagram.host, datagram.port, self._station.admission.next_transfer()
        )
        self._record(datagram, asked)
        due = self._faults.due(path)
        if fault:
            self._station.refused_datagram(datagram, fault)
        files = self._files

        def answer() -> None:
            if fault:
                self._fail(asked, ev.Outcome.ERROR, tftp.ErrorCode.ACCESS_VIOLATION, fault)
            else:
                self._answer(asked, files.get(path), due)

        self._answer_when_due(asked, due, answer)

    def _answer_when_due(
        self, asked: Asked, due: tuple[fl.Fault, ...], answer: Callable[[], None]
    ) -> None:
        about = f"transfer {asked.number}"
        for fault in due:
            if isinstance(fault, fl.Silence):
                self._station.injected(fault, about)
                self._end(asked, Ending(ev.Outcome.ABORTED, detail="silent as told"))
                return
        delays = [fault for fault in due if isinstance(fault, fl.Delay)]
        for fault in delays:
            self._station.injected(fault, about)
        if not delays:
            answer()
            return
        client = (asked.host, asked.port)
        self._delayed[client] = asked

        def answer_late() -> None:
            if self._delayed.get(client) is asked:
                del self._delayed[client]
                answer()

        self._station.after(sum(fault.seconds for fault in delays), answer_late)

    def _answer(self, asked: Asked, body: bytes | None, due: tuple[fl.Fault, ...]) -> None:
        for fault in due:
            if isinstance(fault, fl.TftpError) and fault.block is None:
                self._station.injected(fault, f"transfer {asked.number}")
                self._fail(asked, ev.Outcome.ERROR, fault.code, fault.text)
                return
        if body is None:
            code = tftp.ErrorCode.FILE_NOT_FOUND
            self._fail(asked, ev.Outcome.NOT_FOUND, code, "file not found")
            return
        if len(self._transfers) >= MOST_TRANSFERS:
            reason = f"{MOST_TRANSFERS} transfers are open"
            self._station.refused(asked.peer, reason)
            self._fail(asked, ev.Outcome.ERROR, tftp.ErrorCode.NOT_DEFINED, reason)
            return
        transfer = Transfer(
            self._station, asked, body, limits=self._limits, faults=due, ended=self._end
        )
        self._transfers[asked.host, asked.port] = transfer
        try:
            transfer.start()
        except EndpointError as error:
            self._station.history.append(
                ev.LabFault(
                    source=self._station.source,
                    what=error.what,
                    evidence=error.evidence,
                    next_step=error.next_step,
                    concerns=error.concerns,
                )
            )
            transfer.abort("the server has no port for it")

    def _fail(self, asked: Asked, outcome: ev.Outcome, code: int, text: str) -> None:
        error = tftp.encode(tftp.Error(code, text))
        self._socket.send(error, asked.host, asked.port)
        self._end(asked, Ending(outcome, int(code), text))

    def _end(self, asked: Asked, ending: Ending) -> None:
        client = (asked.host, asked.port)
        if self._delayed.get(client) is asked:
            del self._delayed[client]
        held = self._transfers.get(client)
        if held is not None and held.asked is asked:
            del self._transfers[client]
        kept = keep(ending.body)
        self._station.history.append(
            ev.TransferEnded(
                source=self._station.source,
                scheme="tftp",
                path=asked.path,
                peer=asked.peer,
                transfer=asked.number,
                outcome=ending.outcome,
                status=ending.status,
                detail=ending.detail,
                sent=ending.sent,
                body=kept.body,
                size=kept.size,
                sha256=kept.sha256,
            )
        )

    def _record(self, datagram: Datagram, asked: Asked) -> None:
        self._station.history.append(
            ev.TftpRequest(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                scheme="tftp",
                path=asked.path,
                peer=asked.peer,
                port=self._socket.port,
                transfer=asked.number,
                mode=asked.request.mode,
                options=dict(asked.request.options),
                data=datagram.data,
            )
        )

    def _complain(self, datagram: Datagram, code: int, text: str) -> None:
        self._socket.send(tftp.encode(tftp.Error(code, text)), datagram.host, datagram.port)


def _normal(name: str) -> tuple[str, str]:
    """Give a path's normal form, and why it is not served, if it is not."""
    if len(name.encode()) > LONGEST_PATH:
        return name, f"a path of {len(name.encode())} octets, {LONGEST_PATH} is most"
    if "\0" in name:
        return name, "a path with a NUL"
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return name, "a path that climbs out of the served tree"
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts), ""


def _configured_path(path: str) -> str:
    normal, fault = _normal(path)
    if fault:
        raise UsageError(f"{path!r} is {fault}")
    return normal
