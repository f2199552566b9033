"""The imagined bench at the phone's own faces: its pages, its screen, and who tells it the time."""

from __future__ import annotations

import tellings
from histories import LAB, NANOSECONDS

from hil.reference import direct_actions, phone_clock
from hil.reference.due import Action, Asker
from hil.reference.phone import Asked, ClockSet, Phase, Submitted
from imagined.configuration import LOADS, NAME, configured
from imagined.world import World

_ASLEEP = (Phase.OFF, Phase.BOOTING, Phase.REBOOTING)
_TARGETS = (
    "/admin/resync",
    "/admin/resync",
    "/admin/resync?/by-hand.xml",
    f"/admin/resync?http://{NAME}/by-name.xml",
    "/admin/upgrade",
    f"/admin/upgrade?/fw/{LOADS[0]}.loads",
    f"/admin/upgrade?http://{LAB}/{LOADS[1]}.loads",
    "/admin/reboot",
    "/admin/status.xml",
    "/admin/resync&xuser=admin&xpassword=wrong",
)


class Faces:
    """The phone's pages, screen and clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ahead_ns = 0

    # -- pages -------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Give a command by web address."""
        world, chance = self._world, self._world.chance
        target, number = chance.choice(_TARGETS), world.number()
        world.tell(tellings.web_requested(number, target))
        command = direct_actions.parse_command(target)
        if command is None:
            self._answers(number, 200)
            return
        decision = direct_actions.decide(command, world.phone.parameters, LAB)
        if isinstance(decision, direct_actions.Refuse):
            self._answers(number, decision.status)
            return
        asked = Asked(
            world.ns,
            Asker.WEB,
            decision.action,
            decision.rule,
            decision.requester,
        )
        self._obeys(number, asked)

    def submit(self) -> None:
        """Submit a configuration; the phone takes it over and reboots."""
        world = self._world
        values, number = configured(world), world.number()
        world.tell(tellings.web_requested(number, "/admin/config.xml", parameters=values))
        self._obeys(number, Submitted(world.ns, values))

    def _obeys(self, number: int, happening: Asked | Submitted) -> None:
        """The phone obeys after its answer, or before, or without one."""
        world, chance = self._world, self._world.chance
        manner = "after" if world.calm else chance.choice(("after", "after", "before", "without"))
        if manner == "after":
            world.tell(tellings.web_answered(number, 200))
        else:
            status = 200 if manner == "before" else 0
            world.later(
                chance.uniform(0, 0.8) if status else 10.0,
                lambda: world.tell(tellings.web_answered(number, status)),
                outlasts=not status,
            )
        world.beside(happening)

    def _answers(self, number: int, status: int) -> None:
        self._world.tell(tellings.web_answered(number, status))

    # -- screen ------------------------------------------------------------------------------------

    def press(self) -> None:
        """Press the softkey, if it is there, or restart by the menu."""
        world, chance = self._world, self._world.chance
        if world.phone.phase in _ASLEEP:
            return
        if chance.random() < 0.15:
            world.tell(tellings.screen("reboot"))
            world.beside(Asked(world.ns, Asker.SCREEN, Action.REBOOT))
            return
        offered = world.phone.parameters.flag("User_Configurable_Resync")
        rule = chance.choice(("", "", f"tftp://{LAB}/typed.xml"))
        world.tell(tellings.screen("resync", offered=offered, detail=rule))
        if offered:
            world.beside(Asked(world.ns, Asker.SCREEN, Action.RESYNC, rule))

    # -- the time ----------------------------------------------------------------------------------

    def tell_time(self) -> None:
        """The phone asks for the time, and asks again when it has it or not."""
        world, chance = self._world, self._world.chance
        if not phone_clock.ntp_servers(world.phone.parameters, {}):
            world.later(300, self.tell_time)
            return
        world.tell(tellings.time_asked())
        outcomes = ["good"] * 5
        outcomes += (
            [] if world.calm else ["silent", "unsynchronised", "late", "too late", "shifted"]
        )
        outcome = chance.choice(outcomes)
        world.later(
            60 if outcome in ("silent", "unsynchronised", "too late") else 1700, self.tell_time
        )
        match outcome:
            case "silent":
                world.story.fault(world.now, "Silence", "ntp")
            case "unsynchronised":
                world.story.fault(world.now, "Unsynchronized", "ntp")
                world.tell(tellings.time_told(self._utc, stratum=0, leap=3))
            case "late" | "too late":
                world.story.fault(world.now, "Delay", "ntp")
                taken = outcome == "late"
                world.later(chance.uniform(1.1, 2.9) if taken else 4.0, lambda: self._told(taken))
            case "shifted":
                self._ahead_ns += chance.choice((-3600, -30, 45, 1800, 7200)) * NANOSECONDS
                # One that knows no time cannot know that this is another one.
                self._told(taken=world.phone.clock is None or chance.random() < 0.8)
            case _:
                self._told(taken=True)

    def _told(self, taken: bool) -> None:
        world = self._world
        world.tell(tellings.time_told(self._utc))
        if taken:
            world.beside(ClockSet(world.ns, self._utc))

    @property
    def _utc(self) -> int:
        return self._world.utc0 + self._world.ns + self._ahead_ns
