"""The mappings inside a handset's entry: its load, its power, and the tolerances it is judged by."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.reference.identity import Identity
from hil.reference.versions import Version
from hil.testbed.checks import OUTLET_IS, Wrong, outlet_number, outlet_of, refusal
from hil.testbed.entry import Entry, Name, Seconds, Word

DEFAULTS = Identity("00:0e:08:aa:bb:cc")
"""A phone of which nothing but the MAC address is known."""


class FirmwareEntry(Entry):
    """The load that a handset runs: $SWVER, and the marketing form of it in the User-Agent header.

    Without ``version`` it follows from ``swver`` (sip7832.11-3-2MPP0001-609 is 11.3.2).
    """

    swver: Word = Field(
        default=DEFAULTS.swver,
        description=f"the load's name as $SWVER has it, such as {DEFAULTS.swver}",
    )
    version: Word | None = Field(
        default=None,
        description=f"the release as the User-Agent has it, such as {DEFAULTS.version}",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.release:
            problem = f"no release follows from {self.swver!r}"
            remedy = f"give version as well, such as {DEFAULTS.version}"
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


Outlet = Annotated[int | str, BeforeValidator(outlet_of)]
"""An outlet's number, or the name of a port such as Gi1/0/7."""


class PowerRef(Entry):
    """Where a handset gets its power."""

    pdu: Name = Field(description="the name of an entry under pdus")
    outlet: Outlet = Field(description=OUTLET_IS)

    @property
    def number(self) -> int:
        """The outlet as a number; `UsageError` for a port that has a name."""
        number = outlet_number(self.outlet)
        if number is None:
            raise UsageError(
                f"outlet {self.outlet!r} of {self.pdu!r} is no number",
                remedy="the outlet's number as printed on the PDU, from 1",
            )
        return number


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
