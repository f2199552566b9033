"""Calls from the handset to the bench: the callee's side of RFC 3261 section 13.3.

A 2xx is repeated until its ACK by the transaction layer; without one for 64*T1 the call is ended
with a BYE (section 13.3.1.4).
"""

from __future__ import annotations

from collections.abc import Callable

from hil.endpoints.base import Station
from hil.endpoints.sip_agent import Agent, Reply
from hil.endpoints.sip_call import Call, CallState
from hil.endpoints.sip_caller import ALLOW
from hil.endpoints.sip_faults import WrongSdp
from hil.endpoints.sip_media import Media, typed
from hil.endpoints.sip_settings import Answering
from hil.errors import RemoteProtocolError
from hil.wire.sip_build import Hop, reply_hop, respond_to
from hil.wire.sip_dialog import Dialog, dialog_of_callee
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request
from hil.wire.sip_timers import Cause


class Callee:
    """Leads one call of the handset's from its INVITE, which is answered as ``answering`` says.

    ``fault_of_session`` is asked for what is to be wrong with our session description, once that is
    due. ``established`` is told of the dialog.
    """

    def __init__(
        self,
        station: Station,
        agent: Agent,
        media: Media,
        call: Call,
        invited: tuple[Key, Request, Hop],
        answering: Answering,
        *,
        fault_of_session: Callable[[], WrongSdp | None],
        established: Callable[[Dialog], None],
    ) -> None:
        self._agent = agent
        self._media = media
        self._call = call
        self._key, self._request, arrived = invited
        self._hop = reply_hop(self._request, arrived)
        self._answering = answering
        self._fault_of_session = fault_of_session
        self._established = established
        self._dialog: Dialog | None = None
        self._tag = agent.unique("t")
        call.led_by(self.hang_up)
        agent.answer(self._key, respond_to(self._request, 100))
        if answering.ringing:
            self._respond(180, (("Contact", self._contact()),))
            call.reach(CallState.RINGING, 180)
        if answering.status is None:
            return
        if answering.after_s:
            station.after(answering.after_s, self._decide)
        else:
            self._decide()

    def hang_up(self) -> None:
        """Refuse a call that is not answered yet; end one that is."""
        if self._call.state is CallState.ENDED:
            return
        if self._dialog is None:
            self._refuse(480, ())
        else:
            self._bye("hung up by the bench")

    def cancelled(self) -> None:
        """The handset takes its INVITE back (section 9.2)."""
        self._refuse(487, ())

    def acknowledged(self) -> None:
        """The ACK of our final response has come."""
        if self._dialog is not None:
            self._call.reach(CallState.ESTABLISHED, 200)

    def failed(self, cause: Cause) -> None:
        """The ACK never came, or our response could not be sent."""
        if self._dialog is not None and cause is Cause.NO_ACK:
            self._bye("no ACK")
        else:
            self._call.reach(CallState.ENDED, reason=cause.name.lower())

    # -- inside ------------------------------------------------------------------------------------

    def _decide(self) -> None:
        if self._call.state is CallState.ENDED or self._dialog is not None:
            return
        status = self._answering.status or 480
        if not 200 <= status < 300:
            self._refuse(status, self._answering.headers)
            return
        body = self._session()
        if body is None:
            self._refuse(488, ())
            return
        headers = (("Contact", self._contact()), ("Allow", ALLOW), *self._answering.headers)
        response = respond_to(
            self._request,
            status,
            to_tag=self._tag,
            headers=(*headers, *typed(body)),
            body=body,
        )
        try:
            self._dialog = dialog_of_callee(self._request, response)
        except RemoteProtocolError:
            self._refuse(400, ())
            return
        self._established(self._dialog)
        self._agent.answer(self._key, response)

    def _session(self) -> bytes | None:
        wrong = self._fault_of_session()
        if wrong is not None:
            return self._media.wrong(wrong)
        if not self._request.body:
            return self._media.offer(self._answering.codecs)
        return self._media.answer(self._request.body, self._answering.codecs)

    def _contact(self) -> str:
        return self._agent.contact(self._hop, self._request.to.user or "bench")

    def _respond(self, status: int, headers: Headers) -> None:
        self._agent.answer(
            self._key, respond_to(self._request, status, to_tag=self._tag, headers=headers)
        )

    def _refuse(self, status: int, headers: Headers) -> None:
        self._respond(status, headers)
        self._call.reach(CallState.ENDED, status, "refused" if status != 487 else "cancelled")

    def _bye(self, why: str) -> None:
        if self._dialog is None:
            return
        self._dialog, bye = self._dialog.request("BYE", self._agent.via(self._hop))
        self._agent.ask(bye, self._hop, _ignored)
        self._call.reach(CallState.ENDED, reason=why)


def _ignored(reply: Reply) -> None:
    """The call is over, whatever the handset says to our BYE."""
