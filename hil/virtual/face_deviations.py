"""Ways to deviate from the specification at the phone's own faces, for the defects to use.

A deviation is a function from `Firmware` to `Firmware`. Each takes what the firmware does so far and
changes one thing about it, so several defects of one face add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hil.reference import direct_actions
from hil.reference.direct_actions import Command, Credentials, Decision
from hil.reference.due import Action, Asker
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked
from hil.reference.status import Status
from hil.virtual.deviations import Change, deviating
from hil.virtual.firmware import Firmware


def together(*changes: Change) -> Change:
    """Several changes that make one defect."""

    def apply(base: Firmware) -> Firmware:
        for change in changes:
            base = change(base)
        return base

    return apply


def taking(by: Asker, action: Action, change: Callable[[Asked], Asked | None]) -> Change:
    """Take requests of this kind for something else, or for none."""

    def apply(base: Firmware) -> Firmware:
        def taken(asked: Asked) -> Asked | None:
            known = base.asked(asked)
            if known is None or (known.by, known.action) != (by, action):
                return known
            return change(known)

        return replace(base, asked=taken)

    return apply


def letting(by: Asker) -> Change:
    """Obey whoever asks by this way, whatever the parameters say."""

    def may_ask(
        right: Callable[[Asker, Action, Parameters, Interpretations], bool],
        asker: Asker,
        action: Action,
        parameters: Parameters,
        interpretations: Interpretations,
    ) -> bool:
        return asker is by or right(asker, action, parameters, interpretations)

    return deviating(may_ask=may_ask)


# -- web pages ----------------------------------------------------------------------------------------


def serving(**changes: Any) -> Change:
    """Other settings of the web server, fields of `WebConfig`."""
    return lambda base: replace(base, pages=replace(base.pages, **changes))


def deciding(change: Callable[[Command, Parameters], Parameters]) -> Change:
    """Decide about commands as if the parameters were others."""

    def apply(base: Firmware) -> Firmware:
        def decide(
            command: Command,
            parameters: Parameters,
            requester: str,
            shown: Credentials | None = None,
        ) -> Decision:
            return base.pages.decide(command, change(command, parameters), requester, shown)

        return serving(decide=decide)(base)

    return apply


def deciding_as_if(**values: str) -> Change:
    """Decide about commands as if these parameters had these values."""
    return deciding(lambda command, parameters: parameters.updated(values))


def opening_to(match: Callable[[Credentials, str], bool]) -> Change:
    """Take other credentials for the administrator's; ``match`` gets them and his password."""

    def may(parameters: Parameters, shown: Credentials | None) -> bool:
        password = parameters.raw("Admin_Password")
        return direct_actions.may_administrate(parameters, shown) or (
            shown is not None and match(shown, password)
        )

    def decide(
        command: Command, parameters: Parameters, requester: str, shown: Credentials | None = None
    ) -> Decision:
        if may(parameters, command.credentials or shown):
            parameters = parameters.updated({"Admin_Password": ""})
        return direct_actions.decide(command, parameters, requester, shown)

    return serving(may_administrate=may, decide=decide)


def showing(change: Callable[[Status], Status]) -> Change:
    """Show another state than the phone is in."""

    def apply(base: Firmware) -> Firmware:
        right = base.pages.render
        return serving(render=lambda status: right(change(status)))(base)

    return apply


# -- screen and link -----------------------------------------------------------------------------------


def offering(offered: Callable[[Parameters], bool]) -> Change:
    """Offer the resync key by another rule."""
    return lambda base: replace(base, screen=replace(base.screen, resync_offered=offered))


def announcing(**changes: Any) -> Change:
    """Other settings of the announcements, fields of `NeighbourConfig`."""
    return lambda base: replace(base, neighbours=replace(base.neighbours, **changes))
