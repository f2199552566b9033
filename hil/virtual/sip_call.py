"""A call of a line, from the dialing or the ringing to its end.

::

    outgoing   INVITING ─2xx, ACK─► TALKING ─BYE─► OVER
                  └─ refusal, trouble, CANCEL ────► OVER

    incoming   RINGING ─200─► ANSWERED ─ACK─► TALKING ─BYE─► OVER
                  └─ CANCEL, 4xx  └─ no ACK: X40 ─────────► OVER

A line has one call at a time, and is active from its first message to its end. Offers and answers
are compared, RTP is announced and not sent. A call ends as soon as its BYE is on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import Enum, auto

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.reference.error_codes import Trouble
from hil.reference.line_decisions import Server
from hil.virtual.sip_account import Conversation, authorized, build, via
from hil.virtual.sip_element import Exchange
from hil.virtual.sip_session import SDP, Session
from hil.virtual.sip_setting import CallSetting
from hil.wire import sdp
from hil.wire.sip_build import cancel, respond_to
from hil.wire.sip_dialog import Dialog, DialogId, dialog_of_callee, dialog_of_caller
from hil.wire.sip_headers import NameAddress
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request, Response
from hil.wire.sip_uri import SipUri


class CallState(Enum):
    """Where a call is; see the module."""

    INVITING = auto()
    RINGING = auto()
    ANSWERED = auto()
    TALKING = auto()
    OVER = auto()


class Call:
    """One call; everything about it goes through ``setting``."""

    def __init__(self, setting: CallSetting) -> None:
        self._setting = setting
        self.state = CallState.INVITING
        self._tag = setting.identifiers.tag()
        self._dialog: Dialog | None = None
        self._session = Session(
            setting.account.address,
            setting.config.rtp_port,
            setting.codecs,
            setting.config.acceptable,
        )
        self._exchange: Exchange | None = None
        self._invite: tuple[Key, Request] | None = None
        self._hanging_up = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def remote(self) -> str:
        """The other side's address of record; empty as long as there is no dialog."""
        return self._dialog.remote.uri if self._dialog is not None else ""

    @property
    def hanging_up(self) -> bool:
        """Whether a call of ours was given up before it was answered."""
        return self._hanging_up

    @property
    def id(self) -> DialogId | None:
        """The dialog, once there is one."""
        return self._dialog.id if self._dialog is not None else None

    def cut(self) -> None:
        """The phone is gone: nothing is sent, nobody is told."""
        self.state = CallState.OVER
        self._stop_timer()

    def hang_up(self) -> None:
        """End it in order: CANCEL, a refusal, or BYE, whatever its state asks for."""
        match self.state:
            case CallState.INVITING:
                self._hanging_up = True
                self._cancel()
            case CallState.RINGING:
                self._refuse(486)
            case CallState.ANSWERED | CallState.TALKING:
                self._bye("")

    # -- a call of ours ----------------------------------------------------------------------------

    async def invite(self, server: Server, number: str) -> str:
        """Call ``number`` at ``server``; the code of the failure, or nothing once it is a call."""
        setting = self._setting
        hop = await setting.reach(server)
        if hop is None:
            return setting.config.decisions.code_of(Trouble.NO_ADDRESS)
        if self._hanging_up:
            return ""
        try:
            request = self._first_invite(server, number)
        except LocalProtocolError:
            # The dial plan has substituted what cannot be an address.
            return setting.config.decisions.code_of(Trouble.NOT_IN_DIAL_PLAN)
        while True:
            request = setting.config.outgoing(request)
            self._exchange = setting.element.request(request, hop, server.host)
            outcome = await self._outcome(self._exchange)
            if isinstance(outcome, Trouble):
                return setting.config.decisions.code_of(outcome)
            if outcome.status < 300:
                return await self._connected(self._exchange, outcome)
            again = self._authorized(request, outcome)
            if again is None or self._hanging_up:
                return str(outcome.status)
            request = again

    def _first_invite(self, server: Server, number: str) -> Request:
        setting = self._setting
        account = setting.account
        # A dial plan may send a whole address (<0:operator@lab>).
        user, at, host = number.partition("@")
        uri = str(SipUri(host if at and host else server.domain, user))
        return build(
            account,
            setting.identifiers,
            Conversation(setting.identifiers.call_id(account.address), self._tag),
            "INVITE",
            uri,
            server.domain,
            1,
            to=NameAddress(uri),
            headers=(*self._headers, *SDP),
            body=sdp.encode(self._session.offer()),
        )

    async def _outcome(self, exchange: Exchange) -> Response | Trouble:
        """The final response; a hang-up meanwhile cancels, at the earliest after a 1xx (9.1)."""
        limit = self._setting.config.no_answer_s
        self._timer = self._setting.clock.loop.call_later(limit, self.hang_up)
        try:
            while True:
                outcome = await exchange.next()
                if isinstance(outcome, Trouble) or outcome.status >= 200:
                    return outcome
                if self._hanging_up:
                    self._cancel()
        finally:
            self._stop_timer()

    def _cancel(self) -> None:
        setting, exchange = self._setting, self._exchange
        if exchange is not None and setting.element.may_cancel(exchange):
            request = cancel(exchange.request)
            try:
                setting.element.request(request, exchange.hop, exchange.name)
            except LocalProtocolError:
                # It is under way already: a hang-up cancels once.
                return

    async def _connected(self, exchange: Exchange, response: Response) -> str:
        setting = self._setting
        number = exchange.request.cseq.number
        hop_by = via(setting.account, setting.identifiers)
        try:
            dialog = dialog_of_caller(exchange.request, response)
            ack = dialog.ack(number, hop_by, headers=setting.headers)
        except RemoteProtocolError:
            # Its route cannot be read, so there is no way to the other side any more.
            return setting.config.decisions.code_of(Trouble.UNACCEPTABLE_ANSWER)
        hop = await setting.locate(ack) or exchange.hop
        setting.element.acknowledge(exchange, setting.config.outgoing(ack), hop)
        self._dialog, self.state = dialog, CallState.TALKING
        if not self._session.agrees(response):
            self._bye(setting.config.decisions.code_of(Trouble.UNACCEPTABLE_ANSWER))
        elif self._hanging_up:
            self._bye("")
        else:
            setting.log(f"call with {self.remote} established")
        return ""

    # -- a call to us ------------------------------------------------------------------------------

    def ring(self, key: Key, request: Request) -> None:
        """Take an INVITE: ring, and answer in a while; an offer without a codec of ours gets 488."""
        self.state, self._invite = CallState.RINGING, (key, request)
        config = self._setting.config
        answer = self._session.describe(request)
        if answer is None:
            self._refuse(488)
            return
        ringing = respond_to(request, 180, to_tag=self._tag, headers=self._headers)
        self._setting.respond(key, request, ringing)
        if config.answers_calls:
            loop = self._setting.clock.loop
            self._timer = loop.call_later(config.ring_s, self._pick_up, answer)

    def acknowledged(self, key: Key, ack: Request) -> None:
        """The ACK came; where the offer was ours it has the answer."""
        if self.state is not CallState.ANSWERED or not self._invited_by(key):
            return
        self.state = CallState.TALKING
        if self._session.awaits_answer and not self._session.agrees(ack):
            self._bye(self._setting.config.decisions.code_of(Trouble.UNACCEPTABLE_ANSWER))
        else:
            self._setting.log(f"call with {self.remote} established")

    def unacknowledged(self, key: Key) -> None:
        """No ACK came for our 200 (timer H)."""
        if self.state is CallState.ANSWERED and self._invited_by(key):
            self._bye(self._setting.config.decisions.code_of(Trouble.NO_ACK))

    def cancelled(self, key: Key) -> None:
        """A CANCEL came for this INVITE."""
        if self.state is CallState.RINGING and self._invited_by(key):
            self._refuse(487)

    # -- what comes in its dialog ------------------------------------------------------------------

    def inside(self, key: Key, request: Request) -> None:
        """Take a request in the call's dialog."""
        if self._dialog is None:
            return
        dialog = self._dialog.receive(request)
        if dialog is None:
            self._setting.respond(key, request, respond_to(request, 500))
            return
        self._dialog = dialog
        match request.method:
            case "BYE":
                self._setting.respond(key, request, respond_to(request, 200))
                self._end("")
            case "INVITE":
                self._again(key, request)
            case _:
                self._setting.respond(key, request, respond_to(request, 405))

    def _again(self, key: Key, request: Request) -> None:
        answer = self._session.describe(request)
        if answer is None:
            self._setting.respond(key, request, respond_to(request, 488, headers=self._headers))
            return
        agreed = respond_to(request, 200, headers=(*self._headers, *SDP), body=sdp.encode(answer))
        self._setting.respond(key, request, agreed)

    # -- inside ------------------------------------------------------------------------------------

    @property
    def _headers(self) -> Headers:
        """What every message has that the other side learns our address from."""
        setting = self._setting
        return (("Contact", str(setting.account.contact)), *setting.headers)

    def _invited_by(self, key: Key) -> bool:
        return self._invite is not None and self._invite[0] == key

    def _pick_up(self, answer: sdp.Description) -> None:
        self._timer = None
        if self.state is not CallState.RINGING or self._invite is None:
            return
        key, request = self._invite
        response = respond_to(
            request, 200, to_tag=self._tag, headers=(*self._headers, *SDP), body=sdp.encode(answer)
        )
        self._dialog, self.state = dialog_of_callee(request, response), CallState.ANSWERED
        self._setting.respond(key, request, response)

    def _refuse(self, status: int) -> None:
        if self._invite is not None:
            key, request = self._invite
            refusal = respond_to(request, status, to_tag=self._tag, headers=self._setting.headers)
            self._setting.respond(key, request, refusal)
        self._end("")

    def _bye(self, code: str) -> None:
        """Send a BYE; whatever comes of it, the call is over."""
        setting = self._setting
        dialog, hop_by = self._dialog, via(setting.account, setting.identifiers)
        # A route that cannot be read leads nowhere; then the other side finds out by itself.
        with contextlib.suppress(RemoteProtocolError):
            if dialog is not None:
                self._dialog, bye = dialog.request("BYE", hop_by, headers=setting.headers)
                setting.spawn(self._send_bye(setting.config.outgoing(bye)))
        self._end(code)

    async def _send_bye(self, bye: Request) -> None:
        setting = self._setting
        hop = await setting.locate(bye)
        if hop is None:
            return
        request: Request | None = bye
        while request is not None:
            outcome = await setting.element.request(request, hop, hop.host).final()
            if isinstance(outcome, Trouble):
                return
            request = self._authorized(request, outcome)

    def _authorized(self, request: Request, challenge: Response) -> Request | None:
        setting = self._setting
        return authorized(
            request, challenge, setting.account, setting.identifiers, setting.config.algorithms
        )

    def _end(self, code: str) -> None:
        self._stop_timer()
        if self.state is not CallState.OVER:
            self.state = CallState.OVER
            self._setting.over(code)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
