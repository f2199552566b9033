"""A request of ours, and the handset's challenge to it.

A phone authenticates whoever wants it to resync or reboot: it answers 401, and expects the request
again with the credentials of the line's own account. The repetition is a new transaction with the
next CSeq number (RFC 3261 section 22.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hil.endpoints.sip_agent import Agent, Reply
from hil.endpoints.sip_settings import Account, Shown
from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_build import Hop
from hil.wire.sip_digest import Challenge, answer, parse_challenge
from hil.wire.sip_headers import CSeq
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Request, Response, with_header
from hil.wire.sip_timers import Cause

_HEADERS = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


@dataclass(frozen=True)
class Final:
    """What came of a request of ours. ``status`` 0: no response, and ``reason`` says why."""

    status: int
    reason: str
    challenged: bool
    """Whether the handset asked for credentials before."""


class Inquiry:
    """One request and at most one repetition of it with credentials.

    ``replied`` gets every response but a challenge that is answered, or the one failure. The
    ``request`` is the one sent last, ``key`` its transaction.
    """

    def __init__(
        self,
        agent: Agent,
        request: Request,
        hop: Hop,
        account: Account,
        shown: Shown,
        replied: Callable[[Reply], None],
    ) -> None:
        self._agent = agent
        self._hop = hop
        self._account = account
        self._shown = shown
        self._replied = replied
        self.request = request
        self.challenged = False
        self.key: Key = agent.ask(request, hop, self._reply)

    def _reply(self, reply: Reply) -> None:
        if isinstance(reply, Response) and reply.status in _HEADERS and not self.challenged:
            self.challenged = True
            repetition = self._with_credentials(reply)
            if repetition is not None:
                self.request = repetition
                self.key = self._agent.ask(repetition, self._hop, self._reply)
                return
        self._replied(reply)

    def _with_credentials(self, response: Response) -> Request | None:
        """The request again; None where nothing is to be shown, or nothing can be answered."""
        asked, answered = _HEADERS[response.status]
        challenge = _first_readable(response, asked)
        if self._shown is Shown.NONE or challenge is None:
            return None
        right = self._account.password
        request = self.request
        try:
            credentials = answer(
                challenge,
                username=self._account.user,
                password=right if self._shown is Shown.RIGHT else f"not {right}",
                method=request.method,
                uri=request.uri,
                cnonce=self._agent.unique("n"),
            )
        except LocalProtocolError:
            return None
        again = with_header(request, "Via", str(self._agent.via(self._hop)))
        number = CSeq(request.cseq.number + 1, request.method)
        again = with_header(again, "CSeq", str(number))
        return replace(again, headers=(*again.headers, (answered, str(credentials))))


async def inquire(
    agent: Agent, request: Request, hop: Hop, account: Account, shown: Shown
) -> Final:
    """Send a request and wait for what comes of it, which the timers of SIP bound."""
    answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def replied(reply: Reply) -> None:
        if (isinstance(reply, Cause) or reply.status >= 200) and not answered.done():
            answered.set_result(reply)

    inquiry = Inquiry(agent, request, hop, account, shown, replied)
    reply = await answered
    if isinstance(reply, Cause):
        return Final(0, reply.name.lower(), inquiry.challenged)
    return Final(reply.status, reply.reason, inquiry.challenged)


def _first_readable(response: Response, name: str) -> Challenge | None:
    for known, value in response.headers:
        if known.lower() == name.lower():
            try:
                return parse_challenge(value)
            except RemoteProtocolError:
                continue
    return None
