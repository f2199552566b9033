"""How a line registers: the registration machine with a clock, and the REGISTER requests.

`hil.reference.registration` says when a REGISTER is due, with whom and what for; this picks the
instant, sends it, answers a challenge and tells the machine what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.reference import registration as machine
from hil.reference.error_codes import Trouble
from hil.reference.line_decisions import Server
from hil.reference.parameters import Parameters
from hil.virtual.sip_account import Account, Conversation, Identifiers, authorized, build
from hil.virtual.sip_config import METHODS, SipConfig
from hil.virtual.sip_element import SipElement
from hil.wire.sip_build import Hop
from hil.wire.sip_message import Headers, Request, Response
from hil.wire.sip_uri import SipUri


@dataclass(frozen=True)
class RegistrationSetting:
    """What registering needs of its line; ``happened`` gets what the machine says and why it failed."""

    account: Account
    config: SipConfig
    element: SipElement
    clock: Clock
    chance: random.Random
    identifiers: Identifiers
    headers: Headers
    reach: Callable[[Server], Awaitable[Hop | None]]
    told: Callable[[machine.Registered | machine.Lost], None]
    failed: Callable[[str, str, str], None]


class Registration:
    """A line's registration, from when `run` begins; it ends with the task that runs it."""

    def __init__(self, parameters: Parameters, setting: RegistrationSetting) -> None:
        self._setting = setting
        self._line = machine.Line(setting.account.line, parameters)
        identifiers, address = setting.identifiers, setting.account.address
        self._conversation = Conversation(identifiers.call_id(address), identifiers.tag())
        self._cseq = 0
        self._changed = asyncio.Event()

    @property
    def bound(self) -> int | None:
        """Which of the line's servers holds its binding; None: it is not registered."""
        return self._line.bound

    def configure(self, parameters: Parameters) -> None:
        """Go by these parameters from now on."""
        self._happens(machine.Reconfigured(self._setting.clock.now(), parameters))
        self._changed.set()

    async def run(self) -> None:
        """Sleep until the instant of the next REGISTER, looking again whenever things change."""
        setting = self._setting
        self._happens(machine.Started(setting.clock.now()))
        while True:
            self._changed.clear()
            due = self._line.due
            if due is None:
                await self._changed.wait()
                continue
            at = setting.config.instant(due, setting.chance)
            left = max(0, at - setting.clock.now()) / NANOSECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
                continue
            await self._round()

    async def _round(self) -> None:
        duties = self._happens(machine.RegisterBegan(self._setting.clock.now()))
        while register := next((d for d in duties if isinstance(d, machine.Register)), None):
            duties = self._happens(await self._register(register))

    async def _register(self, due: machine.Register) -> machine.LineHappening:
        setting, server = self._setting, due.server
        hop = await setting.reach(server)
        if hop is None:
            return self._failed(server, Trouble.NO_ADDRESS)
        outcome = await self._ask(self._request(due), hop, server.host)
        if isinstance(outcome, Trouble) or outcome.status >= 300:
            return self._failed(server, outcome)
        granted = _granted(outcome, setting.account)
        expires = due.expires if granted is None else granted
        return machine.RegisterGranted(setting.clock.now(), expires)

    def _request(self, due: machine.Register) -> Request:
        setting, domain = self._setting, due.server.domain
        account = setting.account
        self._cseq += 1
        return build(
            account,
            setting.identifiers,
            self._conversation,
            "REGISTER",
            str(SipUri(domain)),
            domain,
            self._cseq,
            to=account.of_record(domain),
            headers=(
                ("Contact", f"{account.contact};expires={due.expires}"),
                ("Expires", str(due.expires)),
                ("Allow", ", ".join(METHODS)),
                *setting.headers,
            ),
        )

    async def _ask(self, request: Request, hop: Hop, name: str) -> Response | Trouble:
        """Send a request, answer a challenge, and return what settles it."""
        setting = self._setting
        while True:
            sent = setting.config.outgoing(request)
            outcome = await setting.element.request(sent, hop, name).final()
            if isinstance(outcome, Trouble):
                return outcome
            again = authorized(
                sent, outcome, setting.account, setting.identifiers, setting.config.algorithms
            )
            if again is None:
                return outcome
            self._cseq = max(self._cseq, again.cseq.number)
            request = again

    def _failed(self, server: Server, outcome: Response | Trouble) -> machine.RegisterFailed:
        now = self._setting.clock.now()
        if isinstance(outcome, Trouble):
            failed = machine.RegisterFailed(now, self._setting.config.decisions.code_of(outcome))
        else:
            waits = (_seconds(outcome, "Retry-After"), _seconds(outcome, "Min-Expires"))
            failed = machine.RegisterFailed(now, str(outcome.status), *waits)
        self._setting.failed("REGISTER", str(SipUri(server.domain)), failed.code)
        return failed

    def _happens(self, happening: machine.LineHappening) -> tuple[machine.LineDuty, ...]:
        decisions = self._setting.config.decisions
        self._line, duties = machine.advance(self._line, happening, decisions)
        for duty in duties:
            if not isinstance(duty, machine.Register):
                self._setting.told(duty)
        return duties


def registrations_of(
    parameters: Parameters, setting: RegistrationSetting
) -> tuple[Registration, ...]:
    """A line's registration; one a server where the firmware registers with both at once.

    Then the first one alone tells of itself.
    """
    decisions = setting.config.decisions
    count = len(decisions.servers(parameters, setting.account.line))
    if not setting.config.both_at_once or count < 2:
        return (Registration(parameters, setting),)
    return tuple(Registration(parameters, _with_one(setting, each)) for each in range(count))


def _with_one(setting: RegistrationSetting, number: int) -> RegistrationSetting:
    decisions = setting.config.decisions

    def servers(parameters: Parameters, line: int) -> tuple[Server, ...]:
        return decisions.servers(parameters, line)[number : number + 1]

    config = replace(setting.config, decisions=replace(decisions, servers=servers))
    return replace(setting, config=config, told=_nobody if number else setting.told)


def _nobody(told: machine.Registered | machine.Lost) -> None:
    """What becomes of the second registration shows with its server."""


def _granted(response: Response, account: Account) -> int | None:
    """For how long the server keeps our Contact (RFC 3261 section 10.2.4); None: it does not say."""
    try:
        mine = [each for each in response.contacts if each.uri == account.contact.uri]
    except RemoteProtocolError:
        mine = []
    expires = mine[0].expires if mine else None
    return response.expires if expires is None else expires


def _seconds(response: Response, name: str) -> int | None:
    """The number that a header begins with: Retry-After may have a comment after it."""
    value = (response.header(name) or "").strip()
    digits = value[: len(value) - len(value.lstrip("0123456789"))]
    return int(digits) if 0 < len(digits) <= 10 else None
