"""The imagined bench's SIP server: registrations, calls, and NOTIFYs that ask for something.

A call may be anything that makes a line active or idle. Whether a line that only rings counts as
active is one phone's business and not another's, so a scenario decides that once.
"""

from __future__ import annotations

import tellings
from histories import PHONE
from tellings import RECEIVED, SENT

from hil.reference import notify
from hil.reference.due import Action, Asker
from hil.reference.phone import Asked, LineChanged, Registration
from imagined.world import World

TIMEOUT_S = 32.0
"""64*T1 (RFC 3261 section 17.1)."""

_EVENTS = (
    "resync",
    "resync",
    "resync;profile=/asked.xml",
    "check-sync",
    "report",
    "reboot_now",
    "restart_now",
    "unheard-of",
)


class Lines:
    """The phone's two lines, and whom they talk to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._registered: set[int] = set()
        self._busy: set[int] = set()
        self._ringing_counts = world.calm or world.chance.random() < 0.5

    def boots(self) -> None:
        self._registered.clear()
        self._busy.clear()

    def leased(self) -> None:
        """The phone has an address: its lines register."""
        for line in (1, 2):
            if self._user(line):
                self._world.later(
                    self._world.chance.uniform(0.1, 3), lambda line=line: self._register(line)
                )

    def _user(self, line: int) -> str:
        return self._world.phone.parameters.raw(f"User_ID_{line}_")

    def _sip(
        self,
        method: str,
        direction: object,
        line: int,
        call: str,
        status: int = 0,
        **fields: object,
    ) -> None:
        self._world.tell(
            tellings.sip(
                method,
                direction,
                user=fields.pop("user", None) or self._user(line),
                call=call,
                status=status,
                peer=f"{PHONE}:{5059 + line}",
                **fields,
            )
        )

    # -- registrations -----------------------------------------------------------------------------

    def _register(self, line: int, cseq: int = 1) -> None:
        world, user = self._world, self._user(line)
        if not user:
            return
        call = f"register-{line}-{world.number()}"
        outcomes = ["granted"] * 5 + ["challenged", "refused"]
        outcomes += [] if world.calm else ["silent", "challenged in vain"]
        outcome = world.chance.choice(outcomes)
        self._sip("REGISTER", RECEIVED, line, call, cseq=cseq, user=user)
        if outcome == "silent":
            world.story.fault(world.now, "Silence", "sip")
            repeats = [
                (t, lambda: self._sip("REGISTER", RECEIVED, line, call, user=user))
                for t in (0.5, 1.5)
            ]
            for seconds, again in repeats:
                world.later(seconds, again)
            world.later(TIMEOUT_S, lambda: self._refused(line))
            return
        if outcome.startswith("challenged"):
            self._sip("REGISTER", SENT, line, call, 401, cseq=cseq, user=user)
            if outcome == "challenged in vain":
                self._refused(line)
                return
            cseq += 1
            self._sip("REGISTER", RECEIVED, line, call, cseq=cseq, user=user)
        if outcome == "refused":
            status = world.chance.choice((403, 404, 503))
            self._sip("REGISTER", SENT, line, call, status, cseq=cseq, user=user)
            self._refused(line)
            return
        expires = world.chance.choice((120, 600, 3600))
        self._sip("REGISTER", SENT, line, call, 200, cseq=cseq, user=user, expires=expires)
        self._registered.add(line)
        world.beside(Registration(world.ns, line, True))
        world.later(0.9 * expires, lambda: self._register(line, cseq + 1))

    def _refused(self, line: int) -> None:
        world = self._world
        world.later(world.chance.choice((60, 200, 1200)), lambda: self._register(line))
        if line in self._registered:
            self._registered.discard(line)
            world.beside(Registration(world.ns, line, False))

    # -- calls -------------------------------------------------------------------------------------

    def call(self) -> None:
        """Somebody calls somebody, unless the line is busy already."""
        world = self._world
        line = world.chance.choice((1, 2))
        if line in self._busy:
            return
        self._busy.add(line)
        outward = world.chance.random() < 0.5
        number = f"call-{world.number()}"
        user = self._user(line)
        if outward:
            world.tell(tellings.screen("dial", detail="555"))
            world.beside(LineChanged(world.ns, line, True))
            world.later(0.01, lambda: self._rings(line, number, user, RECEIVED, SENT))
        else:
            self._rings(line, number, user, SENT, RECEIVED)

    def _rings(self, line: int, call: str, user: str, asks: object, answers: object) -> None:
        world, chance = self._world, self._world.chance
        outward = asks is RECEIVED
        self._sip("INVITE", asks, line, call, user=user)
        outcomes = ["answered"] * 4 + ["refused", "cancelled"]
        if outward and not world.calm:
            outcomes += ["silent", "unreachable", "challenged in vain"]
        outcome = chance.choice(outcomes)
        if outcome in ("silent", "unreachable"):
            fault = "Silence" if outcome == "silent" else "Unreachable"
            world.story.fault(world.now, fault, "sip", f"INVITE {call}")
            over = TIMEOUT_S if outcome == "silent" else 0.0
            world.later(over, lambda: self._over(line))
            return
        if outcome == "challenged in vain":
            self._sip("INVITE", answers, line, call, 407, user=user)
            world.later(0.0, lambda: self._over(line))
            return
        if outward or self._ringing_counts:
            world.beside(LineChanged(world.ns, line, True))
        self._sip("INVITE", answers, line, call, 180, user=user)
        wait = chance.uniform(0.1, 20)
        if outcome == "answered":
            world.later(wait, lambda: self._answered(line, call, user, asks, answers))
        elif outcome == "refused":
            world.later(wait, lambda: self._ended(line, call, user, answers, 486))
        else:
            world.later(wait, lambda: self._cancelled(line, call, user, asks, answers))

    def _answered(self, line: int, call: str, user: str, asks: object, answers: object) -> None:
        world, chance = self._world, self._world.chance
        if not self._ringing_counts:
            world.beside(LineChanged(world.ns, line, True))
        for _ in range(1 if world.calm else chance.choice((1, 1, 2))):
            self._sip("INVITE", answers, line, call, 200, user=user)
        self._sip("ACK", asks, line, call, user=user)
        seconds = chance.choice((5.0, 60.0, 400.0))
        if chance.random() < 0.2 and not world.calm:
            # Somebody tries to change the session, and is refused; the call goes on.
            world.later(
                seconds / 2, lambda: self._sip("INVITE", asks, line, call, 0, cseq=2, user=user)
            )
            world.later(
                seconds / 2 + 0.1,
                lambda: self._sip("INVITE", answers, line, call, 488, cseq=2, user=user),
            )
        if chance.random() < 0.5:
            world.later(seconds, lambda: self._hangs_up(line, call, user))
        else:
            world.later(seconds, lambda: self._is_hung_up(line, call, user))

    def _hangs_up(self, line: int, call: str, user: str) -> None:
        world = self._world
        world.tell(tellings.screen("hang-up"))
        self._sip("BYE", RECEIVED, line, call, user=user, cseq=3)
        self._over(line)
        self._sip("BYE", SENT, line, call, 200, user=user, cseq=3)

    def _is_hung_up(self, line: int, call: str, user: str) -> None:
        """The bench hangs up; its BYE may be lost once or for good."""
        world, chance = self._world, self._world.chance
        lost = 0 if world.calm else chance.choice((0, 0, 0, 1, 3))
        for again in range(lost):
            world.later(
                0.5 * 2**again, lambda: self._sip("BYE", SENT, line, call, user=user, cseq=3)
            )

        def arrives() -> None:
            self._sip("BYE", SENT, line, call, user=user, cseq=3)
            self._over(line)
            self._sip("BYE", RECEIVED, line, call, 200, user=user, cseq=3)

        self._sip("BYE", SENT, line, call, user=user, cseq=3)
        world.later(0.5 * 2**lost if lost else 0.0, arrives)

    def _ended(self, line: int, call: str, user: str, answers: object, status: int) -> None:
        self._sip("INVITE", answers, line, call, status, user=user)
        self._over(line)

    def _cancelled(self, line: int, call: str, user: str, asks: object, answers: object) -> None:
        self._sip("CANCEL", asks, line, call, user=user)
        self._sip("CANCEL", answers, line, call, 200, user=user)
        self._ended(line, call, user, answers, 487)

    def _over(self, line: int) -> None:
        self._busy.discard(line)
        if line in self._world.phone.lines.active:
            self._world.beside(LineChanged(self._world.ns, line, False))

    # -- NOTIFY ------------------------------------------------------------------------------------

    def notify(self) -> None:
        """Ask by NOTIFY; the phone wants credentials first, and obeys before or after its 200."""
        world, chance = self._world, self._world.chance
        event, call = chance.choice(_EVENTS), f"notify-{world.number()}"
        self._sip("NOTIFY", SENT, 1, call, event=event)
        cseq = 1
        if chance.random() < 0.7:
            self._sip("NOTIFY", RECEIVED, 1, call, 401)
            if chance.random() < 0.1:
                return
            cseq = 2
            self._sip("NOTIFY", SENT, 1, call, event=event, cseq=2)
        parameters = world.phone.parameters
        outcome = notify.decide(event, parameters, 1, True, world.phone.interpretations)
        if isinstance(outcome, notify.Refuse):
            self._sip("NOTIFY", RECEIVED, 1, call, outcome.status, cseq=cseq)
            return
        if not isinstance(outcome, notify.Accept):
            return
        hasty = not world.calm and chance.random() < 0.3
        asked = Asked(world.ns, Asker.SIP, outcome.action.asks, outcome.rule)
        if not hasty:
            self._sip("NOTIFY", RECEIVED, 1, call, 200, cseq=cseq)
        elif asked.action is not Action.REBOOT:
            world.later(
                chance.uniform(0, 0.8),
                lambda: self._sip("NOTIFY", RECEIVED, 1, call, 200, cseq=cseq),
            )
        world.beside(asked)
