"""How a line answers a NOTIFY: `hil.reference.notify` decides, the digest tells who asks.

Nonces are good for a while (`hil.wire.sip_digest.Verifier`); an answer to one that is too old is
challenged anew. The challenge is MD5, which the administration guide names ("SIP NOTIFY XML-Service").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.reference.interpretations import Interpretations
from hil.reference.notify import Accept, Challenge, NotifyAction, Refuse
from hil.reference.parameters import Parameters
from hil.virtual.sip_account import Account
from hil.virtual.sip_config import SipConfig
from hil.wire.sip_digest import Algorithm, Verdict, Verifier, parse_credentials
from hil.wire.sip_message import Headers, Request

_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class NotifySetting:
    """What answering needs of its line; ``asked`` gets the action and the rule of an obeyed one."""

    account: Account
    config: SipConfig
    clock: Clock
    interpretations: Interpretations
    asked: Callable[[NotifyAction, str], None]
    log: Callable[[str], None]


class Notified:
    """A line's part in being notified; ``realm`` and ``secret`` are those of its challenges."""

    def __init__(self, setting: NotifySetting, realm: str, secret: bytes) -> None:
        self._setting = setting
        self._verifier = Verifier(realm, secret)

    def take(
        self,
        request: Request,
        parameters: Parameters,
        answer: Callable[[int, Headers], None],
    ) -> None:
        """Answer a NOTIFY through ``answer``, then do what it asks."""
        setting = self._setting
        verdict = self._verdict(request)
        event = request.header("Event") or ""
        outcome = setting.config.decisions.notify(
            event,
            parameters,
            setting.account.line,
            verdict is Verdict.GOOD,
            setting.interpretations,
        )
        shown = event[:_LONGEST_SHOWN]
        match outcome:
            case Challenge():
                stale = verdict is Verdict.STALE
                challenge = self._verifier.challenge(setting.clock.now(), stale=stale)
                answer(401, (("WWW-Authenticate", str(challenge)),))
            case Refuse(status):
                answer(status, ())
                setting.log(f"NOTIFY {shown} refused: {status}")
            case Accept(action, rule):
                answer(200, ())
                setting.log(f"NOTIFY {shown} accepted")
                setting.asked(action, rule)

    def _verdict(self, request: Request) -> Verdict:
        """Whether a request proves the line's account, for itself and not for another request."""
        setting = self._setting
        text = request.header("Authorization")
        if text is None:
            return Verdict.WRONG
        try:
            credentials = parse_credentials(text)
        except RemoteProtocolError:
            return Verdict.WRONG
        known = credentials.username in (setting.account.user, setting.account.auth_user)
        if not known or credentials.uri != request.uri:
            return Verdict.WRONG
        return self._verifier.verify(
            credentials,
            password=setting.account.password,
            method=request.method,
            algorithm=Algorithm.MD5,
            now=setting.clock.now(),
        )
