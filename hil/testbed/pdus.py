"""The power distribution units of an inventory, and how they are talked to."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from hil.power.snmp_pdu import MODELS, SnmpPduConfig, SnmpVersion
from hil.snmp import AuthProtocol, UsmUser
from hil.testbed.checks import DEFAULT_OUTLETS, MOST_OUTLETS, attempt
from hil.testbed.entry import NAME_IS, Entry, Name, Secret


class SnmpUser(Entry):
    """A user of SNMPv3's user-based security model (RFC 3414), see `hil.snmp.UsmUser`."""

    name: str = Field(description="the user's name, 1 to 32 octets")
    auth_key: Secret = Field(
        default="", repr=False, description="a pass phrase of 8 characters or more, or {env: NAME}"
    )
    priv_key: Secret = Field(
        default="", repr=False, description="a pass phrase of 8 characters or more, or {env: NAME}"
    )
    auth: AuthProtocol = Field(default=AuthProtocol.SHA, description="SHA or SHA-256")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        attempt(self.usm_user)
        return self

    def usm_user(self) -> UsmUser:
        """The user as both ends of SNMP take it."""
        return UsmUser(self.name, self.auth_key, self.priv_key, self.auth)


class Pdu(Entry):
    """A switched power distribution unit; on a virtual testbed its agent is ours.

    The communities serve v1 and v2c and differ, ``user`` serves v3, which cannot do without.
    """

    name: Name = Field(description=NAME_IS)
    driver: Literal["snmp"] = Field(description="must be snmp")
    model: Literal["apc-rpdu"] = Field(description="must be apc-rpdu")
    version: SnmpVersion = Field(default=SnmpVersion.V2C, description="v1, v2c or v3")
    read_community: Secret = Field(
        default="public",
        min_length=1,
        repr=False,
        description="the community's name, or {env: NAME}",
    )
    write_community: Secret = Field(
        default="private",
        min_length=1,
        repr=False,
        description="the community's name, or {env: NAME}",
    )
    user: SnmpUser | None = Field(
        default=None, description="a mapping of name, auth_key, priv_key and auth, for SNMPv3"
    )
    outlets: int = Field(
        default=DEFAULT_OUTLETS,
        ge=1,
        le=MOST_OUTLETS,
        description="how many outlets it has, 1 to 48",
    )

    def snmp_config(self, host: str, port: int = 161) -> SnmpPduConfig:
        """How the power driver reaches this PDU at an IPv4 address."""
        return SnmpPduConfig(
            host=host,
            port=port,
            version=self.version,
            read_community=self.read_community,
            write_community=self.write_community,
            user=self.user.usm_user() if self.user else None,
            model=next(model for model in MODELS if model.name == self.model),
        )
