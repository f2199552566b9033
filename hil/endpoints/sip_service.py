"""What the SIP endpoint does with each request of the handset's; all of it in the loop.

Faults come first, then whatever any element checks (RFC 3261 section 8.2), then the method's own
handling. A request that makes no sense further in is answered with 400.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.endpoints import faults as fl
from hil.endpoints.base import Datagram, Station
from hil.endpoints.sip_agent import Agent
from hil.endpoints.sip_call import Call, CallState
from hil.endpoints.sip_callee import Callee
from hil.endpoints.sip_caller import ALLOW, Caller, Invitation
from hil.endpoints.sip_faults import MalformedSip, SipStatus, Unreachable, WrongSdp
from hil.endpoints.sip_icmp import send_unreachable
from hil.endpoints.sip_media import Media, typed
from hil.endpoints.sip_registrar import Answer, Registrar
from hil.endpoints.sip_settings import Settings
from hil.endpoints.sip_spoiled import spoiled
from hil.endpoints.sip_subscriptions import Subscriptions
from hil.errors import RemoteProtocolError
from hil.wire.sip_build import Hop, reply_hop, respond_to
from hil.wire.sip_dialog import Dialog, DialogId, dialog_id
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Request
from hil.wire.sip_timers import Cause, Timers

MOST_CALLS = 64
"""Calls that are remembered; the oldest that has ended goes first."""


@dataclass(frozen=True)
class _Asked:
    """A request that is to be answered."""

    key: Key
    request: Request
    hop: Hop
    datagram: Datagram | None


class SipService:
    """The user of the agent; ``settings`` gives the present configuration."""

    def __init__(
        self,
        station: Station,
        settings: Callable[[], Settings],
        registrar: Registrar,
        request_faults: fl.FaultPlan,
        session_faults: fl.FaultPlan,
        timers: Timers,
    ) -> None:
        self._station = station
        self._settings = settings
        self._registrar = registrar
        self._request_faults = request_faults
        self._session_faults = session_faults
        self.agent = Agent(station, self, timers)
        self.media = Media(station)
        self.subscriptions = Subscriptions(self.agent, station.clock.now)
        self.calls: tuple[Call, ...] = ()
        self._callees: dict[Key, Callee] = {}
        self._dialogs: dict[DialogId, Call] = {}
        self._again: dict[Key, Callable[[Datagram], None]] = {}

    def invite(self, invitation: Invitation, line: int) -> Call:
        """Call the handset."""
        call = self._new_call(line, outgoing=True)
        Caller(
            self.agent,
            self.media,
            call,
            invitation,
            faults_of_ack=self._faults_of_ack,
            established=lambda dialog: self._established(call, dialog),
        )
        return call

    def clear(self) -> None:
        """End every call with what can be said at once, and forget everything."""
        for call in self.calls:
            call.hang_up()
            call.reach(CallState.ENDED, reason="reset")
        self.calls = ()
        self._callees.clear()
        self._dialogs.clear()
        self._again.clear()
        self.subscriptions.clear()
        self.agent.clear()

    # -- what the agent tells ----------------------------------------------------------------------

    def requested(self, key: Key, request: Request, hop: Hop, datagram: Datagram | None) -> None:
        """A new request: apply the faults that are due for it, and answer unless they forbid."""
        asked = _Asked(key, request, hop, datagram)
        due = self._request_faults.due(request.method)
        delays = [fault for fault in due if isinstance(fault, fl.Delay)]
        for fault in delays:
            self._station.injected(fault, f"{request.method} {request.call_id}")
        wait = sum(fault.seconds for fault in delays)
        if wait:
            self._station.after(wait, lambda: self._serve(asked, due))
        else:
            self._serve(asked, due)

    def acknowledged(self, key: Key) -> None:
        """Our final response to an INVITE was acknowledged."""
        if key in self._callees:
            self._callees[key].acknowledged()

    def failed(self, key: Key, cause: Cause) -> None:
        """Our final response was not acknowledged, or not delivered."""
        if key in self._callees:
            self._callees[key].failed(cause)

    def repeated(self, key: Key, datagram: Datagram) -> None:
        """A request came again; what was no proper answer is repeated here."""
        if key in self._again:
            self._again[key](datagram)

    # -- faults ------------------------------------------------------------------------------------

    def _misbehave(self, asked: _Asked, due: tuple[fl.Fault, ...]) -> None:
        for fault in due:
            match fault:
                case fl.Silence():
                    self.agent.abandon(asked.key)
                case fl.Reset() if self.agent.transport.reset(asked.hop):
                    self.agent.abandon(asked.key)
                case Unreachable() if asked.datagram is not None:
                    self._refuse_datagrams(asked, fault)
                case MalformedSip():
                    self._answer_malformed(asked, fault)
                case SipStatus(status, reason, headers):
                    self._answer(asked, Answer(status, headers, reason or None))
                case _:
                    continue
            self._station.injected(fault, f"{asked.request.method} {asked.request.call_id}")

    def _refuse_datagrams(self, asked: _Asked, fault: Unreachable) -> None:
        port = self.agent.transport.port("UDP")

        def refuse(datagram: Datagram) -> None:
            send_unreachable(self._station, fault.what, datagram, port)

        self._leave(asked, refuse)

    def _answer_malformed(self, asked: _Asked, fault: MalformedSip) -> None:
        response = respond_to(asked.request, 200, to_tag=self.agent.unique("t"))
        hop = reply_hop(asked.request, asked.hop)
        data = spoiled(response, fault)

        def answer(datagram: Datagram | None) -> None:
            self.agent.transport.send(response, hop, _nothing, data=data)

        if asked.datagram is None:
            answer(None)
        self._leave(asked, answer)

    def _leave(self, asked: _Asked, again: Callable[[Datagram], None]) -> None:
        """Leave a request without a proper answer; every datagram with it gets ``again``."""
        self.agent.abandon(asked.key)
        self._again = {key: do for key, do in self._again.items() if self.agent.knows(key)}
        self._again[asked.key] = again
        if asked.datagram is not None:
            again(asked.datagram)

    def _faults_of_ack(self, answers_offer: bool) -> tuple[fl.Fault, ...]:
        due = tuple(
            fault
            for fault in self._session_faults.due("ACK")
            if answers_offer or not isinstance(fault, WrongSdp)
        )
        for fault in due:
            self._station.injected(fault, "ACK")
        return due

    def _fault_of_session(self) -> WrongSdp | None:
        for fault in self._session_faults.due("INVITE"):
            if isinstance(fault, WrongSdp):
                self._station.injected(fault, "INVITE")
                return fault
        return None

    # -- handling ----------------------------------------------------------------------------------

    def _serve(self, asked: _Asked, due: tuple[fl.Fault, ...]) -> None:
        self._misbehave(asked, due)
        if not self.agent.awaits(asked.key):
            return
        try:
            answer = self._check(asked.request) or self._handle(asked)
        except RemoteProtocolError as error:
            peer = f"{asked.hop.host}:{asked.hop.port}"
            self._station.refused(peer, str(error), asked.request.raw)
            answer = Answer(400)
        if answer is not None:
            self._answer(asked, answer)

    def _check(self, request: Request) -> Answer | None:
        """What is asked of every request (sections 8.2.1 to 8.2.2.3, 22); None if all is well."""
        if request.method not in ALLOW.split(", "):
            return Answer(405, (("Allow", ALLOW),))
        unsupported = request.values("Require")
        if unsupported and request.method != "CANCEL":
            return Answer(420, (("Unsupported", ", ".join(unsupported)),))
        return self._registrar.challenge(request, self._settings(), self._station.clock.now())

    def _handle(self, asked: _Asked) -> Answer | None:
        """The method's own answer; None if it was given, or will be."""
        request, settings = asked.request, self._settings()
        match request.method:
            case "REGISTER":
                return self._registrar.register(
                    request, asked.hop, settings, self._station.clock.now()
                )
            case "SUBSCRIBE":
                return self.subscriptions.subscribe(asked.key, request, asked.hop, settings)
            case "CANCEL":
                return self._cancel(request)
            case "INVITE" if request.to.tag is None:
                self._called(asked, settings)
                return None
            case "INVITE" | "BYE" | "INFO":
                return self._in_dialog(asked, settings)
        return Answer(200, (("Allow", ALLOW), ("Accept", "application/sdp")))

    def _called(self, asked: _Asked, settings: Settings) -> None:
        call = self._new_call(settings.line_of(asked.request.from_.user), outgoing=False)
        self._callees = {key: made for key, made in self._callees.items() if self.agent.knows(key)}
        callee = Callee(
            self._station,
            self.agent,
            self.media,
            call,
            (asked.key, asked.request, asked.hop),
            settings.answering_for(asked.request.to.user),
            fault_of_session=self._fault_of_session,
            established=lambda dialog: self._established(call, dialog),
        )
        self._callees[asked.key] = callee

    def _cancel(self, request: Request) -> Answer:
        key = self.agent.invite_of(request)
        if key is None or key not in self._callees:
            return Answer(481)
        self._callees[key].cancelled()
        return Answer(200)

    def _in_dialog(self, asked: _Asked, settings: Settings) -> Answer | None:
        """BYE, INFO and an INVITE that changes the session, which the same codecs answer."""
        request = asked.request
        call = self._dialogs.get(dialog_id(request))
        if call is None or call.state is CallState.ENDED:
            return Answer(481)
        if request.method == "BYE":
            call.reach(CallState.ENDED, reason="hung up by the handset")
        if request.method != "INVITE":
            return Answer(200)
        codecs = settings.answering_for(request.to.user).codecs
        offer = self.media.offer(codecs)
        body = self.media.answer(request.body, codecs) if request.body else offer
        if body is None:
            return Answer(488)
        contact = self.agent.contact(asked.hop)
        headers = (("Contact", contact), ("Allow", ALLOW), *typed(body))
        self.agent.answer(asked.key, respond_to(request, 200, headers=headers, body=body))
        return None

    def _answer(self, asked: _Asked, answer: Answer) -> None:
        response = respond_to(
            asked.request,
            answer.status,
            answer.reason,
            to_tag=self.agent.unique("t"),
            headers=answer.headers,
        )
        self.agent.answer(asked.key, response)

    def _new_call(self, line: int | None, *, outgoing: bool) -> Call:
        call = Call(self._station, line, outgoing=outgoing)
        kept = self.calls
        if len(kept) >= MOST_CALLS:
            gone = next((old for old in kept if old.state is CallState.ENDED), kept[0])
            kept = tuple(old for old in kept if old is not gone)
        self.calls = (*kept, call)
        return call

    def _established(self, call: Call, dialog: Dialog) -> None:
        living = {known: of for known, of in self._dialogs.items() if of in self.calls}
        self._dialogs = {**living, dialog.id: call}


def _nothing() -> None:
    """A malformed answer that is lost is no loss."""
