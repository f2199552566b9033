"""A PDU that is switched by SNMP.

What tells one PDU model from another is a row of data: two columns of object identifiers, in which
the outlet's number is the last arc, and the integers that mean on and off. Everything else is the
same for all of them and for SNMPv1, v2c and v3.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from hil.errors import PowerError, UsageError
from hil.history.events import PowerAction
from hil.power.snmp_session import SnmpSession
from hil.snmp import SocketFactory, UsmUser


@dataclass(frozen=True)
class PduModel:
    """How one family of PDUs is asked; every object is an INTEGER in a column by outlet number."""

    name: str
    command: str
    state: str
    command_on: int
    command_off: int
    state_on: int
    state_off: int


APC_RPDU = PduModel(
    name="apc-rpdu",
    command="1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
    state="1.3.6.1.4.1.318.1.1.12.3.5.1.1.4",
    command_on=1,
    command_off=2,
    state_on=1,
    state_off=2,
)
"""APC switched rack PDUs (AP79xx): PowerNet-MIB, rPDUOutletControlOutletCommand (immediateOn 1,
immediateOff 2) and rPDUOutletStatusOutletState (outletStatusOn 1, outletStatusOff 2)."""

APC_RPDU2 = PduModel(
    name="apc-rpdu2",
    command="1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
    state="1.3.6.1.4.1.318.1.1.26.9.2.3.1.5",
    command_on=1,
    command_off=2,
    state_on=2,
    state_off=1,
)
"""APC's second generation (AP89xx): PowerNet-MIB, rPDU2OutletSwitchedControlCommand (immediateOn 1,
immediateOff 2) and rPDU2OutletSwitchedStatusState (off 1, on 2: the other way round)."""

MODELS = (APC_RPDU, APC_RPDU2)


class SnmpVersion(StrEnum):
    """The message formats that PDUs understand."""

    V1 = "v1"
    V2C = "v2c"
    V3 = "v3"


@dataclass(frozen=True)
class SnmpPduConfig:
    """Where a PDU is and how it is talked to.

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
    model: PduModel = APC_RPDU
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        try:
            IPv4Address(self.host)
        except AddressValueError as error:
            raise UsageError(
                f"the PDU's host is no IPv4 address: {error}",
                remedy="an address such as 192.0.2.10; names are not resolved",
            ) from None
        if not 1 <= self.port <= 65535:
            raise UsageError(f"the PDU's port is {self.port}", remedy="1 to 65535, usually 161")
        if self.timeout_s <= 0:
            raise UsageError("timeout_s of a PDU is the deadline of a request", remedy="above 0 s")
        if self.version is SnmpVersion.V3 and self.user is None:
            raise UsageError("SNMPv3 needs a user", remedy="set user, or version v1 or v2c")
        if self.version is not SnmpVersion.V3 and not (
            self.read_community and self.write_community
        ):
            raise UsageError(
                f"SNMP{self.version} needs a read and a write community",
                remedy="the PDU's own, often public and private",
            )


class SnmpPdu:
    """The `hil.power.driver.PowerDriver` of an SNMP PDU.

    ``socket_factory`` makes the UDP socket of each request, for instance inside a network namespace.
    Nothing stays open and no timer runs between requests.
    """

    def __init__(
        self, config: SnmpPduConfig, *, socket_factory: SocketFactory = socket.socket
    ) -> None:
        self._config = config
        self._model = config.model
        self.queue = asyncio.Lock()
        user = config.user if config.version is SnmpVersion.V3 else None
        self._session = SnmpSession(
            name=self.name,
            peer=(config.host, config.port),
            version=config.version.value,
            communities=(config.read_community, config.write_community),
            user=user,
            timeout_s=config.timeout_s,
            socket_factory=socket_factory,
        )

    @property
    def name(self) -> str:
        """Model and address."""
        return f"{self._config.model.name} PDU {self._config.host}:{self._config.port}"

    async def on(self, outlet: str) -> None:
        """Command immediate power-on; `PowerError` unless the PDU accepts it."""
        await self._session.set(f"{self._model.command}.{_number(outlet)}", self._model.command_on)

    async def off(self, outlet: str) -> None:
        """Command immediate power-off; `PowerError` unless the PDU accepts it."""
        await self._session.set(f"{self._model.command}.{_number(outlet)}", self._model.command_off)

    async def state(self, outlet: str) -> PowerAction:
        """What the PDU says of the outlet; `PowerError` for anything but on and off."""
        value = await self._session.get(f"{self._model.state}.{_number(outlet)}")
        if value == self._model.state_on:
            return PowerAction.ON
        if value == self._model.state_off:
            return PowerAction.OFF
        raise PowerError(
            "the outlet is said to be neither on nor off",
            evidence=f"state {value}; on is {self._model.state_on}, off {self._model.state_off}",
            next_step="compare the PDU with the model named in the inventory",
            concerns=f"{self.name} outlet {outlet}",
        )


def _number(outlet: str) -> int:
    if not (outlet.isascii() and outlet.isdigit() and 0 < int(outlet) < 2**31):
        raise PowerError(
            f"an SNMP PDU has no outlet {outlet!r}",
            next_step="give the outlet's number, 1 or more, in the inventory",
        )
    return int(outlet)
