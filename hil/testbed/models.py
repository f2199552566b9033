"""What an inventory says: the typed, frozen form of a file of ``testbeds/``."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.testbed.authorities import AuthorityEntry
from hil.testbed.capabilities import Capabilities
from hil.testbed.checks import Wrong, refusal, unreadable, unsettable
from hil.testbed.consoles import ConsoleEntry
from hil.testbed.contradictions import contradictions
from hil.testbed.entry import (
    NAME_IS,
    RACK_ONLY,
    VIRTUAL_ONLY,
    Entry,
    Kind,
    Mac,
    Name,
    Word,
)
from hil.testbed.handset_parts import DEFAULTS as _DEFAULTS
from hil.testbed.handset_parts import FirmwareEntry, PowerRef, TimingEntry
from hil.testbed.networks import VLAN_IS, Network, VlanId
from hil.testbed.pdus import Pdu


class HandsetEntry(Entry):
    """One phone: who it is, where it hangs, and how its specification is read and timed.

    ``seed`` picks the instants that a virtual phone takes in its windows; the same seed repeats
    them. ``interpretations`` are the readings that a phone is held to, ``follows`` those that a
    virtual one behaves by; both are the defaults where nothing is said. ``capabilities`` are what the
    phone and its place are able to do.
    """

    name: Name = Field(description=NAME_IS)
    model: Word = Field(
        default=_DEFAULTS.pn, description=f"the product name, such as {_DEFAULTS.pn}"
    )
    mac: Mac = Field(description="a MAC address such as 00:0e:08:aa:bb:cc")
    serial: Word = Field(description="the serial number on the phone's label")
    firmware: FirmwareEntry = Field(
        default=FirmwareEntry(), description="a mapping of swver and version"
    )
    psn: Word | None = Field(
        default=None,
        description="$PSN where it differs from the interpretation psn, such as 7832-3PCC",
    )
    hwver: Word = Field(
        default=_DEFAULTS.hwver,
        description=f"the hardware version as $HWVER has it, such as {_DEFAULTS.hwver}",
    )
    client_certificate: bool = Field(
        default=True,
        description="yes or no: whether a client certificate is installed, as $CCERT has it",
    )
    power: PowerRef = Field(description="a mapping of pdu and outlet")
    console: ConsoleEntry | None = Field(
        default=None,
        json_schema_extra=RACK_ONLY,
        description="a mapping of url, such as rfc2217://192.0.2.20:4001, and baud",
    )
    vlan: VlanId | None = Field(default=None, json_schema_extra=RACK_ONLY, description=VLAN_IS)
    address: IPv4Address | None = Field(
        default=None,
        json_schema_extra=RACK_ONLY,
        description="the IPv4 address that the phone is leased, within network.subnet",
    )
    interpretations: dict[str, str] = Field(
        default={}, description="a mapping of question to reading, such as resync_trigger: gate"
    )
    follows: dict[str, str] = Field(
        default={},
        json_schema_extra=VIRTUAL_ONLY,
        description="a mapping of question to reading, by which a virtual phone behaves",
    )
    timing: TimingEntry = Field(
        default=TimingEntry(), description="a mapping of early, late, drift, boot, lease, step, ..."
    )
    capabilities: Capabilities = Field(
        default=Capabilities(), description="a mapping of capability to value, such as https: yes"
    )
    minimum_off_s: float = Field(
        default=5.0, ge=0, le=3600, description="how long it stays without power, 0 to 3600 s"
    )
    parameters: dict[str, str] = Field(
        default={},
        description="a mapping of parameter to value, set where a test does not say otherwise",
    )
    boot_pace: float = Field(
        default=1.0,
        ge=0,
        le=10,
        json_schema_extra=VIRTUAL_ONLY,
        description="how long a virtual phone takes to boot, as a multiple of the usual, 0 to 10",
    )
    seed: int = Field(
        default=0, ge=0, json_schema_extra=VIRTUAL_ONLY, description="a whole number, 0 or more"
    )

    @field_validator("interpretations", "follows")
    @classmethod
    def _answerable(cls, readings: dict[str, str]) -> dict[str, str]:
        if wrongs := tuple(unreadable(readings)):
            raise refusal(wrongs)
        return readings

    @field_validator("parameters")
    @classmethod
    def _settable(cls, parameters: dict[str, str]) -> dict[str, str]:
        if wrongs := tuple(unsettable(parameters)):
            raise refusal(wrongs)
        return parameters

    def identity(self) -> Identity:
        """Who the phone is, for the reference."""
        return Identity(
            mac=self.mac,
            serial=self.serial,
            pn=self.model,
            psn=self.psn or "",
            swver=self.firmware.swver,
            version=self.firmware.release,
            hwver=self.hwver,
            ccert_installed=self.client_certificate,
        )

    @property
    def shown_psn(self) -> str:
        """$PSN as given, or as its interpretation says."""
        return self.psn or self.chosen_interpretations().psn

    def own_readings(self) -> Interpretations:
        """How a virtual phone itself reads the specification."""
        return Interpretations.default().choose(**self.follows)

    def chosen_interpretations(self) -> Interpretations:
        """How the specification is read for this handset."""
        return Interpretations.default().choose(**self.interpretations)

    def judge_timing(self) -> Timing:
        """The judge's tolerances for this handset."""
        return Timing(**self.timing.model_dump())


def _beside(value: object, info: ValidationInfo) -> object:
    """A directory relative to the inventory; ``~`` is the user's own."""
    if not isinstance(value, str):
        return value
    if not value:
        raise refusal([Wrong((), "state is empty", "the path of a directory")])
    try:
        return Path((info.context or {}).get("directory", ".")) / Path(value).expanduser()
    except RuntimeError as error:
        raise refusal([Wrong((), f"{error}", "the path of a directory")]) from error


State = Annotated[Path, BeforeValidator(_beside)]


class Testbed(Entry):
    """One inventory: the phones of a laboratory and what surrounds them. ``file`` is its origin."""

    __test__: ClassVar[bool] = False  # pytest would collect a class of this name

    name: Name = Field(description=NAME_IS)
    kind: Kind = Field(description="virtual or rack")
    network: Network = Field(
        default=Network(),
        description="a mapping: of delay_ms on a virtual testbed, of interface, attach and subnet in "
        "a rack",
    )
    state: State | None = Field(
        default=None,
        description="the directory of leases and quarantine, relative to this file",
    )
    authority: AuthorityEntry | None = Field(
        default=None,
        json_schema_extra=RACK_ONLY,
        description="a mapping of certificate, key and client_roots: who signs the servers that phones "
        "are to trust, see `hil testbed authority`",
    )
    pdus: tuple[Pdu, ...] = Field(description="a list of what switches power")
    handsets: tuple[HandsetEntry, ...] = Field(description="a list of one handset or more")
    file: Path

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrongs := tuple(contradictions(self.model_dump(exclude_unset=True))):
            raise refusal(wrongs)
        return self

    @property
    def kept_authority(self) -> AuthorityEntry | None:
        """The authority that signs here, where one was read; else each bench makes its own."""
        return self.authority if self.authority is not None and self.authority.is_there else None

    def handset(self, name: str | None = None) -> HandsetEntry:
        """Return the handset of that name, or the first; `UsageError` if there is none."""
        if name is None:
            return self.handsets[0]
        for entry in self.handsets:
            if entry.name == name:
                return entry
        raise UsageError(
            f"no handset is called {name!r}",
            file=str(self.file),
            remedy="one of " + ", ".join(entry.name for entry in self.handsets),
        )
