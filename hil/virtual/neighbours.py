"""How the phone tells the switch about itself: CDP and LLDP-MED, at boot and from then on.

The order is the published one. CDP goes out first; the first LLDP-MED frame follows after
Network_Startup_Delay, in which a switch port gets to forwarding; and where both are enabled, six
seconds pass from the first frame to DHCP (administration guide of the 8831 for multiplatform call
control). What the frames hold is published, too (multiplatform administration guides, LLDP-MED TLV
Support): the chassis id is the IPv4 address, 0.0.0.0 before there is one, the port id the MAC
address, the system name ``SEP`` and the MAC address, the capability that of a phone without a PC
port, the inventory the firmware revision alone. The PoE class is that of the 7832's data sheet.

The phone listens to no answer: a voice VLAN that a switch offers is not taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.net.interface import Interface
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.wire import cdp, lldp
from hil.wire import lldp_extensions as ext

PORT = "Port 1"
"""What CDP calls the phone's one port, and LLDP describes it as."""
_UNKNOWN = IPv4Address(0)
_PHONE = lldp.Capability.TELEPHONE
_POWERED_DEVICE, _PSE_AND_LOCAL, _PRIORITY_UNKNOWN = 1, 3, 0
_AUTONEGOTIATES = 0x03
_10_AND_100_BASE_T = 0x6C00
_100_BASE_TX_FULL_DUPLEX = 16
_LONGEST_REVISION = 32


@dataclass(frozen=True, slots=True)
class NeighbourConfig:
    """When the phone announces itself, and what it says of its power; times in seconds.

    What the functions say follows from the parameters in the flash, and from who the phone is.
    ``cdp_hold_s`` and ``lldp_hold_s`` are for how long the switch is to keep what it heard: 180 for
    CDP as everywhere, 180 for LLDP as published for these phones. The intervals are the defaults of
    the protocols; with ``repeats`` off it announces itself at boot alone, which spares a laboratory
    that lets days pass thousands of frames. ``wait_s`` is what CDP and LLDP-MED together add to the
    boot. ``power_class`` is the PoE class, ``power_mw`` what a device of class 2 may draw, in
    milliwatts (IEEE 802.3, table 33-1).
    """

    speaks_cdp: Callable[[Parameters], bool] = lambda parameters: parameters.flag("Enable_CDP")
    speaks_lldp: Callable[[Parameters], bool] = lambda parameters: parameters.flag(
        "Enable_LLDP-MED"
    )
    startup_delay: Callable[[Parameters], float] = lambda parameters: parameters.integer(
        "Network_Startup_Delay"
    )
    name: Callable[[Identity], str] = lambda identity: f"SEP{identity.mau}"
    before_dhcp: bool = True
    repeats: bool = True
    cdp_interval_s: float = 60.0
    lldp_interval_s: float = 30.0
    cdp_hold_s: int = 180
    lldp_hold_s: int = 180
    wait_s: float = 6.0
    power_class: int = 2
    power_mw: int = 6490


class NeighbourAnnouncer:
    """Announces the phone of ``identity`` on ``interface``; its methods belong to the loop's thread.

    `start` is awaited before DHCP, with the parameters from the flash. ``address`` is set when there
    is a lease (None: none), and is in the frames from the next one on.
    """

    def __init__(
        self,
        interface: Interface,
        clock: Clock,
        identity: Identity,
        config: NeighbourConfig,
    ) -> None:
        self.address: IPv4Address | None = None
        self._interface = interface
        self._clock = clock
        self._identity = identity
        self._config = config
        self._source = bytes.fromhex(identity.ma)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._lldp_announced = False

    async def start(self, parameters: Parameters) -> None:
        """Announce for the first time, and return when DHCP may begin."""
        speaks_cdp = self._config.speaks_cdp(parameters)
        speaks_lldp = self._config.speaks_lldp(parameters)
        if not (speaks_cdp or speaks_lldp):
            return
        if speaks_cdp:
            self._every("cdp", self._config.cdp_interval_s, self._cdp_frame)
        if not speaks_lldp:
            return
        delay = self._config.startup_delay(parameters)
        await asyncio.sleep(delay)
        self._every("lldp", self._config.lldp_interval_s, self._lldp_frame)
        if speaks_cdp:
            await asyncio.sleep(max(0.0, self._config.wait_s - delay))

    def cut(self) -> None:
        """The power is gone: no frame and no timer any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._lldp_announced = False

    def stop(self) -> None:
        """Shut down in order, as before a reboot: take the LLDP announcement back, then as `cut`."""
        if self._lldp_announced:
            self._send(
                lldp.encode_frame(shutdown_lldpdu(self._identity, self.address), self._source)
            )
        self.cut()

    def _every(self, name: str, seconds: float, frame: Callable[[], bytes]) -> None:
        """Send the frame now and again every so many seconds."""
        self._lldp_announced = self._lldp_announced or name == "lldp"
        self._send(frame())
        later = self._clock.loop.call_later
        if self._config.repeats:
            self._timers[name] = later(seconds, self._every, name, seconds, frame)

    def _send(self, frame: bytes) -> None:
        """Hand a frame to the link; a link that is down takes none, and nobody hears it."""
        with contextlib.suppress(OSError):
            self._interface.transmit(frame)

    def _cdp_frame(self) -> bytes:
        said = cdp_announcement(self._identity, self.address, self._config)
        return cdp.encode_frame(said, self._source)

    def _lldp_frame(self) -> bytes:
        said = lldpdu(self._identity, self.address, self._config)
        return lldp.encode_frame(said, self._source)


def cdp_announcement(
    identity: Identity, address: IPv4Address | None, config: NeighbourConfig
) -> cdp.Announcement:
    """What the phone says by CDP."""
    return cdp.Announcement(
        hold_s=config.cdp_hold_s,
        device_id=config.name(identity),
        addresses=(address,) if address is not None else (),
        port_id=PORT,
        capabilities=cdp.Capability.HOST | cdp.Capability.PHONE,
        software=identity.swver,
        platform=identity.pn,
        full_duplex=True,
        power_mw=config.power_mw,
    )


def lldpdu(identity: Identity, address: IPv4Address | None, config: NeighbourConfig) -> lldp.Lldpdu:
    """What the phone says by LLDP-MED, in the published order of TLVs."""
    capabilities = ext.MedCapabilities(
        ext.MedCapability.CAPABILITIES
        | ext.MedCapability.NETWORK_POLICY
        | ext.MedCapability.EXTENDED_POWER_PD
        | ext.MedCapability.INVENTORY,
        ext.MedClass.COMMUNICATION_DEVICE,
    )
    power = ext.MedPower(_POWERED_DEVICE, _PSE_AND_LOCAL, _PRIORITY_UNKNOWN, config.power_mw)
    phy = ext.MacPhy(_AUTONEGOTIATES, _10_AND_100_BASE_T, _100_BASE_TX_FULL_DUPLEX)
    revision = identity.swver.encode()[:_LONGEST_REVISION].decode(errors="ignore")
    return lldp.Lldpdu(
        chassis_id=_chassis(address),
        port_id=_port(identity),
        ttl=config.lldp_hold_s,
        port_description=PORT,
        system_name=config.name(identity),
        capabilities=(_PHONE, _PHONE),
        organisational=(
            ext.MAC_PHY.pack(phy),
            ext.POWER_VIA_MDI.pack(ext.PowerViaMdi(config.power_class)),
            ext.MED_CAPABILITIES.pack(capabilities),
            # No VLAN is known, which asks the switch for one.
            ext.NETWORK_POLICY.pack(ext.NetworkPolicy(unknown=True)),
            ext.MED_POWER.pack(power),
            ext.FIRMWARE_REVISION.pack(revision),
        ),
    )


def shutdown_lldpdu(identity: Identity, address: IPv4Address | None) -> lldp.Lldpdu:
    """What the phone says when it goes: the mandatory TLVs with no time to live."""
    return lldp.Lldpdu(chassis_id=_chassis(address), port_id=_port(identity), ttl=0)


def _chassis(address: IPv4Address | None) -> lldp.Identifier:
    value = lldp.network_address(address or _UNKNOWN)
    return lldp.Identifier(lldp.ChassisKind.NETWORK_ADDRESS, value)


def _port(identity: Identity) -> lldp.Identifier:
    return lldp.Identifier(lldp.PortKind.MAC_ADDRESS, bytes.fromhex(identity.ma))
