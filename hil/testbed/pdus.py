"""What switches power in an inventory: PDUs, PoE switches and whatever else obeys a driver.

An entry is what its ``driver`` says: `Pdu` is the union of all kinds. Each kind has a ``name``, the
``outlets`` where their number is known, and ``make_driver``, which gives the
`hil.power.driver.PowerDriver` of a device on a rack. On a virtual testbed the device is ours and its
entry has no address.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from hil.errors import UsageError
from hil.power.driver import PowerDriver
from hil.power.outlet import PowerPolicy
from hil.power.poe import PoeSwitch
from hil.power.port_counts import SwitchPortCounts
from hil.power.port_link import SwitchPortLink
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.power.snmp_models import MODELS
from hil.power.snmp_pdu import SnmpPdu
from hil.power.switch_ports import Numbering
from hil.snmp import AuthProtocol, UsmUser
from hil.testbed.checks import DEFAULT_OUTLETS, Wrong, attempt, nearest, refusal
from hil.testbed.entry import (
    HOST_IS,
    NAME_IS,
    RACK_NEEDED,
    RACK_ONLY,
    DeviceAddress,
    Entry,
    Name,
    Secret,
)
from hil.testbed.pdus_other import OtherPdu

MODEL_NAMES = tuple(sorted(model.name for model in MODELS))
"""What ``model:`` of an SNMP PDU may be."""

# The largest outletId of PDU2-MIB; the other MIBs have fewer.
_MOST_OUTLETS = 256
_COMMUNITY_IS = "the community's name, or {env: NAME}"
_KEY_IS = "a pass phrase of 8 characters or more, or {env: NAME}"


def _model(name: str) -> str:
    if name not in MODEL_NAMES:
        problem = f"no PDU model is called {name[:60]!r}"
        raise refusal([Wrong((), problem, nearest(name, MODEL_NAMES))])
    return name


class SnmpUser(Entry):
    """A user of SNMPv3's user-based security model (RFC 3414), see `hil.snmp.UsmUser`."""

    name: str = Field(description="the user's name, 1 to 32 octets")
    auth_key: Secret = Field(default="", repr=False, description=_KEY_IS)
    priv_key: Secret = Field(default="", repr=False, description=_KEY_IS)
    auth: AuthProtocol = Field(default=AuthProtocol.SHA, description="SHA or SHA-256")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        attempt(self.usm_user)
        return self

    def usm_user(self) -> UsmUser:
        """The user as both ends of SNMP take it."""
        return UsmUser(self.name, self.auth_key, self.priv_key, self.auth)


class _SnmpEntry(Entry):
    """A device with an SNMP agent.

    ``host`` is needed on a rack. The communities serve v1 and v2c and differ, ``user`` serves v3,
    which cannot do without.
    """

    name: Name = Field(description=NAME_IS)
    host: DeviceAddress | None = Field(
        default=None, json_schema_extra=RACK_NEEDED, description=HOST_IS
    )
    port: int = Field(
        default=161,
        ge=1,
        le=65535,
        json_schema_extra=RACK_ONLY,
        description="the agent's UDP port, 1 to 65535, usually 161",
    )
    version: SnmpVersion = Field(default=SnmpVersion.V2C, description="v1, v2c or v3")
    read_community: Secret = Field(
        default="public", min_length=1, repr=False, description=_COMMUNITY_IS
    )
    write_community: Secret = Field(
        default="private", min_length=1, repr=False, description=_COMMUNITY_IS
    )
    user: SnmpUser | None = Field(
        default=None, description="a mapping of name, auth_key, priv_key and auth, for SNMPv3"
    )
    settle_s: float = Field(
        default=PowerPolicy.settle_s,
        ge=0,
        le=120,
        json_schema_extra=RACK_ONLY,
        description="how long an outlet may take to do what it was told, 0 to 120 s",
    )

    def agent(self, host: str | None = None) -> SnmpAgent:
        """Where the agent is and how it is talked to; at ``host`` instead of its own address."""
        if host is None and self.host is None:
            raise UsageError(f"{self.name} has no host", remedy=HOST_IS)
        return SnmpAgent(
            host=host or str(self.host),
            port=self.port,
            version=self.version,
            read_community=self.read_community,
            write_community=self.write_community,
            user=self.user.usm_user() if self.user else None,
        )


class SnmpPduEntry(_SnmpEntry):
    """A switched power distribution unit; on a virtual testbed its agent is ours.

    Where PDUs are linked, an outlet may be unit and number as 2.3, or as printed on Server
    Technology's, such as AA3; see `hil.power.snmp_models.PduModel`.
    """

    driver: Literal["snmp"] = Field(description="must be snmp")
    model: Annotated[str, AfterValidator(_model)] = Field(
        description="one of " + ", ".join(MODEL_NAMES)
    )
    outlets: int = Field(
        default=DEFAULT_OUTLETS,
        ge=1,
        le=_MOST_OUTLETS,
        description="how many outlets it has, or each of its units, 1 to 256",
    )

    def make_driver(self) -> PowerDriver:
        """The driver of this PDU on a rack; `UsageError` without a ``host``."""
        return SnmpPdu(self.agent(), next(m for m in MODELS if m.name == self.model))


class PoeEntry(_SnmpEntry):
    """A switch that gives power over Ethernet (RFC 3621); its outlets are ports.

    A port is its name (ifName), its number, or group and number as 1/7. A port has ``settle_s`` to
    find the phone that takes its power.
    """

    driver: Literal["poe"] = Field(json_schema_extra=RACK_ONLY, description="must be poe")
    numbering: Numbering = Field(
        default=Numbering.IF_INDEX,
        description="how the numbers of ports and interfaces belong together: if-index or cisco",
    )
    outlets: int | None = Field(
        default=None, ge=1, le=1024, description="how many ports it has, 1 to 1024"
    )
    settle_s: float = Field(
        default=10.0,
        ge=0,
        le=120,
        description="how long a port may take to find and power the phone, 0 to 120 s",
    )

    def make_driver(self) -> PowerDriver:
        """The driver of this switch on a rack; `UsageError` without a ``host``."""
        return PoeSwitch(self.agent(), self.numbering)

    def make_link(self, port: str) -> SwitchPortLink:
        """The link of a port of this switch; `UsageError` without a ``host``."""
        return SwitchPortLink(self.agent(), port, self.numbering)

    def make_counts(self, port: str) -> SwitchPortCounts:
        """What a port of this switch counts; `UsageError` without a ``host``."""
        return SwitchPortCounts(self.agent(), port, self.numbering)


Pdu = Annotated[SnmpPduEntry | PoeEntry | OtherPdu, Field(discriminator="driver")]
"""Any entry of ``pdus``; ``driver`` says of which kind it is."""

DRIVERS = tuple(
    get_args(kind.model_fields["driver"].annotation)[0] for kind in get_args(get_args(Pdu)[0])
)
"""What ``driver:`` of an entry may be."""
