"""How long a walk over the outlets may take, and why: said before it begins.

Each outlet is off until the links show it, or until every phone that goes on asking for a lease has
asked once more; then its phone boots. A first short look that proves nothing is followed by a long one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hil.doctor.signs import Subject


@dataclass(frozen=True)
class Pace:
    """How patient the walk is, in seconds.

    ``link_s``: until a link shows that the power was switched. ``dark_s``: how long an outlet stays
    off at least once its handset is gone, in which the others must stay. ``silence_s``: after which
    the console of a phone without power is silent. ``poll_s``: between two looks at the links.
    ``power_s``: the longest that switching an outlet may take with all attempts. ``straggle_s``: how
    much later than the handset another one may boot that lost its power with it. ``asking_s``: until a
    phone that gets no lease has asked again, 64 s give or take one (RFC 2131, section 4.1).
    """

    link_s: float = 15.0
    dark_s: float = 5.0
    silence_s: float = 1.0
    poll_s: float = 0.5
    power_s: float = 120.0
    straggle_s: float = 5.0
    asking_s: float = 66.0


def boot_bound(subjects: Sequence[Subject], pace: Pace) -> float:
    """The longest from power-on until all that lost their power must have been heard.

    It may be any handset that boots.
    """
    return max(pace.link_s, *(each.boot_s for each in subjects)) + pace.straggle_s


def short_look(subject: Subject, subjects: Sequence[Subject], pace: Pace) -> float:
    """The longest that one outlet takes where no phone goes on asking for a lease, in seconds."""
    return _look(subject, subjects, pace, pace.link_s + pace.dark_s)


def long_look(subject: Subject, subjects: Sequence[Subject], pace: Pace) -> float:
    """The longest that one outlet takes where phones do, in seconds."""
    return _look(subject, subjects, pace, max(pace.link_s + pace.dark_s, pace.asking_s))


def _look(subject: Subject, subjects: Sequence[Subject], pace: Pace, off_s: float) -> float:
    policy = subject.outlet.policy
    dark = max(pace.silence_s + off_s, policy.minimum_off_s)
    return 2 * policy.settle_s + dark + boot_bound(subjects, pace)


def announced(
    chosen: Sequence[Subject], subjects: Sequence[Subject], pace: Pace
) -> tuple[str, str]:
    """What is said before a walk that drops the outlets of ``chosen`` and watches ``subjects``."""
    usual = sum(short_look(each, subjects, pace) for each in chosen)
    longer = sum(long_look(each, subjects, pace) for each in chosen)
    settle = max((each.outlet.policy.settle_s for each in chosen), default=0.0)
    rest = max((each.outlet.policy.minimum_off_s for each in chosen), default=0.0)
    return (
        f"walk over {len(chosen)} outlet(s): at most {spoken(usual)} where the phones have their "
        f"leases, else at most {spoken(usual + longer)}",
        f"of each outlet: it follows within {settle:g} s (settle_s), twice; it is off until the "
        f"link shows it, within {pace.link_s:g} s, and {pace.dark_s:g} s more, at least {rest:g} s "
        f"(minimum_off_s), and up to {pace.asking_s:g} s where a phone goes on asking for a lease; the "
        f"phone is back within {boot_bound(subjects, pace):g} s (timing: boot). A look that proves "
        "nothing is repeated; a device that has to be told again takes longer",
    )


def spoken(seconds: float) -> str:
    """A duration as a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
