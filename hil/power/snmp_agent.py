"""Where an SNMP agent is and how it is talked to, whatever it switches."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from hil.errors import UsageError
from hil.snmp import UsmUser


class SnmpVersion(StrEnum):
    """The message formats that agents understand."""

    V1 = "v1"
    V2C = "v2c"
    V3 = "v3"


@dataclass(frozen=True)
class SnmpAgent:
    """The agent of a PDU or a switch.

    ``host`` is an IPv4 address: no name is resolved. ``read_community`` and ``write_community``
    serve v1 and v2c; ``user`` serves v3. ``timeout_s`` is the deadline of one request in seconds of
    lab time. A request is sent once: `hil.power.outlet.Outlet` repeats what fails. `UsageError` for
    what cannot work.
    """

    host: str
    port: int = 161
    version: SnmpVersion = SnmpVersion.V2C
    read_community: str = field(default="public", repr=False)
    write_community: str = field(default="private", repr=False)
    user: UsmUser | None = None
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        try:
            IPv4Address(self.host)
        except AddressValueError as error:
            raise UsageError(
                f"the agent's host is no IPv4 address: {error}",
                remedy="an address such as 192.0.2.10; names are not resolved",
            ) from None
        if not 1 <= self.port <= 65535:
            raise UsageError(f"the agent's port is {self.port}", remedy="1 to 65535, usually 161")
        if self.timeout_s <= 0:
            raise UsageError("timeout_s of an agent is a request's deadline", remedy="above 0 s")
        if self.version is SnmpVersion.V3 and self.user is None:
            raise UsageError("SNMPv3 needs a user", remedy="set user, or version v1 or v2c")
        if self.version is not SnmpVersion.V3 and not (
            self.read_community and self.write_community
        ):
            raise UsageError(
                f"SNMP{self.version} needs a read and a write community",
                remedy="the device's own, often public and private",
            )
