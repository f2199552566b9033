"""Plays the lines of a phone on an imagined bench and writes down what the bench would have recorded.

`play` makes one scenario from a seed: accounts, servers that grant, refuse, challenge, stay silent or
answer too late, ICMP, power cuts at any instant, and phones that differ wherever no text says how a
phone is. Each line goes by the reference's registration machine. Where ``calm``, there is one line
whose phone does with one server, and everything that decides about its REGISTERs is seen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from histories import LAB, NANOSECONDS, PHONE, TIMING, Story

from hil import digest
from hil.history import events as ev
from hil.reference import registration as machine
from hil.reference.line_decisions import REFERENCE_LINE
from hil.reference.parameters import Parameters
from hil.reference.registration import RegisterDue

IDLE = {"Resync_On_Reset": "No", "Resync_Periodic": "0"}
FOR_EVER = {51: b"\xff\xff\xff\xff"}
PORTS = {"sip": 5060, "backup-sip": 5070}
PATIENCE = 64
CHALLENGE = 'Digest realm="hil", nonce="n{}", algorithm={}, qop="auth"'


@dataclass
class Round:
    """A REGISTER that began when it was due: its place in the story, and the window."""

    index: int
    due: RegisterDue


@dataclass
class Script:
    """What one line says and is told: events with their instants, in seconds."""

    events: list[tuple[float, ev.Event]] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)


class Over(Exception):
    """The line's time is over."""


class LinePlayer:
    """One line of one life of the phone, from its lease at ``start`` to ``end``, in seconds."""

    def __init__(
        self,
        chance: random.Random,
        number: int,
        parameters: Parameters,
        start: float,
        end: float,
        *,
        calm: bool,
    ) -> None:
        self.chance, self.number, self.calm = chance, number, calm
        self.now, self.end = start, end
        self.script = Script()
        self.line = machine.Line(number, parameters)
        self.both = not calm and chance.random() < 0.3
        self.first_code_counts = not calm and chance.random() < 0.3
        self.primary_code = ""
        self.call = f"call-{number}-{chance.getrandbits(32):x}"
        self.cseq = chance.randint(0, 50)
        self.nonces = 0

    @property
    def parameters(self) -> Parameters:
        return self.line.parameters

    @property
    def user(self) -> str:
        return self.parameters.raw(f"User_ID_{self.number}_")

    @property
    def transport(self) -> str:
        return self.parameters.choice(f"SIP_Transport_{self.number}_")

    @property
    def patience(self) -> float:
        return PATIENCE * self.parameters.milliseconds("SIP_T1") / 1000

    def play(self, changes: tuple[float, dict[str, str]] | None = None) -> Script:
        """Play it; ``changes`` are parameters that a profile brings at an instant."""
        self._happens(machine.Started(self._ns))
        try:
            self._wait(self.chance.uniform(0.1, 0.9 * TIMING.boot))
            if not self.calm and self.chance.random() < 0.1:
                self._unregister()
            if self.both and self._has_backup:
                self._at_backup_beside()
            while True:
                if changes is not None and self.now >= changes[0]:
                    happening = machine.Reconfigured(self._ns, self.parameters.updated(changes[1]))
                    self._happens(happening)
                    changes = None
                due = self.line.due
                if due is None:
                    break
                self._wait_for(due)
                self._round(due)
        except Over:
            pass
        return self.script

    # -- rounds ------------------------------------------------------------------------------------

    def _wait_for(self, due: RegisterDue) -> None:
        early, late = due.earliest / NANOSECONDS, due.latest / NANOSECONDS
        if due.clause in ("registration.refresh", "registration.fallback") and late > early:
            early += (late - early) * self.chance.choice((0.02, 0.5, 0.9))
        instant = self.chance.choice((early, late, self.chance.uniform(early, late)))
        self._wait(max(0.0, instant - self.now))

    def _round(self, due: RegisterDue) -> None:
        self.script.rounds.append(Round(len(self.script.events), due))
        duties = self._happens(machine.RegisterBegan(self._ns))
        registers = [duty for duty in duties if isinstance(duty, machine.Register)]
        while registers:
            register = registers[0]
            source = "sip" if self.line.server == 0 else "backup-sip"
            held = self.line.bound is not None and self.line.bound > self.line.server
            outcome = self._ask(source, register)
            if isinstance(outcome, machine.RegisterFailed):
                if source == "sip":
                    self.primary_code = outcome.code
                elif self.first_code_counts and outcome.code != "423":
                    outcome = machine.RegisterFailed(outcome.at, self.primary_code)
                open_ = held and outcome.code != "423" and not self._tries_backup(outcome.code)
                if open_ and self.chance.random() < 0.3:
                    # No text says what a phone does then, so this one does nothing any more.
                    raise Over
            duties = self._happens(outcome)
            registers = [duty for duty in duties if isinstance(duty, machine.Register)]
            if registers:
                self._wait(self._pause())

    def _ask(
        self, source: str, register: machine.Register, authorized: str = "", tries: int = 0
    ) -> machine.LineHappening:
        """Send a REGISTER, and give what comes of it."""
        expires = register.expires
        sent = self._request(source, expires, register.server.domain, authorized)
        asked = self.now
        outcome = self._outcome(challenged=bool(authorized), tries=tries)
        match outcome:
            case "silent" | "late":
                self._repeat(sent, asked)
                if outcome == "late":
                    answered = asked + self.patience + self.chance.uniform(0.5, 20)
                    self.script.events.append((answered, self._response(sent, 200, 60)))
                self._wait(max(0.0, asked + self.patience - self.now))
                return machine.RegisterFailed(self._ns, "X20")
            case "spoiled":
                self._wait(0.01)
                self._tell(self._response(sent, 200, 60, malformed=True))
                if self.chance.random() < 0.5:
                    return machine.RegisterGranted(self._ns, 60)
                self._wait(self.patience)
                return machine.RegisterFailed(self._ns, "X20")
            case "unreachable":
                self._fault(source, "Unreachable", f"what='port', REGISTER {self.call}")
                return machine.RegisterFailed(self._ns, "X00")
            case "401":
                self._wait(self.chance.uniform(0, 0.2))
                self.nonces += 1
                algorithm = self.chance.choice(("MD5", "SHA-256"))
                challenge = CHALLENGE.format(self.nonces, algorithm)
                self._tell(self._response(sent, 401, -1, ("WWW-Authenticate", challenge)))
                self._wait(self._pause())
                shown = self._credentials(challenge, register.server.domain)
                return self._ask(source, register, shown, tries + 1)
        self._wait(self.chance.uniform(0, min(1.0, 0.5 * self.patience)))
        return self._answered(sent, outcome, expires)

    def _answered(self, sent: ev.SipMessage, outcome: str, expires: int) -> machine.LineHappening:
        if outcome == "200":
            granted = self.chance.choice((expires, max(1, expires // 2), 60))
            told = self.chance.choice((granted, granted, -1))
            self._tell(self._response(sent, 200, told))
            return machine.RegisterGranted(self._ns, expires if told < 0 else granted)
        status, headers, waits = outcome, [], {}
        if status == "503" and self.chance.random() < 0.5:
            waits["retry_after"] = self.chance.choice((5, 100))
            headers.append(("Retry-After", str(waits["retry_after"])))
        if status == "423":
            waits["min_expires"] = expires + self.chance.choice((10, 300, 100_000))
            headers.append(("Min-Expires", str(waits["min_expires"])))
        self._tell(self._response(sent, int(status), -1, *headers))
        return machine.RegisterFailed(self._ns, status, **waits)

    def _outcome(self, *, challenged: bool, tries: int) -> str:
        outcomes = ["200"] * 8 + ["403", "404", "500", "503", "423", "silent"]
        if self.transport == "UDP":
            outcomes.append("unreachable")
        if not challenged:
            outcomes += ["401"] * 6
        elif tries < 2:
            outcomes.append("401 again")
        if not self.calm:
            outcomes += ["late", "spoiled", "302"]
        chosen = self.chance.choice(outcomes)
        return "403" if chosen == "401 again" else chosen

    # -- beside the machine ------------------------------------------------------------------------

    @property
    def _has_backup(self) -> bool:
        dual = self.parameters.flag(f"Dual_Registration_{self.number}_")
        return dual and self.line.due is not None

    def _tries_backup(self, code: str) -> bool:
        return REFERENCE_LINE.tries_backup(code, self.parameters)

    def _at_backup_beside(self) -> None:
        """This phone registers with both servers at once, and renews that by itself."""
        at = self.now
        switched = {f"Dual_Registration_{self.number}_": "No"}
        self.line = machine.Line(self.number, self.parameters.updated(switched))
        self._happens(machine.Started(self._ns))
        while self.now < self.end:
            sent = self._request("backup-sip", 600, "backup", "")
            self.script.events.append((self.now + 0.01, self._response(sent, 200, 600)))
            self.now += self.chance.uniform(300, 590)
        self.now = at

    def _unregister(self) -> None:
        sent = self._request("sip", 0, "lab", "")
        self._wait(0.01)
        self._tell(self._response(sent, 200, 0))
        self._wait(0.1)

    # -- events ------------------------------------------------------------------------------------

    def _request(self, source: str, expires: int, domain: str, authorized: str) -> ev.SipMessage:
        self.cseq += 1
        head = f"REGISTER sip:{domain} SIP/2.0\r\n"
        if authorized:
            head += f"Authorization: {authorized}\r\n"
        message = ev.SipMessage(
            source=source,
            direction=ev.Direction.RECEIVED,
            transport=self.transport,
            peer=f"{PHONE}:{5059 + self.number}",
            port=PORTS[source],
            method="REGISTER",
            call_id=self.call,
            cseq=self.cseq,
            request_uri=f"sip:{domain}",
            from_user=self.user,
            to_user=self.user,
            expires=expires,
            data=f"{head}\r\n".encode(),
        )
        self._tell(message)
        return message

    def _response(
        self,
        request: ev.SipMessage,
        status: int,
        expires: int,
        *headers: tuple[str, str],
        malformed: bool = False,
    ) -> ev.SipMessage:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return ev.SipMessage(
            source=request.source,
            direction=ev.Direction.SENT,
            transport=request.transport,
            peer=request.peer,
            port=request.port,
            method="REGISTER",
            call_id=request.call_id,
            cseq=request.cseq,
            status=status,
            from_user=request.from_user,
            to_user=request.to_user,
            expires=expires,
            malformed=malformed,
            data=f"SIP/2.0 {status} so\r\n{head}\r\n".encode(),
        )

    def _credentials(self, challenge: str, domain: str) -> str:
        shown = digest.answer(
            digest.read_schemes(challenge),
            self.user,
            self.parameters.raw(f"Password_{self.number}_"),
            method="REGISTER",
            uri=f"sip:{domain}",
            cnonce="c",
        )
        return shown or ""

    def _repeat(self, sent: ev.SipMessage, asked: float) -> None:
        if sent.transport == "UDP":
            for after in (0.5, 1.5, 3.5, 7.5):
                if after < self.patience:
                    self.script.events.append((asked + after, sent))

    def _fault(self, source: str, kind: str, detail: str) -> None:
        self._tell(ev.FaultInjected(source=source, fault=kind, detail=detail))

    def _tell(self, event: ev.Event) -> None:
        self.script.events.append((self.now, event))

    # -- time --------------------------------------------------------------------------------------

    @property
    def _ns(self) -> int:
        return round(self.now * NANOSECONDS)

    def _pause(self) -> float:
        return self.chance.choice((0.001, self.chance.uniform(0, 0.9 * TIMING.step)))

    def _wait(self, seconds: float) -> None:
        if self.now + seconds >= self.end:
            raise Over
        self.now += seconds

    def _happens(self, happening: machine.LineHappening) -> tuple[machine.LineDuty, ...]:
        self.line, duties = machine.advance(self.line, happening)
        return duties


def configuration(chance: random.Random, number: int, *, calm: bool) -> dict[str, str]:
    """A line's account and what steers its registration."""
    templates = ("", "503", "5??", "X*", "X20", "X0?, 404", "4??,5??", "*")
    choices = {
        f"Register_Expires_{number}_": ("60", "300", "3600"),
        f"Dual_Registration_{number}_": ("Yes", "No"),
        f"Proxy_Fallback_Intvl_{number}_": ("0", "200", "3600"),
        f"SIP_Transport_{number}_": ("UDP", "UDP", "TCP"),
        "Try_Backup_RSC": templates,
        "Retry_Reg_RSC": templates,
        "Reg_Retry_Intvl": ("5", "30", "100"),
        "Reg_Retry_Long_Intvl": ("120", "1200", "0"),
        "Reg_Retry_Random_Delay": ("0", "0", "40"),
        "Reg_Retry_Intvl_Cap": ("0", "0", "60"),
        "SIP_T1": ("0.5", "0.5", "0.1"),
    }
    chosen = {name: chance.choice(values) for name, values in choices.items()}
    if not calm and chance.random() < 0.1:
        chosen[chance.choice((f"Line_Enable_{number}_", f"Register_{number}_"))] = "No"
    return chosen | {
        f"Proxy_{number}_": LAB,
        f"Alternate_Proxy_{number}_": f"{LAB}:5070",
        f"User_ID_{number}_": f"line{number}",
        f"Password_{number}_": f"secret{number}",
    }


def _life(
    chance: random.Random, story: Story, on: float, parameters: dict[str, str], *, calm: bool
) -> tuple[float, list[Round]]:
    """One life of the phone from power-on, into ``story``; its end, and the rounds in it."""
    leased = on + 0.2 + chance.uniform(1, 20)
    story.power(on, "on").lease(leased, FOR_EVER)
    end = leased + chance.choice((300, 2000, 9000))
    known = Parameters().updated(parameters)
    scripts = []
    for number in (1,) if calm else (1, 2):
        player = LinePlayer(chance, number, known, leased, end, calm=calm)
        scripts.append(player.play())
    merged = sorted((each for s in scripts for each in s.events), key=lambda each: each[0])
    offset = len(story.events)
    for at, event in merged:
        if at < end:
            story.tell(at, event)
    rounds = [Round(r.index + offset, r.due) for r in scripts[0].rounds] if calm else []
    return end, rounds


def play(seed: int, *, calm: bool = False) -> tuple[Story, list[Round]]:
    """The scenario of this seed; the rounds are those of a calm one."""
    chance = random.Random(seed)  # noqa: S311
    parameters = IDLE | configuration(chance, 1, calm=calm)
    if not calm:
        parameters |= configuration(chance, 2, calm=calm)
    story = Story().started("sip.registration").prepared(**parameters)
    lives = 1 if calm else chance.choice((1, 1, 2))
    on, rounds = 1.0, []
    for life in range(lives):
        end, rounds = _life(chance, story, on, parameters, calm=calm)
        if life < lives - 1:
            story.power(end, "off")
            on = end + 10
    return story.ended(end), rounds
