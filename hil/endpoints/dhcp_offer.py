"""What a test wants offered, in the words of the options, made into what the DHCP server grants.

Values that have a natural form are given in it (a URL, a list of addresses) and every option can
be given as raw bytes instead, for what no well-meaning encoder would write. All that cannot be
sent is refused here, when the test says it, and not when the phone asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from typing import Any, TypedDict

from hil.errors import ProtocolError, UsageError
from hil.net.raw_udp import LARGEST_PAYLOAD
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import Message, MessageType, Op, encode
from hil.wire.dhcp_server import ServerConfig

Address = str | IPv4Address
Addresses = Address | Sequence[Address]
SubOptions = Mapping[int, str | bytes]


class OfferOptions(TypedDict, total=False):
    """The keywords of `DhcpEndpoint.offer`; what is left out has its default.

    Text and addresses may also be raw bytes. None as a value means: do not send the option.
    """

    address: Address
    """The address to lease; by default the handset's own on this bench."""
    lease_time: int
    """Seconds, 1 to 0xffffffff (for ever); 86,400 by default."""
    t1: int | None
    """Renewal time (option 58), seconds; not sent by default."""
    t2: int | None
    """Rebinding time (option 59), seconds; not sent by default."""
    netmask: Address
    """Option 1; by default that of the endpoint's place."""
    router: Addresses | bytes | None
    """Option 3; by default the endpoint's address."""
    dns: Addresses | bytes | None
    """Option 6; by default the endpoint's address."""
    domain: str | bytes | None
    """Option 15."""
    time_offset: int | bytes | None
    """Option 2, seconds east of UTC."""
    ntp: Addresses | bytes | None
    """Option 42."""
    option_43: SubOptions | bytes | None
    """Vendor specific information: sub-options by code (RFC 2132 section 8.4)."""
    option_60: str | bytes | None
    """Vendor class identifier, sent by the server."""
    option_66: str | bytes | None
    """TFTP server name."""
    option_67: str | bytes | None
    """Bootfile name."""
    option_125: Mapping[int, SubOptions | bytes] | Sequence[opt.VendorBlock] | bytes | None
    """Vendor-identifying vendor-specific information: sub-options by code, by enterprise number
    (RFC 3925 section 4)."""
    option_150: Addresses | bytes | None
    """TFTP server addresses."""
    option_159: Addresses | bytes | None
    """Provisioning server addresses."""
    option_160: str | bytes | None
    """Provisioning URL or profile rule."""
    raw: Mapping[int, bytes]
    """Any option by its code; wins over all others."""
    in_file: Sequence[int]
    """Codes of options that are sent in the ``file`` field (option overload, RFC 2132 9.3)."""
    in_sname: Sequence[int]
    """Codes of options that are sent in the ``sname`` field; neither field is used by default."""
    only_requested: bool
    """Whether to leave out what the client's option 55 does not name; by default all is sent."""


_CODES: Mapping[str, opt.Option[Any, Any]] = {
    "router": opt.ROUTER,
    "dns": opt.DOMAIN_SERVER,
    "domain": opt.DOMAIN_NAME,
    "time_offset": opt.TIME_OFFSET,
    "ntp": opt.NTP_SERVERS,
    "option_43": opt.VENDOR_SPECIFIC,
    "option_60": opt.VENDOR_CLASS,
    "option_66": opt.TFTP_SERVER_NAME,
    "option_67": opt.BOOTFILE_NAME,
    "option_125": opt.VENDOR_IDENTIFYING,
    "option_150": opt.TFTP_SERVER_ADDRESSES,
    "option_159": opt.PROVISIONING_ADDRESSES,
    "option_160": opt.PROVISIONING_URL,
}
_LISTS = ("router", "dns", "ntp", "option_150", "option_159")
_PLAIN = (
    "address", "lease_time", "t1", "t2", "netmask", "raw", "in_file", "in_sname", "only_requested",
)  # fmt: skip


def server_config(
    options: OfferOptions, *, server: IPv4Address, netmask: IPv4Address, address: IPv4Address
) -> ServerConfig:
    """Make the server's configuration; `UsageError` says what cannot be sent.

    ``server`` is the endpoint's address, ``address`` the one that is leased by default.
    """
    unknown = sorted(set(options) - set(_CODES) - set(_PLAIN))
    if unknown:
        raise UsageError(
            f"no such option: {', '.join(unknown)}",
            remedy="any code can be given by raw={code: b''}",
        )
    values: dict[str, Any] = {"router": server, "dns": server, **options}
    extra: dict[int, bytes] = {}
    for name, option in _CODES.items():
        value = values.get(name)
        if value is not None:
            extra[option.code] = _bytes(name, option, value)
    for code, data in options.get("raw", {}).items():
        if not isinstance(code, int) or not isinstance(data, bytes):
            raise UsageError(f"raw={{{code!r}: {data!r}}}", remedy="raw={code: b'octets'}")
        extra[code] = data
    try:
        config = ServerConfig(
            server=server,
            pool=(_address("address", options.get("address", address)),),
            netmask=_address("netmask", options.get("netmask", netmask)),
            lease_time=options.get("lease_time", 86_400),
            t1=options.get("t1"),
            t2=options.get("t2"),
            extra=extra,
            in_file=tuple(options.get("in_file", ())),
            in_sname=tuple(options.get("in_sname", ())),
            honour_request_list=options.get("only_requested", False),
        )
        _try(config)
    except ProtocolError as error:
        raise UsageError(f"this offer cannot be sent: {error}") from error
    return config


def _bytes(name: str, option: opt.Option[Any, Any], value: Any) -> bytes:
    """One option's value as it goes into the message."""
    if isinstance(value, bytes):
        return value
    try:
        if name in _LISTS:
            listed = [value] if isinstance(value, str | IPv4Address) else list(value)
            value = [_address(name, each) for each in listed]
        elif name == "option_43":
            value = _sub_options(value)
        elif name == "option_125" and isinstance(value, Mapping):
            value = [opt.VendorBlock(number, _block(part)) for number, part in value.items()]
        return option.pack(value)[1]
    except (ProtocolError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise UsageError(f"{name}={value!r}: {error}") from error


def _sub_options(value: SubOptions) -> list[opt.SubOption]:
    return [
        (code, content if isinstance(content, bytes) else content.encode())
        for code, content in value.items()
    ]


def _block(value: SubOptions | bytes) -> bytes:
    """One enterprise's part of option 125."""
    if isinstance(value, bytes):
        return value
    return opt.format_suboptions(_sub_options(value))


def _address(name: str, value: Address) -> IPv4Address:
    try:
        return IPv4Address(value)
    except AddressValueError as error:
        raise UsageError(f"{name}={value!r}: {error}") from error


def _try(config: ServerConfig) -> None:
    """Write the reply once: a client may take less than a frame holds, but never more."""
    options = [
        opt.MESSAGE_TYPE.pack(MessageType.ACK),
        opt.SERVER_ID.pack(config.server),
        opt.LEASE_TIME.pack(config.lease_time),
        opt.SUBNET_MASK.pack(config.netmask),
        *config.extra.items(),
    ]
    message = Message(
        op=Op.BOOTREPLY, xid=0, chaddr=bytes(6), yiaddr=config.pool[0], options=tuple(options)
    )
    encode(message, LARGEST_PAYLOAD, in_file=config.in_file, in_sname=config.in_sname)
