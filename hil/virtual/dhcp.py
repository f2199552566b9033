"""The handset's DHCP client: `hil.wire.dhcp_client.DhcpClient` with a socket, a timer, an interface.

The socket is bound to port 68 of the device and not of an address, so it works before there is one;
the broadcast flag asks for replies that a stack without an address can hear (RFC 2131 section 4.1).
What the machine decides is carried out here: datagrams, the interface's address and default route.

Publications do not show the order of the phone's parameter request list; ours asks for what the
provisioning options need first, then for the network. No address is probed by ARP before use.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import LabError, RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface, Place
from hil.virtual.datagrams import LARGEST, open_datagram
from hil.wire import dhcp_client as machine
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import CLIENT_PORT, LIMITED_BROADCAST, SERVER_PORT, Message, encode
from hil.wire.dhcp_lease import Lease

VENDOR_CLASS = b"CP-7832-3PCC\0"
"""Option 60: servers in the field match it at its beginning, or by its last 13 octets."""
REQUESTED_OPTIONS = (66, 160, 159, 150, 43, 125, 42, 2, 15, 6, 3, 1)
_ETHERNET = 1


def as_received(data: bytes) -> bytes:
    """Take a datagram for what it is."""
    return data


def as_due(send: machine.Send) -> machine.Send | None:
    """Send exactly what is due."""
    return send


@dataclass(frozen=True, slots=True)
class DhcpConfig:
    """What the client says of itself; see `hil.wire.dhcp_client.ClientConfig`.

    ``client_identifier`` sends option 61 with the hardware address (RFC 2132 section 9.14).
    ``hears`` and ``says`` are the places where a defect can stand; ``takes_renewed_options`` goes by
    the newest ACK instead of the first.
    """

    vendor_class: bytes | None = VENDOR_CLASS
    parameters: tuple[int, ...] = REQUESTED_OPTIONS
    client_identifier: bool = True
    broadcast: bool = True
    maximum_size: int | None = 1500
    extra: tuple[tuple[int, bytes], ...] = ()
    hears: Callable[[bytes], bytes] = as_received
    says: Callable[[machine.Send], machine.Send | None] = as_due
    takes_renewed_options: bool = True


class DhcpShell:
    """Gets, keeps and loses the address of ``interface``.

    ``on_bound`` and ``on_renewed`` get the lease after the interface was configured by it,
    ``on_lost`` the reason after the address was taken away. Transaction ids and the jitter of
    retransmissions come from ``chance``. All methods belong to the loop's thread.
    """

    def __init__(
        self,
        interface: Interface,
        config: DhcpConfig,
        clock: Clock,
        on_bound: Callable[[Lease], None],
        on_lost: Callable[[str], None],
        chance: random.Random,
        on_renewed: Callable[[Lease], None] = lambda lease: None,
    ) -> None:
        self._interface = interface
        self._config = config
        self._clock = clock
        self._on_bound = on_bound
        self._on_lost = on_lost
        self._on_renewed = on_renewed
        hardware = bytes.fromhex(interface.mac.replace(":", ""))
        self._client = machine.DhcpClient(
            machine.ClientConfig(
                chaddr=hardware,
                parameters=config.parameters,
                vendor_class=config.vendor_class,
                client_id=bytes([_ETHERNET]) + hardware if config.client_identifier else None,
                maximum_size=config.maximum_size,
                broadcast=config.broadcast,
                extra=config.extra,
            ),
            new_xid=lambda: chance.getrandbits(32),
            jitter=lambda: chance.uniform(-1, 1),
        )
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._place: Place | None = None
        self._gateway: IPv4Address | None = None
        self._first: Message | None = None

    @property
    def lease(self) -> Lease | None:
        """The lease in force."""
        return self._client.lease

    @property
    def place(self) -> Place | None:
        """The interface with the leased address; None without one."""
        return self._place

    def start(self, former: IPv4Address | None = None) -> None:
        """Begin, with a DISCOVER or with a REQUEST for the ``former`` address.

        LabError if port 68 of the interface cannot be had.
        """
        self._socket = client_socket(self._interface)
        self._clock.loop.add_reader(self._socket, self._readable)
        self._carry_out(self._client.start(self._clock.now(), former))

    def cut(self) -> None:
        """The power is gone: no RELEASE, no timer, no socket; the interface is left as it is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._clock.loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def stop(self) -> None:
        """Shut down in order: give the address back (RELEASE), then as `cut`."""
        if self._client.lease is not None:
            self._carry_out(self._client.release(self._clock.now()))
        self.cut()

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                data, (_, port) = self._socket.recvfrom(LARGEST)
            except OSError:
                return
            if port == SERVER_PORT:
                with contextlib.suppress(RemoteProtocolError):
                    heard = self._config.hears(data)
                    self._carry_out(self._client.receive(heard, self._clock.now()))

    def _due(self) -> None:
        self._carry_out(self._client.timeout(self._clock.now()))

    def _carry_out(self, events: list[machine.Event]) -> None:
        for event in events:
            match event:
                case machine.Send():
                    self._send(event)
                case machine.Bound(lease) | machine.Renewed(lease):
                    if not self._configure(lease):
                        self._carry_out(self._client.decline(self._clock.now()))
                        return
                    self._report(lease, renewed=isinstance(event, machine.Renewed))
                case machine.LeaseLost(reason):
                    self._unconfigure()
                    self._on_lost(reason)
        self._arm()

    def _report(self, lease: Lease, *, renewed: bool) -> None:
        if renewed and self._first is not None and not self._config.takes_renewed_options:
            lease = replace(lease, message=self._first)
        self._first = lease.message
        (self._on_renewed if renewed else self._on_bound)(lease)

    def _send(self, due: machine.Send) -> None:
        """Send what the network takes; the rest is lost, and retransmitted in time.

        There is no socket any more where a callback has cut the power.
        """
        said = self._config.says(due)
        if said is not None and self._socket is not None:
            to = LIMITED_BROADCAST if said.broadcast else said.address
            with contextlib.suppress(OSError):
                self._socket.sendto(encode(said.message), (str(to), SERVER_PORT))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._client.next_deadline()
        if deadline is not None and self._socket is not None:
            left = max(0, deadline - self._clock.now()) / NANOSECONDS
            self._timer = self._clock.loop.call_later(left, self._due)

    def _configure(self, lease: Lease) -> bool:
        """Give the interface what the lease says; False if the kernel finds no sense in it."""
        place = Place(self._interface, lease.address, _netmask(lease))
        gateway = _gateway(lease)
        if (place, gateway) == (self._place, self._gateway):
            return True
        try:
            self._unconfigure()
            self._interface.configure(place.address, place.netmask)
        except LabError:
            self._interface.unconfigure()
            return False
        self._place, self._gateway = place, gateway
        if gateway is not None:
            # A router that is not on the link is no router: the phone goes without.
            with contextlib.suppress(LabError):
                self._interface.route_by(gateway)
        return True

    def _unconfigure(self) -> None:
        self._place = self._gateway = None
        self._interface.unconfigure()


def client_socket(interface: Interface) -> socket.socket:
    """A socket at port 68 of ``interface``, address or none; LabError if it cannot be had."""
    try:
        opened = open_datagram(interface)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(("0.0.0.0", CLIENT_PORT))
        except OSError:
            opened.close()
            raise
    except OSError as error:
        raise LabError(
            f"interface {interface.name}: port {CLIENT_PORT} cannot be had",
            evidence=error.strerror or str(error),
            next_step="end the DHCP client that holds it, and run with CAP_NET_RAW",
        ) from error
    return opened


def _netmask(lease: Lease) -> IPv4Address:
    """Option 1, or the mask of the address's class where it is absent or no mask (RFC 950)."""
    with contextlib.suppress(RemoteProtocolError):
        mask = opt.SUBNET_MASK.read(lease.message)
        if mask is not None and int(mask):
            zeros = int(mask) ^ 0xFFFFFFFF
            if not zeros & (zeros + 1):
                return mask
    first = lease.address.packed[0]
    length = 8 if first < 128 else 16 if first < 192 else 24
    return ipaddress.IPv4Network((0, length)).netmask


def _gateway(lease: Lease) -> IPv4Address | None:
    """The first router of option 3."""
    with contextlib.suppress(RemoteProtocolError):
        routers = opt.ROUTER.read(lease.message)
        return routers[0] if routers else None
    return None
