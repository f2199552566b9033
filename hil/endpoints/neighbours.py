"""The bench's ear on the link: what the handset tells its switch by CDP and LLDP, and when.

It listens at the port that the handset hangs on, because LLDP ends at the first bridge. A packet
socket with a filter sees those frames alone. Nothing is ever answered, so a phone under test finds
no neighbour; frames of others are no business of a phone's verdict and leave no trace but `Stranger`.
"""

from __future__ import annotations

import ctypes
import socket
import struct

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Station
from hil.endpoints.datagram import kernel_time
from hil.endpoints.neighbour_fields import cdp_fields, lldp_fields
from hil.errors import EndpointError, LabError, RemoteProtocolError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Interface, Place
from hil.wire import cdp, ethernet, lldp
from hil.wire.ethernet import CDP_MULTICAST, ETHERTYPE_LLDP, LLDP_MULTICAST

_ETH_P_ALL = 0x0003
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP, _PACKET_MR_MULTICAST = 1, 0
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS = 26, 35
_BATCH = 64

# Classic BPF: whole frames with LLDP's EtherType, or to CDP's address; of all others nothing.
_ANNOUNCEMENTS = (
    (0x28, 0, 0, 12),
    (0x15, 4, 0, ETHERTYPE_LLDP),
    (0x28, 0, 0, 0),
    (0x15, 0, 3, int.from_bytes(CDP_MULTICAST[:2])),
    (0x20, 0, 0, 2),
    (0x15, 0, 1, int.from_bytes(CDP_MULTICAST[2:])),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)


class NeighbourListener:
    """Records a `NeighbourAnnounced` for each CDP and LLDP frame of the handset; see the module.

    ``port`` is the interface that the handset hangs on, where it is another than that of ``place``:
    a bridge forwards no LLDP.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: Interface | None = None,
    ) -> None:
        self._station = Station("neighbours", place, clock, history, admission)
        self._port = port or place.interface
        self._socket: socket.socket | None = None

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._socket is not None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return () if self._socket is None else (self._socket.fileno(),)

    @property
    def address(self) -> str:
        """The address of its place; announcements go to none."""
        return self._station.address

    def reset(self) -> None:
        """Nothing to do: it has no configuration."""

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        try:
            self._socket = _announcements_of(self._port)
        except (OSError, LabError) as error:
            raise EndpointError(
                "neighbours cannot listen on the link",
                evidence=getattr(error, "strerror", None) or str(error),
                next_step="grant CAP_NET_RAW, or run as root",
                concerns=self._port.name,
            ) from error
        self._station.clock.loop.add_reader(self._socket, self._readable)

    async def close(self) -> None:
        """Stop at once."""
        if self._socket is not None:
            self._station.clock.loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        for _ in range(_BATCH):
            if self._socket is None:
                return
            try:
                frame, ancillary, _, origin = self._socket.recvmsg(65535, 128)
            except OSError:
                # Nothing left, or the link went down, which the socket survives.
                return
            if origin[2] != socket.PACKET_OUTGOING:
                kernel_ns = kernel_time(ancillary)
                self._heard(frame, self._station.clock.stamp(kernel_ns), kernel_ns)

    def _heard(self, data: bytes, at: int, kernel_ns: int) -> None:
        station = self._station
        peer = data[6:12].hex(":")
        if not station.admission.admits_mac(peer):
            station.stranger(peer, data, at=at, kernel_ns=kernel_ns)
            return
        try:
            frame = ethernet.decode(data)
            if lldp.is_lldp(frame):
                protocol, fields = "LLDP", lldp_fields(lldp.decode(frame.payload))
            elif cdp.is_cdp(frame):
                protocol, fields = "CDP", cdp_fields(cdp.decode(frame.payload))
            else:
                # Others of Cisco's protocols share CDP's address: not what this is about.
                return
        except RemoteProtocolError as error:
            station.refused(peer, str(error), data, at=at, kernel_ns=kernel_ns)
            return
        station.history.append(
            ev.NeighbourAnnounced(
                source=station.source,
                protocol=protocol,
                mac=peer,
                fields=fields,
                data=data,
                at=at,
                kernel_ns=kernel_ns,
            )
        )


def _announcements_of(interface: Interface) -> socket.socket:
    # Protocol 0 until the filter is there, so that no other frame slips in.
    opened = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        program = b"".join(struct.pack("=HBBI", *line) for line in _ANNOUNCEMENTS)
        held = ctypes.create_string_buffer(program)
        pointer = struct.pack("@HP", len(_ANNOUNCEMENTS), ctypes.addressof(held))
        opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with interface.namespace.entered():
            index = socket.if_nametoindex(interface.name)
        for group in (CDP_MULTICAST, LLDP_MULTICAST):
            # A real interface hears only the groups that somebody has joined.
            joined = struct.pack("@iHH8s", index, _PACKET_MR_MULTICAST, 6, group)
            opened.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, joined)
        opened.bind((interface.name, _ETH_P_ALL))
    except OSError:
        opened.close()
        raise
    return opened
