"""Defects of what lines have to do with resyncs: idle ones, the delay after calls, and NOTIFY."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from hil.reference import decisions as spec
from hil.reference import idleness, notify
from hil.reference.due import Action, Asker, Due, Lines, Reason
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked
from hil.reference.profiles import Profile
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviations import Change, Notify, NotifyQuestion, answering, deviating
from hil.virtual.firmware import anywhere

Hold: TypeAlias = Callable[[Due, Lines, Parameters, Interpretations], Due | None]

_DELAY = "Forced_Resync_Delay"
_FROM_SIP = "Resync_From_SIP"
_MINUTE = 60_000_000_000


# -- lines -------------------------------------------------------------------------------------------


def _lines_seen(change: Callable[[Lines], Lines]) -> Change:
    """See other lines than there are."""

    def hold(
        right: Hold, due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
    ) -> Due | None:
        return right(due, change(lines), parameters, reading)

    return deviating(held_back=hold)


def _asked_for_at_once(
    due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
) -> Due | None:
    if lines.active and due.reason is Reason.EXPLICIT:
        return due
    return idleness.held_back(due, lines, parameters, reading)


# -- Forced_Resync_Delay -----------------------------------------------------------------------------


def _delayed(change: Callable[[int], int]) -> Change:
    """Wait for another number of seconds than Forced_Resync_Delay; ``change`` gets the right one."""

    def hold(
        right: Hold, due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
    ) -> Due | None:
        seconds = min(65_535, change(parameters.integer(_DELAY)))
        return right(due, lines, parameters.updated({_DELAY: str(seconds)}), reading)

    return deviating(held_back=hold)


def _by_reading(name: str) -> Change:
    """Hold resyncs back as another guide says."""

    def hold(
        right: Hold, due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
    ) -> Due | None:
        return right(due, lines, parameters, reading.choose(forced_resync_delay=name))

    return deviating(held_back=hold)


def _asked_for_after_the_call(
    due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
) -> Due | None:
    if lines.active or due.reason is not Reason.EXPLICIT:
        return idleness.held_back(due, lines, parameters, reading)
    return due if lines.idle_since is None else due.postponed(lines.idle_since)


def _only_what_fell_due_in_a_call(
    due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
) -> Due | None:
    if not lines.active and lines.idle_since is not None and due.latest > lines.idle_since:
        return due
    return idleness.held_back(due, lines, parameters, reading)


def _always(due: Due, lines: Lines, parameters: Parameters, reading: Interpretations) -> Due | None:
    held = idleness.held_back(due, lines, parameters, reading)
    delay = parameters.integer(_DELAY) * 1_000_000_000
    return None if held is None else replace(held, earliest=held.earliest + delay,
                                             latest=held.latest + delay)  # fmt: skip


def _dropped(
    due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
) -> Due | None:
    if lines.idle_since is not None and due.latest < lines.idle_since:
        return None
    return idleness.held_back(due, lines, parameters, reading)


def _without(*names: str) -> Change:
    """Do not take these parameters from a profile."""

    def apply(parameters: Parameters, profile: Profile) -> Parameters:
        rest = {name: v for name, v in profile.parameters.items() if name not in names}
        return spec.apply_profile(parameters, replace(profile, parameters=rest))

    return decision(apply_profile=apply)


# -- NOTIFY ------------------------------------------------------------------------------------------


def _with_parameters(wanted: Callable[[str], bool], **values: str) -> Change:
    """Answer and obey the events that are ``wanted`` as if these parameters were set."""

    def answer(right: Notify, asked: NotifyQuestion) -> notify.Outcome:
        if wanted(asked.event):
            asked = replace(asked, parameters=asked.parameters.updated(values))
        return asked.answered_by(right)

    def may_ask(
        right: Callable[[Asker, Action, Parameters, Interpretations], bool],
        by: Asker,
        action: Action,
        parameters: Parameters,
        reading: Interpretations,
    ) -> bool:
        # What it has refused it does not ask of itself.
        return right(by, action, parameters.updated(values), reading)

    asking = deviating(may_ask=may_ask)
    return lambda base: asking(answering(answer)(base))


def _without_credentials(right: Notify, asked: NotifyQuestion) -> notify.Outcome:
    return replace(asked, authenticated=True).answered_by(right)


def _refused_on_line_2(right: Notify, asked: NotifyQuestion) -> notify.Outcome:
    if asked.line == 2:
        return notify.Refuse(notify.FORBIDDEN)
    return asked.answered_by(right)


def _never_by_sip(asked: Asked) -> Asked | None:
    by_sip = asked.by is Asker.SIP and asked.action is Action.RESYNC
    return None if by_sip else asked


def _by_its_own_rules(asked: Asked) -> Asked | None:
    return replace(asked, rule="") if asked.by is Asker.SIP else asked


def _a_minute_late(due: Due, chance: random.Random) -> int:
    if due.clause == "resync.from_sip":
        return due.latest + _MINUTE
    return anywhere(due, chance)


def _not_beside_triggers(
    due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
) -> Due | None:
    triggers = [parameters.raw(name).strip() for name in spec.TRIGGERS]
    if due.clause == "resync.from_sip" and any(triggers):
        return None
    return idleness.held_back(due, lines, parameters, reading)


DEFECTS = (
    Defect(
        "resync-in-calls",
        "resync.idle",
        "resyncs in a call",
        _lines_seen(lambda lines: replace(lines, active=frozenset())),
    ),
    Defect(
        "resync-in-calls-if-asked",
        "resync.idle",
        "resyncs in a call if somebody asks for it",
        decision(held_back=_asked_for_at_once),
    ),
    Defect(
        "resync-in-calls-of-line-2",
        "resync.idle",
        "resyncs in a call of the second line",
        _lines_seen(lambda lines: replace(lines, active=lines.active & {1})),
    ),
    Defect(
        "forced-delay-ignored",
        "resync.forced_delay",
        "resyncs as soon as a call is over, whatever Forced_Resync_Delay says",
        _by_reading("wait-idle"),
    ),
    Defect(
        "forced-delay-in-minutes",
        "resync.forced_delay",
        "takes Forced_Resync_Delay for minutes",
        _delayed(lambda seconds: seconds * 60),
    ),
    Defect(
        "forced-delay-an-hour",
        "resync.forced_delay",
        "waits an hour after a call at most",
        _delayed(lambda seconds: min(seconds, 3600)),
    ),
    Defect(
        "forced-delay-zero-is-default",
        "resync.forced_delay",
        "takes a Forced_Resync_Delay of 0 for the default",
        _delayed(lambda seconds: seconds or 14_400),
    ),
    Defect(
        "forced-delay-from-due",
        "resync.forced_delay",
        "counts Forced_Resync_Delay from when a resync fell due",
        _by_reading("due-plus-delay"),
    ),
    Defect(
        "forced-delay-interrupts-calls",
        "resync.forced_delay",
        "resyncs in a call once Forced_Resync_Delay is over",
        _by_reading("busy-limit"),
    ),
    Defect(
        "forced-delay-not-if-asked",
        "resync.forced_delay",
        "does not wait after a call if somebody asks for a resync",
        decision(held_back=_asked_for_after_the_call),
    ),
    Defect(
        "forced-delay-only-in-calls",
        "resync.forced_delay",
        "does not wait with a resync that falls due after a call",
        decision(held_back=_only_what_fell_due_in_a_call),
    ),
    Defect(
        "forced-delay-always",
        "resync.forced_delay",
        "waits Forced_Resync_Delay before every resync",
        decision(held_back=_always),
    ),
    Defect(
        "forced-delay-drops-resyncs",
        "resync.forced_delay",
        "forgets a resync that fell due in a call",
        decision(held_back=_dropped),
    ),
    Defect(
        "forced-delay-not-from-profile",
        "resync.forced_delay",
        "does not take Forced_Resync_Delay from a profile",
        _without(_DELAY),
    ),
    Defect(
        "from-sip-never",
        "resync.from_sip",
        "accepts a NOTIFY to resync and does nothing",
        firmware(asked=_never_by_sip),
    ),
    Defect(
        "from-sip-although-no",
        "resync.from_sip",
        "obeys a NOTIFY to resync although Resync_From_SIP is No",
        _with_parameters(lambda event: True, Resync_From_SIP="Yes"),
    ),
    Defect(
        "from-sip-profile-although-no",
        "resync.from_sip",
        "fetches the profile of a NOTIFY although Resync_From_SIP is No",
        _with_parameters(lambda event: "profile" in event, Resync_From_SIP="Yes"),
    ),
    Defect(
        "from-sip-own-rules",
        "resync.from_sip",
        "follows its own rules if a NOTIFY names a profile",
        firmware(asked=_by_its_own_rules),
    ),
    Defect(
        "from-sip-unauthenticated",
        "resync.from_sip",
        "obeys a NOTIFY to resync without challenging its sender",
        answering(_without_credentials),
    ),
    Defect(
        "from-sip-always-challenged",
        "resync.from_sip",
        "challenges a NOTIFY although Auth_Resync-Reboot is No",
        _with_parameters(
            lambda event: True, **{"Auth_Resync-Reboot_1_": "Yes", "Auth_Resync-Reboot_2_": "Yes"}
        ),
    ),
    Defect(
        "from-sip-line-1-only",
        "resync.from_sip",
        "refuses a NOTIFY on its second line",
        answering(_refused_on_line_2),
    ),
    Defect(
        "from-sip-switch-kept",
        "resync.from_sip",
        "does not take Resync_From_SIP from a profile",
        _without(_FROM_SIP),
    ),
    Defect(
        "from-sip-a-minute-late",
        "resync.from_sip",
        "waits a minute before it obeys a NOTIFY",
        firmware(instant=_a_minute_late),
    ),
    Defect(
        "from-sip-not-beside-triggers",
        "resync.from_sip",
        "does not obey a NOTIFY while a Resync_Trigger is set",
        decision(held_back=_not_beside_triggers),
    ),
)
