"""What an inventory says: the typed, frozen form of a file of ``testbeds/``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.versions import Version
from hil.testbed.checks import MOST_OUTLETS, Wrong, contradictions, refusal, unreadable, unsettable
from hil.testbed.entry import NAME_IS, Entry, Mac, Name, Seconds, Word
from hil.testbed.pdus import Pdu

_DEFAULTS = Identity("00:0e:08:aa:bb:cc")


class Network(Entry):
    """The wires between the phones and the laboratory."""

    delay_ms: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="the delay of each link one way, 0 to 1000 milliseconds",
    )


class FirmwareEntry(Entry):
    """The load that a handset runs: $SWVER, and the marketing form of it in the User-Agent header.

    Without ``version`` it follows from ``swver`` (sip7832.11-3-2MPP0001-609 is 11.3.2).
    """

    swver: Word = Field(
        default=_DEFAULTS.swver,
        description=f"the load's name as $SWVER has it, such as {_DEFAULTS.swver}",
    )
    version: Word | None = Field(
        default=None,
        description=f"the release as the User-Agent has it, such as {_DEFAULTS.version}",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.release:
            problem = f"no release follows from {self.swver!r}"
            remedy = f"give version as well, such as {_DEFAULTS.version}"
            raise refusal([Wrong(("swver",), problem, remedy)])
        return self

    @property
    def release(self) -> str:
        """The marketing form, given or derived; empty if ``swver`` does not tell."""
        if self.version is not None:
            return self.version
        load = Version.parse(self.swver)
        if load is None or not load.format.startswith("load"):
            return ""
        return ".".join(str(part) for part in load.key[:3])


class PowerRef(Entry):
    """Where a handset gets its power."""

    pdu: Name = Field(description="the name of a PDU under pdus")
    outlet: int = Field(
        ge=1, le=MOST_OUTLETS, description="the outlet's number as printed on the PDU, from 1"
    )


class TimingEntry(Entry):
    """The tolerances of `hil.judge.timing.Timing`, with the same defaults; seconds but ``drift``."""

    early: Seconds = Field(
        default=Timing.early, description="tolerance before a window, 0 s or more"
    )
    late: Seconds = Field(default=Timing.late, description="tolerance after a window, 0 s or more")
    drift: Seconds = Field(
        default=Timing.drift,
        description="the phone's clock error as a fraction, 0 or more (0.0001)",
    )
    boot: Seconds = Field(
        default=Timing.boot,
        description="the most from power-on to the first DHCPDISCOVER, 0 s or more",
    )
    lease: Seconds = Field(
        default=Timing.lease, description="the most from DHCPDISCOVER to the lease, 0 s or more"
    )
    step: Seconds = Field(
        default=Timing.step, description="the most between two steps of a resync, 0 s or more"
    )
    message: Seconds = Field(
        default=Timing.message,
        description="the most until a due syslog message arrives, 0 s or more",
    )
    give_up: Seconds = Field(
        default=Timing.give_up,
        description="the most until the phone abandons a silent server, 0 s or more",
    )
    store: Seconds = Field(
        default=Timing.store,
        description="the most until an applied profile is safe from a power cut, 0 s or more",
    )
    trigger: Seconds = Field(
        default=Timing.trigger,
        description="the most until a Resync_Trigger that is true is noticed, 0 s or more",
    )
    restart: Seconds = Field(
        default=Timing.restart,
        description="the most from the reason of a reboot, a load to be installed too, until the "
        "phone boots, 0 s or more",
    )


class HandsetEntry(Entry):
    """One phone: who it is, where it hangs, and how its specification is read and timed.

    ``seed`` picks the instants that a virtual phone takes in its windows; the same seed repeats
    them. ``interpretations`` are the readings that a phone is held to, ``follows`` those that a
    virtual one behaves by; both are the defaults where nothing is said. ``capabilities`` names the
    optional features that the phone declares.
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
    interpretations: dict[str, str] = Field(
        default={}, description="a mapping of question to reading, such as resync_trigger: gate"
    )
    follows: dict[str, str] = Field(
        default={},
        description="a mapping of question to reading, by which a virtual phone behaves",
    )
    timing: TimingEntry = Field(
        default=TimingEntry(), description="a mapping of early, late, drift, boot, lease, step, ..."
    )
    capabilities: tuple[Name, ...] = Field(default=(), description="a list of names")
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
        description="how long a virtual phone takes to boot, as a multiple of the usual, 0 to 10",
    )
    seed: int = Field(default=0, ge=0, description="a whole number, 0 or more")

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


class Testbed(Entry):
    """One inventory: the phones of a laboratory and what surrounds them. ``file`` is its origin."""

    __test__: ClassVar[bool] = False  # pytest would collect a class of this name

    name: Name = Field(description=NAME_IS)
    kind: Literal["virtual"] = Field(description="must be virtual")
    network: Network = Field(default=Network(), description="a mapping of delay_ms")
    pdus: tuple[Pdu, ...] = Field(description="a list of PDUs")
    handsets: tuple[HandsetEntry, ...] = Field(description="a list of one handset or more")
    file: Path

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrongs := tuple(contradictions(self.model_dump())):
            raise refusal(wrongs)
        return self

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
