"""Calls from the bench to the handset: the caller's side of RFC 3261 section 13.2.

The ACK of a 2xx is made once and sent again for each repetition. Whether there is one at all, and
what it says where the offer was the handset's, is where faults come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.endpoints import faults as fl
from hil.endpoints.sip_agent import Agent, Reply
from hil.endpoints.sip_call import Call, CallState
from hil.endpoints.sip_faults import NoAck, WrongSdp
from hil.endpoints.sip_inquiry import Inquiry
from hil.endpoints.sip_media import Media, typed
from hil.endpoints.sip_registrar import Binding
from hil.endpoints.sip_settings import DEFAULT_CODECS, Account, Shown
from hil.errors import RemoteProtocolError
from hil.wire.sdp import Codec
from hil.wire.sip_build import cancel
from hil.wire.sip_dialog import Dialog, dialog_of_caller
from hil.wire.sip_message import Headers, Request, Response
from hil.wire.sip_timers import Cause

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, SUBSCRIBE, REGISTER, INFO"
"""What the endpoint understands."""


@dataclass(frozen=True)
class Invitation:
    """What a test wants of a call to a line.

    ``codecs`` empty makes an INVITE without an offer, which the handset then makes in its 200.
    """

    account: Account
    binding: Binding
    caller: str
    codecs: tuple[Codec, ...]
    headers: Headers = ()
    shown: Shown = Shown.RIGHT


class Caller:
    """Leads one call of ours from the INVITE, which is sent at once, to its end.

    ``faults_of_ack`` is told whether the ACK that is due has to answer an offer, and gives the faults
    for it; ``established`` is told of the dialog by which the handset may end the call.
    """

    def __init__(
        self,
        agent: Agent,
        media: Media,
        call: Call,
        invitation: Invitation,
        *,
        faults_of_ack: Callable[[bool], tuple[fl.Fault, ...]],
        established: Callable[[Dialog], None],
    ) -> None:
        self._agent = agent
        self._media = media
        self._call = call
        self._faults_of_ack = faults_of_ack
        self._established = established
        self._hop = invitation.binding.target
        self._offer = media.offer(invitation.codecs) if invitation.codecs else b""
        self._dialog: Dialog | None = None
        self._ack: Request | None = None
        self._ending = self._cancelled = False
        request = agent.request(
            "INVITE",
            invitation.binding.contact.uri,
            self._hop,
            caller=invitation.caller,
            callee=invitation.account.user,
            headers=(
                ("Contact", agent.contact(self._hop, invitation.caller)),
                ("Allow", ALLOW),
                *invitation.headers,
                *typed(self._offer),
            ),
            body=self._offer,
        )
        call.led_by(self.hang_up)
        self._inquiry = Inquiry(
            agent, request, self._hop, invitation.account, invitation.shown, self._replied
        )

    def hang_up(self) -> None:
        """End the call, however far it has come."""
        if self._call.state is CallState.ENDED or self._ending:
            return
        self._ending = True
        if self._dialog is not None:
            self._bye(self._dialog)
        elif self._agent.answered(self._inquiry.key):
            # Before any response a CANCEL might overtake the INVITE (section 9.1).
            self._cancel()

    # -- inside ------------------------------------------------------------------------------------

    def _replied(self, reply: Reply) -> None:
        if isinstance(reply, Cause):
            if self._dialog is None:
                self._call.reach(CallState.ENDED, reason=reply.name.lower())
            return
        if reply.status < 200:
            ringing = reply.status > 100
            state = CallState.RINGING if ringing else self._call.state
            self._call.reach(state, reply.status, reply.reason)
            if self._ending:
                self._cancel()
        elif reply.status < 300:
            self._accepted(reply)
        else:
            self._call.reach(CallState.ENDED, reply.status, reply.reason)

    def _accepted(self, response: Response) -> None:
        if self._dialog is not None:
            if self._ack is not None and response.to.tag == self._dialog.remote.tag:
                self._agent.send(self._ack, self._hop)
            return
        try:
            dialog = dialog_of_caller(self._inquiry.request, response)
        except RemoteProtocolError as error:
            self._call.reach(CallState.ENDED, response.status, str(error))
            return
        self._dialog = dialog
        self._established(dialog)
        acceptable = self._acknowledge(dialog, response)
        self._call.reach(CallState.ESTABLISHED, response.status, response.reason)
        if self._ending or not acceptable:
            self._ending = True
            self._bye(dialog)

    def _acknowledge(self, dialog: Dialog, response: Response) -> bool:
        """Send the ACK, if there is to be one; whether the call can go on."""
        faults = self._faults_of_ack(not self._offer)
        if any(isinstance(fault, NoAck) for fault in faults):
            return True
        body, acceptable = b"", True
        wrong = next((fault for fault in faults if isinstance(fault, WrongSdp)), None)
        if self._offer:
            acceptable = self._media.accepts(self._offer, response.body)
        elif wrong is not None:
            body = self._media.wrong(wrong)
        else:
            made = self._media.answer(response.body, DEFAULT_CODECS)
            body, acceptable = made or b"", made is not None
        self._ack = dialog.ack(
            response.cseq.number, self._agent.via(self._hop), headers=typed(body), body=body
        )
        self._agent.send(self._ack, self._hop)
        return acceptable

    def _cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._agent.ask(cancel(self._inquiry.request), self._hop, _ignored)

    def _bye(self, dialog: Dialog) -> None:
        self._dialog, bye = dialog.request("BYE", self._agent.via(self._hop))
        self._agent.ask(bye, self._hop, self._bye_replied)

    def _bye_replied(self, reply: Reply) -> None:
        if isinstance(reply, Cause) or reply.status >= 200:
            self._call.reach(CallState.ENDED, reason="hung up by the bench")


def _ignored(reply: Reply) -> None:
    """What is said to a CANCEL changes nothing: the INVITE's own response counts."""
