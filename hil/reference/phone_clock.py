"""What the parameters and DHCP make of the phone's clock: its time zone and whom it asks the time.

Of the two places that can tell a time zone, Ignore_DHCP_Time_Offset decides: "choose yes" to use
"the local time zone and offset settings", and "choosing no causes the IP phone to use the router's
DHCP time offset value" (7800 MPP Administration Guide, Regional, Time; the same in the conference
AG). Of those that can name time servers, the parameters have "higher priority" than option 42 (MPP
Administration Guide, Configure NTP Server).
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Literal

from hil.reference.interpretations import Interpretations
from hil.reference.local_time import (
    DAY_S,
    DaylightSaving,
    TimeZone,
    parse_time_offset,
    parse_time_zone,
)
from hil.reference.parameters import Parameters

TIME_OFFSET = 2
NTP_SERVERS = 42

DhcpDaylight = Literal["applied", "ignored"]
"""Whether daylight saving time is added to an offset that DHCP gave.

The text lets such a phone ignore its "time zone and offset settings" and does not name daylight
saving time among them; option 2 is the subnet's offset "from UTC" (RFC 2132 section 3.4), which may
mean the one of today.
"""


def time_zone(
    parameters: Parameters,
    options: Mapping[int, bytes],
    *,
    dhcp_daylight: DhcpDaylight = "applied",
) -> TimeZone:
    """The zone of the phone's wall clock.

    Time_Zone, "further offset by" Time_Offset (Localize Your Cisco IP Phone), with daylight saving
    time while that is enabled and has a rule; or option 2 of the lease. Raises `SpecificationError`
    for values that `Parameters.updated` would not have let in.
    """
    offset = parse_time_zone(parameters.raw("Time_Zone"))
    offset += parse_time_offset(parameters.raw("Time_Offset__HH_mm_"))
    daylight = None
    if parameters.flag("Daylight_Saving_Time_Enable"):
        daylight = DaylightSaving.parse(parameters.raw("Daylight_Saving_Time_Rule"))
    told = dhcp_time_offset(options)
    if told is None or parameters.flag("Ignore_DHCP_Time_Offset"):
        return TimeZone(offset, daylight)
    return TimeZone(told, daylight if dhcp_daylight == "applied" else None)


def daylight_of_offset(
    options: Mapping[int, bytes], interpretations: Interpretations
) -> DhcpDaylight:
    """Whether daylight saving time is added to option 2, where the lease has one (I34)."""
    return interpretations.dhcp_offset_daylight if TIME_OFFSET in options else "applied"


def dhcp_time_offset(options: Mapping[int, bytes]) -> int | None:
    """Option 2, seconds east of UTC (RFC 2132 section 3.4); None if it is absent.

    Anything but a signed integer of four octets, or more than a day, is as if it were absent.
    """
    data = options.get(TIME_OFFSET)
    if data is None or len(data) != 4:
        return None
    seconds = int.from_bytes(data, "big", signed=True)
    return seconds if abs(seconds) < DAY_S else None


def ntp_servers(parameters: Parameters, options: Mapping[int, bytes]) -> tuple[str, ...]:
    """Names and addresses of the time servers in the order in which they are asked, each once.

    Primary_NTP_Server, Secondary_NTP_Server, then those of option 42 (RFC 2132 section 8.3), whose
    data is ignored unless it is a list of addresses.
    """
    data = options.get(NTP_SERVERS, b"")
    if len(data) % 4 != 0:
        data = b""
    told = [str(IPv4Address(data[at : at + 4])) for at in range(0, len(data), 4)]
    set_here = [
        parameters.raw(name).strip() for name in ("Primary_NTP_Server", "Secondary_NTP_Server")
    ]
    return tuple(dict.fromkeys(server for server in (*set_here, *told) if server))
