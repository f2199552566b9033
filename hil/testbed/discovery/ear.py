"""What devices on a wire say of themselves without being asked: LLDP, CDP, and requests by DHCP.

`hear` reads one frame. `listen` takes the frames from an interface for a while: a filter in the kernel
lets no others through, so a busy wire costs nothing. Nothing is ever sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from hil.errors import LabError, RemoteProtocolError
from hil.net.frame_counter import ETH_P_ALL, SOL_PACKET
from hil.net.interface import Interface
from hil.net.packet_filter import attach, introductions
from hil.testbed.discovery.sighting import Sighting
from hil.wire import cdp, dhcp, ethernet, lldp
from hil.wire import dhcp_options as opt
from hil.wire import lldp_extensions as ext

_ETHERTYPE_IPV4, _UDP, _FRAGMENT = 0x0800, 17, 0x1FFF
_IP_HEADER, _UDP_HEADER = 20, 8
_HARDWARE_ETHERNET = 1
_PACKET_ADD_MEMBERSHIP, _PACKET_MR_MULTICAST, _PACKET_AUXDATA = 1, 0, 8
_AUXDATA = struct.Struct("=IIIHHHH")
_VLAN_VALID, _VLAN_ID = 0x10, 0x0FFF
_LARGEST, _ANCILLARY, _BATCH = 65_535, 128, 64


def hear(data: bytes, vlan: int | None = None) -> Sighting | None:
    """What a frame tells of its sender; None if it introduces nobody, or cannot be understood.

    ``vlan`` is that of the frame's tag, which the kernel has taken off.
    """
    try:
        frame = ethernet.decode(data)
        if lldp.is_lldp(frame):
            return _lldp(frame, vlan)
        if cdp.is_cdp(frame):
            return _cdp(frame, vlan)
        if frame.protocol == _ETHERTYPE_IPV4 and not frame.organisation:
            return _dhcp(frame.payload, vlan)
    except RemoteProtocolError:
        return None
    return None


async def listen(interface: Interface, seconds: float, tell: Callable[[Sighting], None]) -> None:
    """Hear what is said on ``interface`` for so many seconds; LabError if nobody may listen there."""
    loop = asyncio.get_running_loop()
    opened = _ear(interface)

    def readable() -> None:
        # An error is that the link went down, or that nothing is left to read.
        with contextlib.suppress(OSError):
            for _ in range(_BATCH):
                data, ancillary, _, origin = opened.recvmsg(_LARGEST, _ANCILLARY)
                if origin[2] == socket.PACKET_OUTGOING:
                    continue
                found = hear(data, _vlan(ancillary))
                if found is not None:
                    tell(found)

    loop.add_reader(opened, readable)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await loop.create_future()
    finally:
        loop.remove_reader(opened)
        opened.close()


def _ear(interface: Interface) -> socket.socket:
    opened = None
    try:
        # Protocol 0 until the filter is there, so that no other frame slips in.
        opened = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        attach(opened, introductions())
        opened.setsockopt(SOL_PACKET, _PACKET_AUXDATA, 1)
        with interface.namespace.entered():
            index = socket.if_nametoindex(interface.name)
        for group in (ethernet.CDP_MULTICAST, ethernet.LLDP_MULTICAST):
            # A real interface hears only the groups that somebody has joined.
            joined = struct.pack("@iHH8s", index, _PACKET_MR_MULTICAST, 6, group)
            opened.setsockopt(SOL_PACKET, _PACKET_ADD_MEMBERSHIP, joined)
        opened.bind((interface.name, ETH_P_ALL))
    except OSError as error:
        if opened is not None:
            opened.close()
        raise LabError(
            "nobody may listen on this interface",
            evidence=error.strerror or str(error),
            next_step="run as root, or grant CAP_NET_RAW; `ip link` lists the interfaces",
            concerns=interface.name,
        ) from error
    return opened


def _vlan(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, value in ancillary:
        if (level, kind) == (SOL_PACKET, _PACKET_AUXDATA) and len(value) >= _AUXDATA.size:
            status, _, _, _, _, tag, _ = _AUXDATA.unpack_from(value)
            if status & _VLAN_VALID and tag & _VLAN_ID:
                return int(tag & _VLAN_ID)
    return None


def _lldp(frame: ethernet.Frame, vlan: int | None) -> Sighting:
    said = lldp.decode(frame.payload)
    _, enabled = said.capabilities or (None, lldp.Capability(0))
    power, med = ext.POWER_VIA_MDI.read(said), ext.MED_CAPABILITIES.read(said)
    texts = (
        said.system_description,
        *(each.read(said) for each in (ext.MODEL_NAME, *_LOADS)),
    )
    return Sighting(
        mac=frame.mac,
        source="LLDP",
        name=said.system_name,
        description=" ".join(filter(None, texts)) or None,
        serial=ext.SERIAL_NUMBER.read(said),
        hwver=ext.HARDWARE_REVISION.read(said),
        poe_class=None if power is None else power.power_class,
        phone=lldp.Capability.TELEPHONE in enabled
        or (med is not None and med.device_class == ext.MedClass.COMMUNICATION_DEVICE),
        vlan=vlan,
    )


_LOADS = (ext.FIRMWARE_REVISION, ext.SOFTWARE_REVISION)


def _cdp(frame: ethernet.Frame, vlan: int | None) -> Sighting:
    said = cdp.decode(frame.payload)
    return Sighting(
        mac=frame.mac,
        source="CDP",
        name=said.device_id,
        description=" ".join(filter(None, (said.platform, said.software))) or None,
        address=str(said.addresses[0]) if said.addresses else None,
        phone=cdp.Capability.PHONE in (said.capabilities or cdp.Capability(0)),
        vlan=vlan,
    )


def _dhcp(packet: bytes, vlan: int | None) -> Sighting | None:
    """A request of a client, from the IPv4 datagram that carries it."""
    if len(packet) < _IP_HEADER or packet[9] != _UDP:
        return None
    header = (packet[0] & 0x0F) * 4
    datagram = packet[header : int.from_bytes(packet[2:4])]
    fragment = int.from_bytes(packet[6:8]) & _FRAGMENT
    if header < _IP_HEADER or fragment or len(datagram) < _UDP_HEADER:
        return None
    if int.from_bytes(datagram[2:4]) != dhcp.SERVER_PORT:
        return None
    message = dhcp.decode(datagram[_UDP_HEADER:])
    ethernet_client = (message.op, message.htype, message.hlen) == (
        dhcp.Op.BOOTREQUEST,
        _HARDWARE_ETHERNET,
        6,
    )
    if not ethernet_client:
        return None
    requested = message.option(opt.REQUESTED_ADDRESS.code)
    return Sighting(
        mac=message.mac,
        source="DHCP",
        name=_text(message, opt.HOST_NAME.code),
        description=_text(message, opt.VENDOR_CLASS.code),
        address=".".join(map(str, requested)) if requested and len(requested) == 4 else None,
        vlan=vlan,
    )


def _text(message: dhcp.Message, code: int) -> str | None:
    value = message.option(code)
    return value.rstrip(b"\0").decode("utf-8", "replace") if value else None
