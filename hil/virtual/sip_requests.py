"""The requests that come to a line: each finds its way to whoever deals with it, or is refused.

What belongs to a dialog goes to the call or to the mailbox. Everything else is a new request, which
has to pass what the parameters ask of its sender before it is answered (RFC 3261, section 8.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import RemoteProtocolError
from hil.reference.parameters import Parameters
from hil.virtual.sip_account import Account, Identifiers, is_for
from hil.virtual.sip_call import Call
from hil.virtual.sip_config import METHODS, SipConfig
from hil.virtual.sip_element import SipElement
from hil.virtual.sip_mailbox import LineMailbox
from hil.virtual.sip_notify import Notified
from hil.virtual.sip_setting import Directions
from hil.wire.sip_build import Hop, respond_to
from hil.wire.sip_dialog import dialog_id
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request, Response

_ALLOW: Headers = (("Allow", ", ".join(METHODS)),)


@dataclass(frozen=True)
class RequestsSetting:
    """What taking requests needs of its line; the functions tell how things stand there now.

    ``ring`` begins a call by its INVITE, when there is none yet.
    """

    account: Account
    config: SipConfig
    element: SipElement
    identifiers: Identifiers
    headers: Headers
    directions: Directions
    notified: Notified
    mailbox: LineMailbox
    parameters: Callable[[], Parameters]
    registered: Callable[[], bool]
    call: Callable[[], Call | None]
    ring: Callable[[Key, Request], None]
    respond: Callable[[Key, Request, Response], None]
    log: Callable[[str], None]


class Requests:
    """Takes a line's requests; everything about it goes through ``setting``."""

    def __init__(self, setting: RequestsSetting) -> None:
        self._setting = setting

    def take(self, key: Key, request: Request, hop: Hop) -> None:
        """Take a request from ``hop``; one that cannot be read gets 400."""
        try:
            self._dispatch(key, request, hop)
        except RemoteProtocolError as error:
            # A header field that nothing but this request needs was not to be read.
            self._setting.log(f"malformed {request.method} from {hop.host}: {error}")
            self._answer(key, request, 400)

    def _dispatch(self, key: Key, request: Request, hop: Hop) -> None:
        setting = self._setting
        call = setting.call()
        if request.method == "CANCEL":
            self._cancel(key, request)
        elif request.to.tag and call is not None and call.id == dialog_id(request):
            call.inside(key, request)
        elif request.method == "NOTIFY" and setting.mailbox.owns(request):
            self._answer(key, request, setting.mailbox.take(request))
        elif self._blocked(hop):
            setting.log(f"{request.method} from {hop.host} dropped: no proxy")
        else:
            self._take_new(key, request)

    def _take_new(self, key: Key, request: Request) -> None:
        setting = self._setting
        if request.values("Require"):
            options = (("Unsupported", ", ".join(request.values("Require"))),)
            self._answer(key, request, 420, options)
        elif request.method == "OPTIONS":
            self._answer(key, request, 200, (*_ALLOW, ("Accept", "application/sdp")))
        elif not is_for(request, setting.account.user):
            self._answer(key, request, 404)
        elif request.method == "NOTIFY":
            setting.notified.take(
                request,
                setting.parameters(),
                lambda status, headers: self._answer(key, request, status, headers),
            )
        elif request.method == "INVITE" and not request.to.tag:
            self._invited(key, request)
        elif request.method in METHODS:
            self._answer(key, request, 481)
        else:
            self._answer(key, request, 405, _ALLOW)

    def _blocked(self, hop: Hop) -> bool:
        setting = self._setting
        blocks = setting.parameters().flag(f"Block_Nonproxy_SIP_{setting.account.line}_")
        return blocks and hop.host not in setting.directions.proxies

    def _invited(self, key: Key, request: Request) -> None:
        setting = self._setting
        may_be_called = setting.config.decisions.may_be_called
        if not may_be_called(setting.parameters(), setting.account.line, setting.registered()):
            self._answer(key, request, 480)
        elif setting.call() is not None:
            self._answer(key, request, 486)
        else:
            # Read now, while it can be refused: the dialog that the answer opens needs it.
            request.values("Record-Route")
            setting.ring(key, request)

    def _cancel(self, key: Key, request: Request) -> None:
        invite = self._setting.element.cancelled(request)
        self._answer(key, request, 481 if invite is None else 200)
        call = self._setting.call()
        if invite is not None and call is not None:
            call.cancelled(invite)

    def _answer(self, key: Key, request: Request, status: int, headers: Headers = ()) -> None:
        setting = self._setting
        tag = setting.identifiers.tag()
        everything = (*headers, *setting.headers)
        setting.respond(key, request, respond_to(request, status, to_tag=tag, headers=everything))
