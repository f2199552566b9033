"""A line's subscription to its mailbox: SUBSCRIBE to ``message-summary`` (RFC 3842, RFC 6665).

It begins once the line is registered, is renewed before it ends, and is taken up again when the server
ends it. A server that refuses, or does not answer, is asked again after the line's next registration:
no document says when.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.reference.error_codes import Trouble
from hil.reference.line_decisions import Server, VoiceMail
from hil.reference.parameters import Parameters
from hil.virtual.sip_account import Account, Conversation, Identifiers, authorized, build, via
from hil.virtual.sip_config import SipConfig
from hil.virtual.sip_element import SipElement
from hil.wire.sip_build import Hop
from hil.wire.sip_dialog import Dialog, dialog_of_caller
from hil.wire.sip_headers import NameAddress
from hil.wire.sip_message import Headers, Request, Response
from hil.wire.sip_uri import SipUri

PACKAGE = "message-summary"
CONTENT_TYPE = "application/simple-message-summary"
_SHORTEST_S = 5
_LEFT = 0.1
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class MailboxSetting:
    """What subscribing needs of its line; ``failed`` gets method, subject and code."""

    account: Account
    config: SipConfig
    element: SipElement
    clock: Clock
    chance: random.Random
    identifiers: Identifiers
    headers: Headers
    reach: Callable[[Server], Awaitable[Hop | None]]
    failed: Callable[[str, str, str], None]
    log: Callable[[str], None]


class LineMailbox:
    """The mailbox that a line's parameters name at present, if they do.

    ``launch`` runs a subscription for as long as the line runs.
    """

    def __init__(
        self,
        setting: MailboxSetting,
        launch: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._setting = setting
        self._launch = launch
        self._subscription: Subscription | None = None
        self._running: asyncio.Task[None] | None = None

    def subscribe(self, parameters: Parameters) -> None:
        """Subscribe to it, if there is one and it is not subscribed to."""
        decisions, line = self._setting.config.decisions, self._setting.account.line
        due = decisions.voice_mail(parameters, line)
        if due is None or (self._running is not None and not self._running.done()):
            return
        servers = decisions.servers(parameters, line)
        domain = servers[0].domain if servers else due.server.domain
        self._subscription = Subscription(due, domain, self._setting)
        self._running = self._launch(self._subscription.run())

    def follow(self, before: Parameters, parameters: Parameters, registered: bool) -> None:
        """Where the mailbox is another one now, the old subscription is left to end by itself."""
        voice_mail, line = self._setting.config.decisions.voice_mail, self._setting.account.line
        if voice_mail(before, line) == voice_mail(parameters, line):
            return
        if self._running is not None:
            self._running.cancel()
        self._subscription = self._running = None
        if registered:
            self.subscribe(parameters)

    def owns(self, request: Request) -> bool:
        """Whether a NOTIFY is about its subscription."""
        return self._subscription is not None and self._subscription.owns(request)

    def take(self, request: Request) -> int:
        """Take a NOTIFY; the status to answer it with, 481 if it is about no subscription."""
        return 481 if self._subscription is None else self._subscription.take(request)


class Subscription:
    """One subscription, from when `run` begins; it ends with the task that runs it.

    ``domain`` is that of the line's address of record.
    """

    def __init__(self, voice_mail: VoiceMail, domain: str, setting: MailboxSetting) -> None:
        self._voice_mail = voice_mail
        self._domain = domain
        self._setting = setting
        identifiers, address = setting.identifiers, setting.account.address
        self._conversation = Conversation(identifiers.call_id(address), identifiers.tag())
        self._dialog: Dialog | None = None
        self._cseq = 0
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Subscribe, and renew that for as long as the server grants it."""
        while True:
            self._ended.clear()
            granted = await self._subscribe()
            if granted is None:
                return
            left = max(_SHORTEST_S, granted) * self._setting.chance.uniform(0.5, 1 - _LEFT)
            try:
                async with asyncio.timeout(left):
                    await self._ended.wait()
            except TimeoutError:
                continue
            self._dialog = None
            # A server that ends each at once must not keep the line busy with that alone.
            await asyncio.sleep(_SHORTEST_S)

    def owns(self, request: Request) -> bool:
        """Whether a NOTIFY is about this subscription; it may come before the answer to SUBSCRIBE."""
        same = request.call_id == self._conversation.call_id
        return same and request.to.tag == self._conversation.tag

    def take(self, request: Request) -> int:
        """Take a NOTIFY of this subscription's; the status to answer it with."""
        event = request.event
        if event is None or event.value != PACKAGE:
            return 489
        if self._dialog is not None:
            dialog = self._dialog.receive(request)
            if dialog is None:
                return 500
            self._dialog = dialog
        if request.body and request.content_type == CONTENT_TYPE:
            first = request.body.split(b"\r\n", 1)[0][:_LONGEST_SHOWN]
            self._setting.log(f"mailbox: {first.decode('utf-8', 'replace')}")
        state = request.header("Subscription-State") or ""
        if state.partition(";")[0].strip().lower() == "terminated":
            self._ended.set()
        return 200

    # -- inside ------------------------------------------------------------------------------------

    async def _subscribe(self) -> int | None:
        """Subscribe, or renew; for how many seconds it is granted, None if it is not."""
        setting, server = self._setting, self._voice_mail.server
        hop = await setting.reach(server)
        if hop is None:
            self._failed(setting.config.decisions.code_of(Trouble.NO_ADDRESS))
            return None
        request: Request | None = self._request()
        outcome: Response | Trouble = Trouble.NO_RESPONSE
        while request is not None:
            self._cseq = request.cseq.number
            sent = setting.config.outgoing(request)
            outcome = await setting.element.request(sent, hop, server.host).final()
            if isinstance(outcome, Trouble):
                self._failed(setting.config.decisions.code_of(outcome))
                return None
            if outcome.status < 300:
                return self._granted(sent, outcome)
            request = authorized(
                sent, outcome, setting.account, setting.identifiers, setting.config.algorithms
            )
        self._failed(str(outcome.status) if isinstance(outcome, Response) else "")
        return None

    def _granted(self, sent: Request, response: Response) -> int | None:
        if self._dialog is None:
            try:
                self._dialog = dialog_of_caller(sent, response)
            except RemoteProtocolError:
                # Its route cannot be read, so nothing can be renewed.
                self._failed(str(response.status))
                return None
        expires = response.expires
        return self._voice_mail.interval if expires is None else expires or None

    def _failed(self, code: str) -> None:
        """Tell that it came to nothing; it begins anew some time."""
        self._dialog = None
        self._setting.failed("SUBSCRIBE", str(self._uri), code)

    @property
    def _uri(self) -> SipUri:
        return SipUri(self._voice_mail.server.domain, self._setting.account.user or None)

    def _request(self) -> Request:
        setting = self._setting
        headers: Headers = (
            ("Event", PACKAGE),
            ("Accept", CONTENT_TYPE),
            ("Expires", str(self._voice_mail.interval)),
            ("Contact", str(setting.account.contact)),
            *setting.headers,
        )
        if self._dialog is not None:
            hop_by = via(setting.account, setting.identifiers)
            self._dialog, request = self._dialog.request("SUBSCRIBE", hop_by, headers=headers)
            return request
        return build(
            setting.account,
            setting.identifiers,
            self._conversation,
            "SUBSCRIBE",
            str(self._uri),
            self._domain,
            self._cseq + 1,
            to=NameAddress(str(self._uri)),
            headers=headers,
        )
