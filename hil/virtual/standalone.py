"""A handset alone, in real time, on a network interface of this machine.

The interface is the phone's while it runs: it configures it with its lease, as any DHCP client
would, and binds every socket to it. Nothing else of the machine is touched: no other interface, no
resolv.conf (the phone has a resolver of its own), no default route but one of the last resort on
this interface. Afterwards the interface is as it was, without an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from hil.clock import Clock, WallClock
from hil.errors import HilError, LabError, UsageError
from hil.net.carrier import carrier
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.reference.identity import Identity
from hil.reference.phone import PoweredOff
from hil.virtual.dhcp import client_socket
from hil.virtual.firmware import REFERENCE_FIRMWARE, Firmware
from hil.virtual.flash import FileMedium, Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.told import Told
from hil.virtual.trust import TrustConfig, client_context

_BOOT_S = 0.5
"""Time for a switch port to forward; nobody waits for the boot of a real phone."""
_FRAME_OUT_S = 0.05
_STOP_S = 5.0
_MOST_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class NoLink:
    """The interface has no carrier; the phone has no power until it gets one."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The simulation, not the phone, failed; the handset does nothing any more."""

    text: str


News: TypeAlias = Told | NoLink | Crashed


@dataclass(frozen=True)
class Standalone:
    """What runs where.

    ``mac`` None is the interface's own. ``values`` are parameters that are set before it starts,
    over those in ``state``, the file of its flash (None: it forgets). ``authorities`` and
    ``certificate`` are PEM. ``flush`` lets it take away addresses that the interface has;
    ``release`` makes it give its lease back at the end.
    """

    interface: str
    mac: str | None = None
    serial: str | None = None
    authorities: bytes = b""
    certificate: bytes | None = None
    state: Path | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    firmware: Firmware = REFERENCE_FIRMWARE
    flush: bool = False
    release: bool = False


@contextlib.contextmanager
def running(setup: Standalone, tell: Callable[[int, News], None]) -> Iterator[Identity]:
    """Run a phone for the time of the block, in a thread of its own.

    ``tell`` gets all news with their lab time (ns), in that thread. Raises UsageError, before
    anything is changed, for what a person has to put right, LabError for what the machine refuses.
    """
    with contextlib.ExitStack() as cleanup:
        interface = cleanup.enter_context(contextlib.closing(_interface(setup.interface)))
        identity = _identity(setup, interface)
        hardware = Hardware(identity, setup.authorities, setup.certificate, secrets.randbits(64))
        client_context(TrustConfig(setup.authorities, setup.certificate))
        clock = WallClock()
        cleanup.callback(clock.close)
        flash = _flash(setup, clock, cleanup)
        cleanup.enter_context(_claimed(interface, identity.mac, setup.flush))
        if setup.values:
            flash.preset({**flash.load(), **setup.values})
        phone = _Phone(setup, hardware, interface, clock, flash, tell)
        clock.run(phone.start())
        cleanup.callback(lambda: clock.run(phone.stop(), timeout=_STOP_S))
        yield identity


class _Phone:
    """The handset with its cord: it gets power when the link is there."""

    def __init__(
        self,
        setup: Standalone,
        hardware: Hardware,
        interface: Interface,
        clock: Clock,
        flash: Flash,
        tell: Callable[[int, News], None],
    ) -> None:
        self._release = setup.release
        self._interface = interface
        self._clock = clock
        self._tell = tell
        self._handset = Handset(
            hardware,
            interface,
            clock,
            flash,
            self._crashed,
            self._told,
            epoch=datetime.now().astimezone(),
        )
        self._handset.firmware = replace(setup.firmware, boot_s=_BOOT_S)
        self._powering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Give it power as soon as there is a link."""
        self._clock.on_crash(self._crashed)
        self._powering = asyncio.create_task(self._power())

    async def stop(self) -> None:
        """Pull the plug."""
        if self._powering is not None:
            self._powering.cancel()
        if self._release:
            self._handset.release_lease()
            # A link that goes down takes what its driver has not sent.
            await asyncio.sleep(_FRAME_OUT_S)
        await self._handset.unplugged()
        self._told(PoweredOff(self._clock.now()))

    async def _power(self) -> None:
        try:
            if not self._interface.running:
                self._told(NoLink())
                await carrier(self._interface)
            self._handset.power_on()
        except (HilError, OSError) as error:
            self._crashed(str(error))

    def _told(self, news: News) -> None:
        self._tell(self._clock.now(), news)

    def _crashed(self, text: str) -> None:
        self._told(Crashed(text))


def _interface(name: str) -> Interface:
    """The Ethernet interface of that name; UsageError if there is none."""
    names = [each for _, each in socket.if_nameindex()]
    if name not in names:
        raise UsageError(
            f"there is no network interface {name!r}", remedy=f"there are: {', '.join(names)}"
        )
    interface = Interface(Namespace.host(), name)
    if not interface.ethernet:
        interface.close()
        raise UsageError(
            f"interface {name} is not Ethernet", remedy="a phone needs a link with MAC addresses"
        )
    return interface


def _identity(setup: Standalone, interface: Interface) -> Identity:
    identity = Identity(setup.mac or interface.mac, ccert_installed=setup.certificate is not None)
    return identity if setup.serial is None else replace(identity, serial=setup.serial)


def _flash(setup: Standalone, clock: Clock, cleanup: contextlib.ExitStack) -> Flash:
    if setup.state is None:
        return Flash(MemoryMedium(), clock)
    medium = cleanup.enter_context(contextlib.closing(FileMedium(setup.state)))
    flash = Flash(medium, clock)
    if flash.foreign:
        raise UsageError(
            "this file is not the flash of a phone, and would be overwritten",
            file=str(setup.state),
            remedy="name a new file",
        )
    return flash


@contextlib.contextmanager
def _claimed(interface: Interface, mac: str, flush: bool) -> Iterator[None]:
    """Have the interface up, without an address and under ``mac``; give it back afterwards."""
    was_up, own = interface.enabled, interface.mac
    if interface.address is not None and not flush:
        raise UsageError(
            f"interface {interface.name} has the address {interface.address}, which the phone "
            "would take away",
            remedy="give it an interface of its own, or --flush to lose that address",
        )
    with _permitted(interface):
        client_socket(interface).close()
    try:
        with _permitted(interface):
            _take(interface, mac)
        yield
    finally:
        _give_back(interface, own, was_up)


def _take(interface: Interface, mac: str) -> None:
    for _ in range(_MOST_ADDRESSES):
        if interface.address is None:
            break
        interface.unconfigure()
    if mac != interface.mac:
        interface.down()
        interface.set_mac(mac)
    interface.up()


def _give_back(interface: Interface, mac: str, was_up: bool) -> None:
    # An interface that is gone, or was never ours to change, has nothing to be given back.
    with contextlib.suppress(LabError):
        interface.unconfigure()
        if mac != interface.mac:
            interface.down()
            interface.set_mac(mac)
        if was_up != interface.enabled:
            (interface.up if was_up else interface.down)()


@contextlib.contextmanager
def _permitted(interface: Interface) -> Iterator[None]:
    """Say what a person has to do where the kernel says no."""
    try:
        yield
    except LabError as error:
        if isinstance(error.__cause__, PermissionError):
            raise UsageError(
                f"no permission to configure interface {interface.name}",
                remedy="needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE: use sudo",
            ) from error
        raise
