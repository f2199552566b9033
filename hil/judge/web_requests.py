"""What the bench asks of the phone's web pages, as the reference understands it.

A command counts where the phone may obey it, and a submitted configuration always: whether whoever
asked had the right password is for a test to know, which chose it. What the phone answers is its own
word: with a status of 200 to 299 it agrees, with any other it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hil.errors import ProfileError
from hil.history import events as ev
from hil.judge.perhaps import News, Perhaps, Settled
from hil.reference import direct_actions, profiles
from hil.reference.due import Action, Asker
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked, Submitted


@dataclass(frozen=True)
class _Request:
    """A request that would have an effect, if it is ``allowed`` to, until it is answered.

    ``clause`` is the one that a phone breaks which obeys it and should not.
    """

    happening: Asked | Submitted
    clause: str
    allowed: bool = True


class WebRequests:
    """Feed it both events of each exchange, in order."""

    def __init__(self) -> None:
        self._open: dict[int, _Request] = {}

    def feed(
        self, event: ev.WebRequested | ev.WebAnswered, may_be: Sequence[Parameters]
    ) -> Iterator[News]:
        """What the phone may be doing from now on, or what its answer says.

        Its parameters may be any of these; what none of them lets it do is forbidden.
        """
        key = f"web {event.exchange}"
        if isinstance(event, ev.WebRequested):
            requests = [_request(event, each) for each in dict.fromkeys(may_be)]
            allowed = (each for each in requests if each is not None and each.allowed)
            request = next(allowed, requests[0])
            if request is not None:
                self._open[event.exchange] = request
                if request.allowed:
                    yield Perhaps(key, request.happening)
            return
        request = self._open.pop(event.exchange, None)
        if request is not None:
            happening = replace(request.happening, at=event.at)
            agreed = _agreed(event) if request.allowed else False
            since = request.happening.at
            yield Settled(key, happening, agreed, request.clause, since)


def _agreed(event: ev.WebAnswered) -> bool | None:
    if event.status == 0 and not event.unsent:
        return None
    return 200 <= event.status < 300


def _request(event: ev.WebRequested, parameters: Parameters) -> _Request | None:
    address = direct_actions.parse_target(event.target)
    if event.method == "POST" and address.path == direct_actions.PATHS.submit:
        try:
            values = dict(profiles.decode(event.body).parameters)
        except ProfileError:
            return None
        return _Request(Submitted(event.at, values), "web.submit")
    command = direct_actions.parse_command(event.target)
    if command is None:
        return None
    admin = direct_actions.Credentials(direct_actions.ADMIN, parameters.raw("Admin_Password"))
    decision = direct_actions.decide(
        replace(command, credentials=None), parameters, event.requester, admin
    )
    asked = Asked(event.at, Asker.WEB, command.action, command.rule, event.requester)
    allowed = isinstance(decision, direct_actions.Accept)
    return _Request(asked, _guard(command.action, parameters), allowed)


def _guard(action: Action, parameters: Parameters) -> str:
    """The clause that forbids a command, where one does."""
    if action is Action.RESYNC and not parameters.flag("Provision_Enable"):
        return "provision.enable"
    if action is Action.UPGRADE and not parameters.flag("Upgrade_Enable"):
        return "upgrade.enable"
    return "web.access"
