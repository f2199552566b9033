"""One line's user agent: it registers, challenges and obeys NOTIFYs, and has one call at a time.

What it does and when is `hil.reference.registration`, `hil.reference.line_decisions` and
`hil.reference.notify`; the parts that carry it out are put together here. A line that is not
enabled has no port (administration guide, "Phone Security": open "only if Line Enable is Yes").
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hil.errors import LabError
from hil.reference import registration as machine
from hil.reference.dial_plan import Invalid
from hil.reference.error_codes import Trouble
from hil.reference.line_decisions import Server
from hil.reference.notify import NotifyAction
from hil.reference.parameters import Parameters
from hil.reference.user_agent import sip_user_agent
from hil.virtual.sip_account import Account, Identifiers, footing, read_account
from hil.virtual.sip_call import Call, CallState
from hil.virtual.sip_config import Dialing
from hil.virtual.sip_element import Listening, SipElement
from hil.virtual.sip_mailbox import LineMailbox, MailboxSetting
from hil.virtual.sip_notify import Notified, NotifySetting
from hil.virtual.sip_registration import Registration, RegistrationSetting, registrations_of
from hil.virtual.sip_requests import Requests, RequestsSetting
from hil.virtual.sip_setting import CallSetting, Directions, LineSetting, transport_of
from hil.wire.sip_build import Hop
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request, Response


@dataclass(frozen=True)
class _Running:
    """What a line has while it runs."""

    account: Account
    directions: Directions
    element: SipElement
    registrations: tuple[Registration, ...]
    mailbox: LineMailbox
    requests: Requests


class LineAgent:
    """Line ``number`` of a phone with ``parameters``; all methods belong to the loop's thread."""

    def __init__(self, number: int, parameters: Parameters, around: LineSetting) -> None:
        self.number = number
        self._around = around
        self._config = around.config
        self._decisions = around.config.decisions
        self._parameters = parameters
        self._identifiers = Identifiers(around.chance)
        self._headers: Headers = (("User-Agent", sip_user_agent(around.identity)),)
        self._running: _Running | None = None
        self._call: Call | None = None
        self._active = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def registered(self) -> bool:
        """Whether a server holds a binding of it."""
        registrations = self._running.registrations if self._running is not None else ()
        return any(each.bound is not None for each in registrations)

    @property
    def active(self) -> bool:
        """Whether it has a call, be it only ringing or dialing."""
        return self._active

    def start(self) -> None:
        """Open its port and begin to register, if it is enabled."""
        around, parameters = self._around, self._parameters
        if not self._decisions.enabled(parameters, self.number):
            return
        account = self._config.account(read_account(parameters, self.number, around.place.address))
        listening = Listening(self._request, self._acknowledged, self._unacknowledged, self._log)
        element = SipElement(around.clock, self._config.timers(parameters), listening, self._config)
        try:
            element.start(transport_of(around, element, account))
        except LabError as error:
            self._log(error.what)
            return
        registrations = registrations_of(
            parameters,
            RegistrationSetting(
                account=account,
                config=self._config,
                element=element,
                clock=around.clock,
                chance=around.chance,
                identifiers=self._identifiers,
                headers=self._headers,
                reach=self._reach,
                told=self._told,
                failed=self._failed,
            ),
        )
        directions = Directions(around, account)
        mailbox = self._new_mailbox(account, element)
        requests = self._new_requests(account, element, directions, mailbox)
        self._running = _Running(account, directions, element, registrations, mailbox, requests)
        for registration in registrations:
            self._spawn(registration.run())

    def stop(self) -> None:
        """End at once, without a word; nobody is told."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._call is not None:
            self._call.cut()
            self._call = None
        if self._running is not None:
            self._running.element.stop()
            self._running = None
        self._active = False

    def configure(self, parameters: Parameters) -> None:
        """Go by these parameters; where they touch the line's port or account it begins anew."""
        before, self._parameters = self._parameters, parameters
        if footing(before, self.number) == footing(parameters, self.number):
            if self._running is not None and before != parameters:
                for registration in self._running.registrations:
                    registration.configure(parameters)
                self._running.mailbox.follow(before, parameters, self.registered)
            return
        was_registered, was_active = self.registered, self._active
        self.stop()
        if was_active:
            self._around.callbacks.active(self.number, False)
        if was_registered:
            self._around.callbacks.lost(self.number)
        self.start()

    # -- calls -------------------------------------------------------------------------------------

    def dial(self, number: str) -> Dialing:
        """Call ``number``; one that the dial plan does not have fails with X60 without any packet."""
        verdict = self._decisions.dial(self._parameters, self.number, number)
        if isinstance(verdict, Invalid):
            self._failed(
                "INVITE", f"to {number}", self._decisions.code_of(Trouble.NOT_IN_DIAL_PLAN)
            )
            return Dialing.INVALID
        if self._call is not None:
            return Dialing.BUSY
        allowed = self._decisions.may_call(self._parameters, self.number, self.registered)
        if self._running is None or not allowed:
            return Dialing.NOT_ALLOWED
        call = self._call = self._new_call(self._running)
        self._set_active(True)
        self._spawn(self._place(call, verdict.number))
        return Dialing.CALLING

    def hang_up(self) -> bool:
        """End its call; False if there is none."""
        if self._call is None:
            return False
        self._call.hang_up()
        return True

    async def _place(self, call: Call, number: str) -> None:
        """Try the server that holds the registration, then its backup if the code says so."""
        servers = self._decisions.servers(self._parameters, self.number)
        bound = self._running.registrations[0].bound if self._running is not None else None
        if not servers:
            self._failed("INVITE", f"to {number}", self._decisions.code_of(Trouble.NO_ADDRESS))
        for server in servers[bound or 0 :]:
            code = await call.invite(server, number)
            if not code or call.hanging_up:
                break
            self._failed("INVITE", f"sip:{number}@{server.domain}", code)
            if not self._decisions.tries_backup(code, self._parameters):
                break
        if call.state is CallState.INVITING:
            call.cut()
            self._over(call, "")

    def _new_call(self, running: _Running) -> Call:
        call: Call = Call(
            CallSetting(
                account=running.account,
                config=self._config,
                element=running.element,
                clock=self._around.clock,
                identifiers=self._identifiers,
                codecs=self._config.codecs(self._parameters, self.number),
                headers=self._headers,
                locate=self._hop_of,
                reach=self._reach,
                respond=self._respond,
                spawn=self._spawn,
                over=lambda code: self._over(call, code),
                log=self._log,
            )
        )
        return call

    def _over(self, call: Call, code: str) -> None:
        if code:
            self._failed("INVITE", call.remote, code)
        if self._call is call:
            self._call = None
            self._set_active(False)

    def _set_active(self, active: bool) -> None:
        if active is not self._active:
            self._active = active
            self._around.callbacks.active(self.number, active)

    # -- requests that come in ---------------------------------------------------------------------

    def _request(self, key: Key, request: Request, hop: Hop) -> None:
        if self._running is not None:
            self._running.requests.take(key, request, hop)

    def _ring(self, key: Key, request: Request) -> None:
        if self._running is None:
            return
        call = self._call = self._new_call(self._running)
        call.ring(key, request)
        if call.state is CallState.RINGING:
            self._set_active(True)

    def _acknowledged(self, key: Key, ack: Request) -> None:
        if self._call is not None:
            self._call.acknowledged(key, ack)

    def _unacknowledged(self, key: Key) -> None:
        if self._call is not None:
            self._call.unacknowledged(key)

    def _respond(self, key: Key, request: Request, response: Response) -> None:
        due = self._config.response(request, response)
        if due is not None and self._running is not None:
            self._running.element.respond(key, due)

    # -- where things go ---------------------------------------------------------------------------

    async def _reach(self, server: Server) -> Hop | None:
        return None if self._running is None else await self._running.directions.to(server)

    async def _hop_of(self, request: Request) -> Hop | None:
        servers = self._decisions.servers(self._parameters, self.number)
        running = self._running
        return None if running is None else await running.directions.of(request, servers)

    # -- inside ------------------------------------------------------------------------------------

    def _notified(self, account: Account) -> Notified:
        around = self._around
        servers = self._decisions.servers(self._parameters, self.number)

        def asked(action: NotifyAction, rule: str) -> None:
            around.callbacks.asked(action, rule, self.number)

        setting = NotifySetting(
            account, self._config, around.clock, around.interpretations, asked, self._log
        )
        realm = servers[0].domain if servers else str(around.place.address)
        return Notified(setting, realm, self._identifiers.secret())

    def _new_mailbox(self, account: Account, element: SipElement) -> LineMailbox:
        setting = MailboxSetting(
            account=account,
            config=self._config,
            element=element,
            clock=self._around.clock,
            chance=self._around.chance,
            identifiers=self._identifiers,
            headers=self._headers,
            reach=self._reach,
            failed=self._failed,
            log=self._log,
        )
        return LineMailbox(setting, self._spawn)

    def _new_requests(
        self, account: Account, element: SipElement, directions: Directions, mailbox: LineMailbox
    ) -> Requests:
        return Requests(
            RequestsSetting(
                account=account,
                config=self._config,
                element=element,
                identifiers=self._identifiers,
                headers=self._headers,
                directions=directions,
                notified=self._notified(account),
                mailbox=mailbox,
                parameters=lambda: self._parameters,
                registered=lambda: self.registered,
                call=lambda: self._call,
                ring=self._ring,
                respond=self._respond,
                log=self._log,
            )
        )

    def _told(self, duty: machine.Registered | machine.Lost) -> None:
        if isinstance(duty, machine.Registered):
            self._log(f"registered at {duty.server.host}")
            self._around.callbacks.registered(self.number)
            if self._running is not None:
                self._running.mailbox.subscribe(self._parameters)
        else:
            self._log("registration lost")
            self._around.callbacks.lost(self.number)

    def _failed(self, method: str, subject: str, code: str) -> None:
        self._log(f"{method} {subject} failed: {code}")
        self._around.callbacks.failed(self.number, method, code)

    def _log(self, text: str) -> None:
        self._around.callbacks.log(f"line {self.number}: {text}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._around.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
