"""Plays the reference phone on an imagined bench and writes down what the bench would have recorded.

`play` makes one scenario from a seed: a configuration, servers that answer well, badly, late or not
at all, power cuts at any instant, a phone that picks any instant in each window and is patient or
not. No packet is sent; the events are those that the endpoints would append. Where ``calm``, servers
answer at once and nobody touches the power, so that nothing about the phone is hidden.
"""

from __future__ import annotations

import itertools
import random
from collections import deque

from histories import IDENTITY, LAB, NANOSECONDS, PHONE, TIMING, Story, packed

from hil import digest
from hil.history import events as ev
from hil.reference import machine
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    Destination,
    Duty,
    Finished,
    Happening,
    Leased,
    Locate,
    Located,
    Log,
    Phone,
    PoweredOff,
    PoweredOn,
    Retrieve,
)
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer

NAME = "prov.example"
DEAD = "dead.example"
ELSEWHERE = "192.0.2.99"
RULES = (
    "/a.xml",
    f"tftp://{LAB}/b/$MA.xml",
    f"http://{LAB}/c.xml?v=$PRVST",
    f"http://{NAME}/d.xml",
    f"https://{NAME}/e.xml",
    f'($PRVST eq 0)? http://{LAB}/first.xml | ("$A" ne "")? /$A.xml',
    f'(GPP_A = "n$PRVST";)! [--uid u --pwd p] http://{LAB}/f.xml',
    f"[--srv] http://{NAME}/g.xml",
    f"[--srv --uid u --pwd p] https://{NAME}/h.xml",
    f"[--post a] http://{LAB}/i.cgi",
    "# nothing",
    "",
)
LOCATIONS = ("/moved.xml", "beside.xml", f"https://{NAME}/m.xml", f"tftp://{LAB}/m.xml")
CHALLENGES = (
    "",
    'Basic realm="a"',
    'Digest realm="a", nonce="n"',
    'Digest realm="a", nonce="n", qop="auth", algorithm=SHA-256',
    "Negotiate",
)
UNSEEN_RULES = (f"tftp://{ELSEWHERE}/x", f"http://{LAB}:8081/x", "http://nowhere.example/x")
SCHEDULES = ("0", "60", "600", "30,90,30", "120+60", "20+5,40,0", "3600")


class _Cut(Exception):
    """The power went."""


class Player:
    """One phone on one bench; times are seconds of lab time."""

    def __init__(self, chance: random.Random, *, calm: bool) -> None:
        self.chance = chance
        self.calm = calm
        self.story = Story()
        self.now = 0.0
        self.cut_at = float("inf")
        self.phone = Phone(IDENTITY, Parameters())
        self.flash: Parameters = Parameters()
        self.cached_until = 0.0
        self.cached: tuple[str, ...] = ()
        self.services: dict[str, tuple[tuple[int, int, str], ...]] = {}
        self.begun = 0
        self.attempts: list[int] = []
        self.renew_at = float("inf")
        self.lease_s = 86_400
        self.options: dict[int, bytes] = {}

    # -- the scenario ------------------------------------------------------------------------------

    def play(self) -> Story:
        chance = self.chance
        parameters = self._configuration(at_boot=True)
        self.flash = Parameters().updated(parameters)
        self.story.started("resync.on_reset").prepared(**parameters)
        lives = 1 if self.calm else chance.choice((1, 1, 2, 3))
        for life in range(lives):
            last = life == lives - 1
            self._live(None if last else chance.choice((5.0, 40.0, 700.0)))
        return self.story.ended(self.now)

    def _live(self, limit: float | None) -> None:
        """From power-on to a power cut after at most ``limit`` seconds, or to the story's end."""
        chance = self.chance
        self.now += 1
        self.cut_at = float("inf") if limit is None else self.now + chance.uniform(0.1, limit)
        switched = ev.PowerRequested(source="power", outlet="1", action=ev.PowerAction.ON)
        self.story.tell(self.now, switched)
        try:
            self.phone = Phone(IDENTITY, self.flash)
            self._happens(PoweredOn(self._ns))
            self._wait(chance.uniform(1, 20))
            self._lease(first=True)
            end = self.now + chance.choice((100, 1000, 8000))
            for _ in range(12 if limit is None else 1000):
                if not self._one_resync(end if limit is None else self.cut_at):
                    break
            if limit is not None:
                self._idle_until(self.cut_at)
            due = self.phone.due
            # The story ends before the phone would have to begin another resync.
            rest = end if due is None else min(end, due.earliest / NANOSECONDS)
            self._idle_until(max(self.now, rest))
        except _Cut:
            pass
        if limit is not None:
            self._power_off()

    def _power_off(self) -> None:
        """The power goes at ``cut_at``, somewhere between the request and the read-back."""
        cut = self.cut_at
        before = min(self.chance.uniform(0, 2), cut - self.story.events[-1].at / NANOSECONDS)
        self.story.power(cut - max(0.0, before), "off", seconds=before + self.chance.uniform(0, 2))
        self._happens(PoweredOff(round(cut * NANOSECONDS)))
        self.now = self.story.events[-1].at / NANOSECONDS
        self.cached_until = 0.0
        self.services.clear()

    def _configuration(self, *, at_boot: bool = False) -> dict[str, str]:
        chance = self.chance
        rules = RULES if self.calm else RULES + UNSEEN_RULES
        choices: dict[str, tuple[str, ...]] = {
            "Profile_Rule": rules[:-2],
            "Profile_Rule_B": ("", *rules),
            "Profile_Rule_C": ("", "", "", *rules),
            "Resync_Periodic": SCHEDULES,
            "Resync_Error_Retry_Delay": SCHEDULES,
            "Resync_Fails_On_FNF": ("Yes", "No"),
            "Syslog_Server": (LAB, LAB, LAB, "", NAME, f"{LAB}:5514", ELSEWHERE),
            "Resync_On_Reset": ("Yes",) * 9 + ("No",),
            "Provision_Enable": ("Yes",) * 12 + ("No",),
            "Log_Success_Msg": ("", "$MA done $PRVST: $ERR", "$MA done"),
            "GPP_A": ("", "one", "two"),
        }
        names = [name for name in choices if chance.random() < (0.7 if at_boot else 0.15)]
        chosen = {name: chance.choice(choices[name]) for name in names}
        if at_boot:
            chosen["Resync_Random_Delay"] = chance.choice(("0", "2", "40", "600"))
        return chosen

    # -- a resync ----------------------------------------------------------------------------------

    def _one_resync(self, end: float) -> bool:
        """Wait for the next resync and carry it out; False if none is due before ``end``."""
        due = self.phone.due
        if due is None:
            return False
        ends = (due.earliest, due.latest)
        instant = self.chance.choice((*ends, self.chance.randint(*ends)))
        if instant / NANOSECONDS > end:
            return False
        self._idle_until(max(self.now, instant / NANOSECONDS))
        self.begun = len(self.story.events)
        self.attempts.append(self.begun)
        duties = deque(self._happens(Began(self._ns)))
        while duties:
            duties.extend(self._carry_out(duties.popleft()))
        return True

    def _carry_out(self, duty: Duty) -> tuple[Duty, ...]:
        match duty:
            case Apply(parameters):
                self._store(parameters)
            case Log(message):
                self._wait(self.chance.uniform(0, 0.3 * TIMING.late))
                host = message.host
                addresses = self._resolve(host, 0.5)
                if addresses[:1] == (LAB,) and message.port == 514:
                    self.story.log(self.now, message.text)
            case Locate():
                self._wait(self._step())
                found = self._find(duty)
                if not found:
                    return self._happens(Located(self._ns, None))
                return self._happens(Located(self._ns, found[0].address, found[0].port, found[1:]))
            case Retrieve():
                self._wait(self._step())
                answer = self._fetch(duty)
                return self._happens(Answered(self._ns, answer))
            case Finished():
                pass
        return ()

    def _store(self, parameters: Parameters) -> None:
        # What a power cut within this moment leaves is what was there before.
        quick = len(self.story.events) == self.begun
        self._wait(self.chance.uniform(0, 0.1 if quick else 0.9 * TIMING.store))
        self.flash = parameters

    def _find(self, locate: Locate) -> tuple[Destination, ...]:
        services = self._services(locate) if locate.service else ()
        if services is None:
            return ()
        if not services:
            return tuple(Destination(address) for address in self._resolve(locate.host))
        found = [(port, self._resolve(target)) for _, port, target in services]
        return tuple(Destination(each, port) for port, addresses in found for each in addresses)

    def _services(self, locate: Locate) -> tuple[tuple[int, int, str], ...] | None:
        """The SRV records in the order of their priority; None if they cannot be had."""
        name = locate.service
        if self.services.get(name) and self.chance.random() < 0.5:
            return self.services[name]
        port = 80 if name.startswith("_http.") else 443
        first, second = (10, port, NAME), (20, port, DEAD)
        known: list[tuple[tuple[int, int, str], ...]] = [(first,), (first, second), ()]
        known += [] if self.calm else [((5, port, DEAD), first)]
        records = self.chance.choice(known)
        self.services[name] = records
        told = [f"{priority} 0 {port} {target}" for priority, port, target in records]
        self.chance.shuffle(told)
        self.story.look_up_service(self.now, name, *told)
        self._wait(self.chance.uniform(0, 0.1))
        return records if records or locate.fallback else None

    def _resolve(self, host: str, patience: float = 6.0) -> tuple[str, ...]:
        if host in (LAB, ELSEWHERE):
            return (host,)
        if host == NAME and self.now < self.cached_until:
            return self.cached
        if host == DEAD:
            self.story.look_up(self.now, host, ELSEWHERE)
            return (ELSEWHERE,)
        outcomes = ["yes"] * 6 + ["gone"]
        outcomes += [] if self.calm else ["silent", "servfail", "again", "late", "too late"]
        outcome = self.chance.choice(outcomes) if host == NAME else "gone"
        self.story.query(self.now, host)
        match outcome:
            case "again" | "servfail":
                self.story.resolved(self.now, host, rcode="SERVFAIL")
                self._wait(self.chance.uniform(0, patience / 2))
                self.story.query(self.now, host)
                if outcome == "servfail":
                    self.story.resolved(self.now, host, rcode="SERVFAIL")
                    return ()
            case "silent":
                self.story.fault(self.now, "Silence", "dns")
                for _ in range(self.chance.randint(0, 3)):
                    self._wait(self.chance.uniform(patience / 6, patience))
                    self.story.query(self.now, host)
                self._wait(self.chance.uniform(patience / 6, patience))
                return ()
            case "late" | "too late":
                self.story.fault(self.now, "Delay", "dns")
                answered = self.now + 0.6 + self.chance.uniform(0, 2 * patience)
                if outcome == "too late":
                    # The phone has given up by then; the answer finds nobody.
                    self._wait(answered - self.now)
                    self.story.resolved(self.now, host, LAB)
                    return ()
                self._wait(answered - self.now)
        if outcome == "gone":
            self.story.resolved(self.now, host, rcode="NXDOMAIN")
            return ()
        found = [(LAB,), (LAB,), (LAB, ELSEWHERE)]
        # What asks a dead address first cannot be seen for a while.
        found += [] if self.calm else [(ELSEWHERE, LAB)]
        self.cached = self.chance.choice(found)
        self.story.resolved(self.now, host, *self.cached)
        self.cached_until = self.now + self.chance.choice((0.0, 30.0, 600.0, 86_400.0))
        return self.cached

    # -- requests ----------------------------------------------------------------------------------

    def _fetch(self, retrieve: Retrieve) -> Answer:
        fetch = retrieve.fetch
        if retrieve.server != LAB or fetch.port not in (69, 80, 443):
            self._wait(self.chance.uniform(0, 0.9 * TIMING.give_up))
            return NoAnswer("unreachable", unreachable=True)
        return self._tftp(retrieve) if fetch.scheme == "tftp" else self._http(retrieve)

    def _tftp(self, retrieve: Retrieve) -> Answer:
        path, port = retrieve.fetch.path, self.chance.choice((5000, self.chance.randint(1, 60000)))
        outcome = self.chance.choice(
            ("complete",) * 6
            + ("not-found", "error")
            + (() if self.calm else ("silent", "silent once", "stall", "timed-out"))
        )
        number = self.story.request(self.now, path, from_port=port)
        if outcome in ("silent", "silent once"):
            patience = self.now + self.chance.uniform(3, 0.9 * TIMING.give_up)
            while True:
                self.story.fault(self.now, "Silence", "tftp").end(self.now, number, "aborted")
                self._wait(self.chance.uniform(1, 5))
                if self.now > patience:
                    return NoAnswer("silence")
                number = self.story.request(self.now, path, from_port=port)
                if outcome == "silent once":
                    break
        if outcome in ("stall", "timed-out"):
            self.story.fault(self.now, "Stall", "tftp")
            gave_up = self.now + self.chance.uniform(3, 0.8 * TIMING.give_up)
            if outcome == "timed-out":
                self._wait(self.chance.uniform(0.5, gave_up - self.now))
                self.story.end(self.now, number, "timed-out")
            self._wait(max(0.0, gave_up - self.now))
            return NoAnswer("stalled")
        self._wait(self.chance.uniform(0, 0.5))
        if outcome in ("not-found", "error"):
            missing = outcome == "not-found"
            self.story.end(self.now, number, outcome, status=1 if missing else 2)
            return TftpAnswer(error=1 if missing else 2)
        body = self._document()
        # The server knows as soon as the last acknowledgement is there.
        self.story.end(self.now + 0.002, number, body=body)
        return TftpAnswer(body)

    def _http(self, retrieve: Retrieve) -> Answer:
        fetch, scheme = retrieve.fetch, retrieve.fetch.scheme
        connection = self.story.connected(self.now, retrieve.destination.port)
        if scheme == "https" and not self.calm and self.chance.random() < 0.2:
            return self._no_handshake(connection)
        number = self.story.request(
            self.now,
            fetch.path,
            scheme=scheme,
            host=fetch.host,
            method=retrieve.method,
            headers=_credentials(retrieve),
            body=retrieve.body.encode(),
        )
        status = self.chance.choice((200,) * 7 + (404, 500, 403, 302, 401))
        if not self.calm and self.chance.random() < 0.2:
            return self._no_answer(scheme, number)
        self._wait(self.chance.uniform(0, 0.5))
        location = self.chance.choice(LOCATIONS) if status == 302 else None
        challenge = self.chance.choice(CHALLENGES) if status == 401 else ""
        headers = (("Location", location),) if location else ()
        headers += (("WWW-Authenticate", challenge),) if challenge else ()
        body = self._document() if status == 200 else b""
        kinds = {200: "complete", 404: "not-found", 302: "redirected", 401: "unauthorized"}
        self.story.end(
            max(self.now - 0.002, self.story.events[-1].at / NANOSECONDS),
            number,
            kinds.get(status, "error"),
            scheme=scheme,
            status=status,
            body=body,
            headers=headers,
        )
        return HttpAnswer(status, body, location, challenge=challenge)

    def _no_handshake(self, connection: int) -> Answer:
        if self.chance.random() < 0.5:
            self.story.fault(self.now, "SilentHandshake", "https")
            self._wait(self.chance.uniform(1, 0.9 * TIMING.give_up))
            closed = ev.Disconnected(source="https", connection=connection, peer="", reason="fin")
            self.story.tell(self.now, closed)
            return NoAnswer("handshake timeout")
        refused = ev.TlsHandshake(source="https", connection=connection, peer="", succeeded=False)
        self.story.tell(self.now, refused)
        return NoAnswer("certificate expired")

    def _no_answer(self, scheme: str, number: int) -> Answer:
        fault = self.chance.choice(("Silence", "Stall", "Truncate", "Reset"))
        self.story.fault(self.now, fault, scheme)
        if fault in ("Silence", "Stall"):
            self._wait(self.chance.uniform(1, 0.9 * TIMING.give_up))
        self.story.end(self.now, number, "aborted", scheme=scheme)
        self._wait(self.chance.uniform(0, 2))
        return NoAnswer("no whole answer")

    def _document(self) -> bytes:
        if self.chance.random() < 0.1:
            return b"this is no profile"
        return flat_profile(**self._configuration())

    # -- time and power ----------------------------------------------------------------------------

    @property
    def _ns(self) -> int:
        return round(self.now * NANOSECONDS)

    def _step(self) -> float:
        if len(self.story.events) > self.begun:
            return self.chance.choice((0.005, self.chance.uniform(0, 0.8 * TIMING.step)))
        # What is seen of a resync first is seen soon: nothing else tells when it began.
        return self.chance.uniform(0, 0.3 * TIMING.late)

    def _wait(self, seconds: float) -> None:
        if self.now + seconds >= self.cut_at:
            raise _Cut
        self.now += seconds

    def _idle_until(self, instant: float) -> None:
        while self.renew_at < instant:
            self._wait(max(0.0, self.renew_at - self.now))
            self._lease(first=False)
        self._wait(instant - self.now)

    def _lease(self, *, first: bool) -> None:
        if first:
            self.lease_s = self.chance.choice((86_400, 500, 3000))
            self.options = {66: LAB.encode(), 51: self.lease_s.to_bytes(4)}
        self.story.lease(self.now, self.options)
        self.renew_at = self.now + self.lease_s / 2
        usual = {6: packed(LAB), 54: packed(LAB)}
        self._happens(Leased(self._ns, PHONE, {**usual, **self.options}))

    def _happens(self, happening: Happening) -> tuple[Duty, ...]:
        self.phone, duties = machine.advance(self.phone, happening)
        return duties


def _credentials(retrieve: Retrieve) -> tuple[tuple[str, str], ...]:
    if retrieve.authorize is None or not retrieve.authorize.text:
        return ()
    answered = digest.answer(
        digest.read_schemes(retrieve.authorize.text),
        retrieve.fetch.options["uid"],
        retrieve.fetch.options["pwd"],
        method=retrieve.method,
        uri=retrieve.fetch.path,
        cnonce="c",
    )
    return (("authorization", answered or ""),)


def play(seed: int, *, calm: bool = False) -> Story:
    """The scenario of this seed."""
    return Player(random.Random(seed), calm=calm).play()  # noqa: S311


def attempts(seed: int) -> list[list[ev.Event]]:
    """The calm scenario of this seed: what came before the first resync, then resync by resync."""
    player = Player(random.Random(seed), calm=True)  # noqa: S311
    events = player.play().events
    bounds = [0, *player.attempts, len(events)]
    return [events[start:end] for start, end in itertools.pairwise(bounds)]
