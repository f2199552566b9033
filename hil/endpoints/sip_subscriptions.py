"""Subscriptions of the handset's, and the NOTIFYs that they are owed (RFC 6665)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hil.endpoints.sip_agent import Agent, Reply
from hil.endpoints.sip_registrar import Answer
from hil.endpoints.sip_settings import Body, Settings
from hil.lab_time import NANOSECONDS
from hil.wire.sip_build import Hop, reply_hop, respond_to
from hil.wire.sip_dialog import Dialog, DialogId, dialog_id, dialog_of_callee
from hil.wire.sip_headers import Valued
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Request, Response
from hil.wire.sip_timers import Cause

MOST_SUBSCRIPTIONS = 16
"""Subscriptions at a time."""


@dataclass(frozen=True)
class _Subscription:
    dialog: Dialog
    event: Valued
    hop: Hop
    line: int | None
    expires_at: int


class Subscriptions:
    """The subscriptions of one endpoint; in the loop. ``now`` tells lab time in ns."""

    def __init__(self, agent: Agent, now: Callable[[], int]) -> None:
        self._agent = agent
        self._now = now
        self._known: dict[DialogId, _Subscription] = {}

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()

    def subscribe(self, key: Key, request: Request, hop: Hop, settings: Settings) -> Answer | None:
        """Take a SUBSCRIBE, which begins, renews or ends a subscription; None if it is answered."""
        event = request.event
        if event is None or event.value not in settings.packages:
            return Answer(489, (("Allow-Events", ", ".join(settings.packages)),))
        asked = request.expires
        granted = min(settings.most_expires if asked is None else asked, settings.most_expires)
        known = self._known.get(dialog_id(request))
        if request.to.tag is not None and known is None:
            return Answer(481)
        if known is None and len(self._known) >= MOST_SUBSCRIPTIONS:
            return Answer(503)
        reply = reply_hop(request, hop)
        response = respond_to(
            request,
            200,
            to_tag=self._agent.unique("t"),
            headers=(("Expires", str(granted)), ("Contact", self._agent.contact(reply))),
        )
        if known is None:
            line = settings.line_of(request.from_.user)
            dialog = dialog_of_callee(request, response)
        else:
            line, renewed = known.line, known.dialog.receive(request)
            if renewed is None:
                return Answer(500, reason="Out Of Order")
            dialog = renewed
        made = _Subscription(dialog, event, reply, line, self._now() + granted * NANOSECONDS)
        self._known[dialog.id] = made
        self._agent.answer(key, response)
        self._notify(made, settings.packages[event.value])
        return None

    def publish(self, line: int, package: str, body: Body) -> int:
        """Tell the subscribers of a line; how many there are."""
        wanted = [
            known
            for known in self._known.values()
            if known.line == line and known.event.value == package
        ]
        for known in wanted:
            self._notify(known, body)
        return len(wanted)

    def _notify(self, subscription: _Subscription, body: Body) -> None:
        left = (subscription.expires_at - self._now()) // NANOSECONDS
        active = left > 0
        state = f"active;expires={left}" if active else "terminated;reason=timeout"
        headers = [
            ("Contact", self._agent.contact(subscription.hop)),
            ("Event", str(subscription.event)),
            ("Subscription-State", state),
        ]
        if body.data:
            headers.append(("Content-Type", body.content_type))
        dialog, request = subscription.dialog.request(
            "NOTIFY",
            self._agent.via(subscription.hop),
            headers=tuple(headers),
            body=body.data,
        )
        if active:
            self._known[dialog.id] = replace(subscription, dialog=dialog)
        else:
            self._known.pop(dialog.id, None)

        def replied(reply: Reply) -> None:
            # Who refuses a NOTIFY, or does not answer it, has no subscription (section 4.2.2).
            if isinstance(reply, Cause) or (isinstance(reply, Response) and reply.status >= 300):
                self._known.pop(dialog.id, None)

        self._agent.ask(request, subscription.hop, replied)
