"""One line's user agent: it registers, challenges and obeys NOTIFYs, and has one call at a time.

What it does and when is `hil.reference.registration`, `hil.reference.line_decisions` and
`hil.reference.notify`; here requests find their way to whoever deals with them. A line that is not
enabled has no port (administration guide, "Phone Security": open "only if Line Enable is Yes").
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hil.errors import LabError, RemoteProtocolError
from hil.reference import registration as machine
from hil.reference.dial_plan import Invalid
from hil.reference.error_codes import Trouble
from hil.reference.line_decisions import Server
from hil.reference.notify import NotifyAction
from hil.reference.parameters import Parameters
from hil.reference.user_agent import sip_user_agent
from hil.virtual.sip_account import Account, Identifiers, footing, is_for, read_account
from hil.virtual.sip_call import Call, CallSetting, CallState
from hil.virtual.sip_config import METHODS, Dialing
from hil.virtual.sip_element import Listening, SipElement
from hil.virtual.sip_mailbox import Mailbox, MailboxSetting
from hil.virtual.sip_notify import Notified, NotifySetting
from hil.virtual.sip_registration import Registration, RegistrationSetting, registrations_of
from hil.virtual.sip_setting import Directions, LineSetting, transport_of
from hil.wire.sip_build import Hop, respond_to
from hil.wire.sip_dialog import dialog_id
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request, Response


@dataclass(frozen=True)
class _Running:
    """What a line has while it runs."""

    account: Account
    directions: Directions
    element: SipElement
    registrations: tuple[Registration, ...]
    notified: Notified


class LineAgent:
    """Line ``number`` of a phone with ``parameters``; all methods belong to the loop's thread."""

    def __init__(self, number: int, parameters: Parameters, around: LineSetting) -> None:
        self.number = number
        self._around = around
        self._config = around.config
        self._decisions = around.config.decisions
        self._parameters = parameters
        self._identifiers = Identifiers(around.chance)
        self._running: _Running | None = None
        self._call: Call | None = None
        self._active = False
        self._mailbox: Mailbox | None = None
        self._subscribing: asyncio.Task[None] | None = None
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
        notified = self._notified(account)
        self._running = _Running(account, directions, element, registrations, notified)
        for registration in registrations:
            self._spawn(registration.run())

    def stop(self) -> None:
        """End at once, without a word; nobody is told."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._mailbox = self._subscribing = None
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
                self._follow_mailbox(before)
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
            code = self._decisions.code_of(Trouble.NOT_IN_DIAL_PLAN)
            self._failed("INVITE", f"to {number}", code)
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
            code = self._decisions.code_of(Trouble.NO_ADDRESS)
            self._failed("INVITE", f"to {number}", code)
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
        def over(code: str) -> None:
            self._over(call, code)

        call = Call(
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
                over=over,
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
        if self._running is None:
            return
        try:
            self._dispatch(self._running, key, request, hop)
        except RemoteProtocolError as error:
            # A header field that nothing but this request needs was not to be read.
            self._log(f"malformed {request.method} from {hop.host}: {error}")
            self._answer(key, request, 400)

    def _dispatch(self, running: _Running, key: Key, request: Request, hop: Hop) -> None:
        call = self._call
        within = bool(request.to.tag)
        if request.method == "CANCEL":
            self._cancel(running, key, request)
        elif within and call is not None and call.id == dialog_id(request):
            call.inside(key, request)
        elif (
            request.method == "NOTIFY" and self._mailbox is not None and self._mailbox.owns(request)
        ):
            self._answer(key, request, self._mailbox.take(request))
        elif self._blocked(hop):
            self._log(f"{request.method} from {hop.host} dropped: no proxy")
        elif request.values("Require"):
            options = (("Unsupported", ", ".join(request.values("Require"))),)
            self._answer(key, request, 420, options)
        elif request.method == "OPTIONS":
            self._answer(key, request, 200, (*_ALLOW, ("Accept", "application/sdp")))
        elif not is_for(request, running.account.user):
            self._answer(key, request, 404)
        elif request.method == "NOTIFY":
            running.notified.take(
                request,
                self._parameters,
                lambda status, headers: self._answer(key, request, status, headers),
            )
        elif request.method == "INVITE" and not within:
            self._invited(running, key, request)
        elif request.method in METHODS:
            self._answer(key, request, 481)
        else:
            self._answer(key, request, 405, _ALLOW)

    def _blocked(self, hop: Hop) -> bool:
        blocks = self._parameters.flag(f"Block_Nonproxy_SIP_{self.number}_")
        proxies = self._running.directions.proxies if self._running is not None else ()
        return blocks and hop.host not in proxies

    def _invited(self, running: _Running, key: Key, request: Request) -> None:
        if not self._decisions.may_be_called(self._parameters, self.number, self.registered):
            self._answer(key, request, 480)
        elif self._call is not None:
            self._answer(key, request, 486)
        else:
            # Read now, while it can be refused: the dialog that the answer opens needs it.
            request.values("Record-Route")
            call = self._call = self._new_call(running)
            call.ring(key, request)
            if call.state is CallState.RINGING:
                self._set_active(True)

    def _cancel(self, running: _Running, key: Key, request: Request) -> None:
        invite = running.element.cancelled(request)
        self._answer(key, request, 481 if invite is None else 200)
        if invite is not None and self._call is not None:
            self._call.cancelled(invite)

    def _acknowledged(self, key: Key, ack: Request) -> None:
        if self._call is not None:
            self._call.acknowledged(key, ack)

    def _unacknowledged(self, key: Key) -> None:
        if self._call is not None:
            self._call.unacknowledged(key)

    def _answer(self, key: Key, request: Request, status: int, headers: Headers = ()) -> None:
        tag = self._identifiers.tag()
        everything = (*headers, *self._headers)
        self._respond(key, request, respond_to(request, status, to_tag=tag, headers=everything))

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

    @property
    def _headers(self) -> Headers:
        return (("User-Agent", sip_user_agent(self._around.identity)),)

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

    def _told(self, duty: machine.Registered | machine.Lost) -> None:
        if isinstance(duty, machine.Registered):
            self._log(f"registered at {duty.server.host}")
            self._around.callbacks.registered(self.number)
            self._subscribe()
        else:
            self._log("registration lost")
            self._around.callbacks.lost(self.number)

    def _subscribe(self) -> None:
        """Subscribe to the mailbox, if there is one and it is not subscribed to."""
        due = self._decisions.voice_mail(self._parameters, self.number)
        servers = self._decisions.servers(self._parameters, self.number)
        busy = self._subscribing is not None and not self._subscribing.done()
        if due is None or self._running is None or busy:
            return
        setting = MailboxSetting(
            account=self._running.account,
            domain=servers[0].domain if servers else due.server.domain,
            config=self._config,
            element=self._running.element,
            clock=self._around.clock,
            chance=self._around.chance,
            identifiers=self._identifiers,
            headers=self._headers,
            reach=self._reach,
            failed=self._failed,
            log=self._log,
        )
        self._mailbox = Mailbox(due, setting)
        self._subscribing = self._launch(self._mailbox.run())

    def _follow_mailbox(self, before: Parameters) -> None:
        """Where the mailbox is another one now, the old subscription is left to end by itself."""
        voice_mail = self._decisions.voice_mail
        if voice_mail(before, self.number) == voice_mail(self._parameters, self.number):
            return
        if self._subscribing is not None:
            self._subscribing.cancel()
        self._mailbox = self._subscribing = None
        if self.registered:
            self._subscribe()

    def _failed(self, method: str, subject: str, code: str) -> None:
        self._log(f"{method} {subject} failed: {code}")
        self._around.callbacks.failed(self.number, method, code)

    def _log(self, text: str) -> None:
        self._around.callbacks.log(f"line {self.number}: {text}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._launch(work)

    def _launch(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._around.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


_ALLOW: Headers = (("Allow", ", ".join(METHODS)),)
