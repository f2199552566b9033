"""A phone's life told to the reference machine, one happening after another, in seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from hil.reference import machine
from hil.reference.decisions import REFERENCE, Decisions
from hil.reference.due import FOREVER
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Action,
    Answered,
    Apply,
    Asked,
    Asker,
    Began,
    BootCause,
    ClockSet,
    Destination,
    Duty,
    Finished,
    Happening,
    Install,
    Leased,
    LineChanged,
    Locate,
    Located,
    Log,
    Phone,
    PoweredOff,
    PoweredOn,
    Purpose,
    Reboot,
    Registration,
    Retrieve,
    Submitted,
)
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer

SERVER = "192.0.2.1"
ADDRESS = "192.0.2.16"
PHONE = Identity("000e08aabbcc")
NANOSECONDS = 1_000_000_000
MISSING = TftpAnswer(error=1, text="File not found")


class Life:
    """A phone with these parameters, off at first. ``duties`` are what the last happening made due."""

    def __init__(
        self,
        *,
        interpretations: Interpretations = DEFAULT,
        decisions: Decisions = REFERENCE,
        identity: Identity = PHONE,
        **parameters: str,
    ) -> None:
        known = Parameters({}, interpretations).updated(parameters)
        self.phone = Phone(identity, known, interpretations)
        self.decisions = decisions
        self.duties: tuple[Duty, ...] = ()

    def happens(self, happening: Happening) -> Life:
        self.phone, self.duties = machine.advance(self.phone, happening, self.decisions)
        return self

    # -- happenings --------------------------------------------------------------------------------

    def power_on(self, at: float = 0, cause: BootCause = BootCause.POWER) -> Life:
        return self.happens(PoweredOn(_ns(at), cause))

    def power_off(self, at: float) -> Life:
        return self.happens(PoweredOff(_ns(at)))

    def lease(self, at: float, options: Mapping[int, bytes] | None = None) -> Life:
        chosen = {66: SERVER.encode()} if options is None else options
        return self.happens(Leased(_ns(at), ADDRESS, chosen))

    def begin(self, at: float, purpose: Purpose = Purpose.RESYNC) -> Life:
        return self.happens(Began(_ns(at), purpose))

    def located(self, at: float, address: str | None, port: int = 0, *others: Destination) -> Life:
        return self.happens(Located(_ns(at), address, port, others))

    def answer(self, at: float, answer: Answer) -> Life:
        return self.happens(Answered(_ns(at), answer))

    def given(self, at: float, **profile: str) -> Life:
        """The request is answered with a profile of these parameters."""
        body = flat_profile(**profile)
        if self.fetching.fetch.scheme == "tftp":
            return self.answer(at, TftpAnswer(body))
        return self.answer(at, HttpAnswer(200, body))

    def fails(self, at: float) -> Life:
        return self.answer(at, NoAnswer("silence"))

    # -- upgrades ----------------------------------------------------------------------------------

    def upgrade(self, at: float) -> Life:
        return self.begin(at, Purpose.UPGRADE)

    def served(self, at: float, files: Mapping[str, bytes]) -> Life:
        """The request is answered with the file of this name, or with error 1."""
        name = self.fetching.fetch.path.rpartition("/")[2]
        return self.answer(at, TftpAnswer(files[name]) if name in files else MISSING)

    def given_rule(self, at: float, rule: str, **profile: str) -> Life:
        """A resync that somebody asks for sets Upgrade_Rule."""
        return self.ask(at).begin(at).given(at, Upgrade_Rule=rule, **profile)

    def boots(self, at: float) -> Life:
        """It boots as it has to, and has its lease 5 s later."""
        (reboot,) = (duty for duty in self.duties if isinstance(duty, Reboot))
        return self.power_on(at, reboot.cause).lease(at + 5)

    # -- what happens beside its attempts ----------------------------------------------------------

    def told_time(self, at: float, utc: str) -> Life:
        """Its clock is set, to ``2026-03-02 07:30`` or ``07:30:15`` of UTC."""
        instant = datetime.fromisoformat(utc).replace(tzinfo=UTC)
        return self.happens(ClockSet(_ns(at), round(instant.timestamp()) * NANOSECONDS))

    def ask(
        self, at: float, action: Action = Action.RESYNC, by: Asker = Asker.WEB, rule: str = ""
    ) -> Life:
        return self.happens(Asked(_ns(at), by, action, rule))

    def submit(self, at: float, **values: str) -> Life:
        return self.happens(Submitted(_ns(at), values))

    def call(self, at: float, line: int = 1) -> Life:
        return self.happens(LineChanged(_ns(at), line, True))

    def hang_up(self, at: float, line: int = 1) -> Life:
        return self.happens(LineChanged(_ns(at), line, False))

    def registered(self, at: float, line: int = 1) -> Life:
        return self.happens(Registration(_ns(at), line, True))

    def unregistered(self, at: float, line: int = 1) -> Life:
        return self.happens(Registration(_ns(at), line, False))

    # -- what is due -------------------------------------------------------------------------------

    @property
    def due(self) -> tuple[float, float, str] | None:
        """The window of the next resync and its $PRVST; None if none is due."""
        due = self.phone.due
        if due is None:
            return None
        return due.earliest / NANOSECONDS, due.latest / NANOSECONDS, due.reason.value

    @property
    def clause(self) -> str | None:
        """The clause that the next resync rests on; None if none is due."""
        return self.phone.due.clause if self.phone.due is not None else None

    @property
    def upgrade_due(self) -> tuple[float, float, str] | None:
        """The window of the next upgrade and its reason; infinite where it may wait for a resync."""
        due = machine.due_of(self.phone, Purpose.UPGRADE)
        if due is None:
            return None
        latest = math.inf if due.latest >= FOREVER else due.latest / NANOSECONDS
        return due.earliest / NANOSECONDS, latest, due.reason.value

    @property
    def installs(self) -> list[tuple[str, bool]]:
        """The loads that it has to install, each by its name and whether it was downloaded."""
        return [(d.name, d.load is not None) for d in self.duties if isinstance(d, Install)]

    @property
    def reboots(self) -> bool:
        return any(isinstance(duty, Reboot) for duty in self.duties)

    @property
    def fetching(self) -> Retrieve:
        (duty,) = (duty for duty in self.duties if isinstance(duty, Retrieve))
        return duty

    @property
    def url(self) -> str | None:
        """What is to be fetched now; None if nothing."""
        found = [duty.fetch.url for duty in self.duties if isinstance(duty, Retrieve)]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def looking_for(self) -> str | None:
        return next((duty.host for duty in self.duties if isinstance(duty, Locate)), None)

    @property
    def logged(self) -> list[str]:
        return [duty.message.text for duty in self.duties if isinstance(duty, Log)]

    @property
    def applied(self) -> list[Mapping[str, str]]:
        return [d.parameters.items_set() for d in self.duties if isinstance(d, Apply)]

    @property
    def finished(self) -> Finished | None:
        return next((duty for duty in self.duties if isinstance(duty, Finished)), None)


def booted(
    at: float = 10, *, options: Mapping[int, bytes] | None = None, **parameters: str
) -> Life:
    """A phone that has its lease at 10 s; its resync is due at once."""
    life = Life(**{"Resync_Random_Delay": "0"} | parameters)
    return life.power_on().lease(at, options)


def _ns(seconds: float) -> int:
    return round(seconds * NANOSECONDS)
