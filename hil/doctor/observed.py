"""What was seen when one outlet was dropped, and what that means. No I/O, no time.

An inventory says which phone an outlet feeds. Dropping the outlet must take that phone and no other.
Which phone it takes is told by the phone's own frames alone: it is silent while the outlet is off and
is heard after power-on. The link is that of a switch port and the console that of a line, whoever hangs
there, so these two only confirm it, and are themselves in question as soon as the phone is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hil.doctor.findings import Finding, State, ok, skipped

CHECK = "outlet"


@dataclass(frozen=True)
class Observed:
    """One outlet was dropped and given back. The sets hold names of handsets.

    While it was off, after a moment to fall silent: ``fell``, whose link went down; ``heard``, of
    whom there was a frame; ``talked``, whose console spoke. After power-on: ``rose``, whose link is up
    again, of those that fell; ``booted``, who asked for a lease; ``spoke``, whose console did;
    ``waiting``, who was given none in the end. ``steady``: who was known to ask for one more often
    than the outlet was off. ``links``, ``wires`` and ``consoles``: those that would have shown it.
    ``failed`` is why the outlet could not be switched, ``dark`` why it could not be switched on again.
    ``off_s`` is how long it was listened while the outlet was off, ``seconds`` how long it all took.
    """

    name: str
    outlet: str
    links: frozenset[str] = frozenset()
    wires: frozenset[str] = frozenset()
    consoles: frozenset[str] = frozenset()
    fell: frozenset[str] = frozenset()
    rose: frozenset[str] = frozenset()
    booted: frozenset[str] = frozenset()
    heard: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    steady: frozenset[str] = frozenset()
    talked: frozenset[str] = frozenset()
    spoke: frozenset[str] = frozenset()
    failed: str = ""
    dark: str = ""
    absent: str = ""
    off_s: float = 0.0
    seconds: float = 0.0

    @property
    def unproven(self) -> frozenset[str]:
        """The handsets that asked after power-on and might have done so anyway.

        One that is given a lease asks when it boots and not again. One that is not goes on asking, and
        has lost its power only if it was silent for longer than it ever is.
        """
        return ((self.booted - self.heard) & self.waiting) - self.steady

    @property
    def took(self) -> frozenset[str]:
        """The handsets that lost their power, for certain.

        The link of a port is believed of handsets whose frames nobody can hear.
        """
        return (self.booted - self.heard - self.unproven) | (self.fell - self.wires)

    @property
    def undecided(self) -> bool:
        """Whether it depends on those if the outlet is right; another handset that went is wrong."""
        others = self.took - {self.name}
        return bool(self.unproven) and (self.name in self.unproven or not others)


_Walked = Mapping[str, Observed]


def conclude(walked: Sequence[Observed]) -> tuple[Finding, ...]:
    """What the whole walk means, one finding a handset in the order of the walk."""
    by_name = {each.name: each for each in walked}
    return tuple(_conclude(each, by_name) for each in walked)


def _conclude(seen: Observed, walked: _Walked) -> Finding:
    for diagnosis in _DIAGNOSES:
        finding = diagnosis(seen, walked)
        if finding is not None:
            return finding
    return _right(seen)


def _not_switched(seen: Observed, _: _Walked) -> Finding | None:
    if seen.absent:
        step = "switch it on and see that it boots before the walk"
        return _wrong(seen, "the handset was not there to begin with", step, seen.absent)
    if seen.dark:
        step = "look at the device itself; the handset is without power"
        return _wrong(seen, "the outlet could not be switched on again", step, seen.dark)
    if seen.failed:
        step = "see what the power check of this device says"
        return _wrong(seen, "the outlet could not be switched", step, seen.failed)
    return None


def _nothing_shows(seen: Observed, _: _Walked) -> Finding | None:
    if not (seen.links or seen.wires or seen.consoles):
        return skipped(CHECK, _concerns(seen), "nothing shows whether it has power")
    if not (seen.links or seen.wires) and seen.name not in seen.consoles:
        why = "neither a link, nor its wire, nor a console shows whether it has power"
        return skipped(CHECK, _concerns(seen), why)
    return None


def _cannot_be_told(seen: Observed, _: _Walked) -> Finding | None:
    """Phones that ask now and then whether they boot or not: neither right nor wrong."""
    if not seen.undecided:
        return None
    named = ", ".join(sorted(seen.unproven))
    what = f"it is not known whether the outlet takes {named}, which asks for a lease now and then"
    return _unknown(seen, what, "have a DHCP server answer the phones, and walk again")


def _takes_another(seen: Observed, walked: _Walked) -> Finding | None:
    others = sorted(seen.took - {seen.name})
    if not others:
        return None
    named = ", ".join(others)
    if seen.name in seen.took:
        what = f"the outlet takes {named} as well"
        step = f"{named} must not hang on {seen.outlet}; see how power is distributed there"
        return _wrong(seen, what, step)
    other = walked.get(others[0])
    if len(others) == 1 and other is not None and _took_just(other, seen.name):
        what = f"its outlet and that of {named} are swapped"
        step = f"exchange the outlets of {seen.name} and {named} in the inventory, or the plugs"
        return _wrong(seen, what, step)
    return _wrong(seen, f"the outlet takes {named} instead", f"find the plug of {seen.name}")


def _took_just(seen: Observed, name: str) -> bool:
    return seen.took == frozenset({name}) and not seen.undecided


def _takes_none(seen: Observed, _: _Walked) -> Finding | None:
    if seen.took or not (seen.links or seen.wires):
        return None
    if seen.name not in seen.fell:
        if _console_boots(seen):
            what = "its console goes with the outlet, but the handset does not ask for a lease"
            return _wrong(seen, what, _ADDRESS)
        what = "dropping the outlet takes no handset"
        step = f"see what is plugged into {seen.outlet}, and whether its relay works"
        if seen.name not in seen.links | seen.heard:
            step += "; a phone with a static address is not heard to boot"
        return _wrong(seen, what, step)
    if seen.name in seen.heard:
        what = "its link goes with the outlet, but the handset is heard while the outlet is off"
        return _wrong(seen, what, f"see what is plugged into {seen.outlet}, and find {seen.name}")
    what = "its link goes with the outlet, but the handset does not boot by DHCP"
    if _console_boots(seen):
        return _wrong(seen, what, _ADDRESS)
    step = f"see whether it is {seen.name} that is plugged in there, and whether it boots"
    return _wrong(seen, what, f"{step} and has no static address")


_ADDRESS = (
    "have the phone take its address by DHCP, not a static one, as every run needs it; if it does, see "
    "what is plugged in there"
)


def _console_boots(seen: Observed) -> bool:
    """Whether its console was silent without power and speaks since: the phone itself is not proven."""
    return seen.name in seen.spoke - seen.talked and seen.name not in seen.heard


def _link_disagrees(seen: Observed, _: _Walked) -> Finding | None:
    """The phone is the right one; is the port that is said to be its own."""
    if seen.name in seen.fell - seen.rose:
        return _wrong(seen, "the handset did not come back", "look at the phone and its cable")
    if seen.name in seen.links - seen.fell:
        what = "the handset booted, but the link that is said to be its own never went down"
        return _wrong(seen, what, "see which port of the switch the phone is plugged into")
    return None


def _console_goes_on(seen: Observed, _: _Walked) -> Finding | None:
    if seen.name not in seen.talked:
        return None
    if seen.name not in seen.wires:
        what = "its console goes on while its outlet is off: the two are of different phones"
        return _wrong(seen, what, "see where the console line ends, and what the outlet feeds")
    what = "its console goes on while it is without power: it is another phone's"
    return _wrong(seen, what, "see where that console line ends")


def _console_is_silent(seen: Observed, walked: _Walked) -> Finding | None:
    if seen.name not in seen.consoles or seen.name in seen.spoke:
        return None
    strangers = sorted(seen.spoke - {seen.name} - seen.talked)
    if len(strangers) != 1:
        what = "its console says nothing when it boots"
        return _wrong(seen, what, "look at the console's cable and its bit rate")
    other = walked.get(strangers[0])
    both = (
        other is not None
        and seen.name in other.spoke - other.talked
        and _outlet_is_right(seen)
        and _outlet_is_right(other)
    )
    what = f"its console is silent when it boots, and that of {strangers[0]} speaks"
    verb = "exchange the consoles" if both else "see where the console lines end"
    return _wrong(seen, what, f"{verb} of {seen.name} and {strangers[0]}")


def _outlet_is_right(seen: Observed) -> bool:
    return seen.name in seen.wires and _took_just(seen, seen.name)


def _nobody_named_it(seen: Observed, _: _Walked) -> Finding | None:
    """A port and a console line agree with the outlet whichever phone hangs on all three."""
    if seen.name in seen.wires:
        return None
    shown = " and ".join(_shown(seen))
    what = f"{shown} went with the outlet and came back, but which phone that was nobody heard"
    return _unknown(seen, what, "have the machine's interface hear the phones, and walk again")


_DIAGNOSES: tuple[Callable[[Observed, _Walked], Finding | None], ...] = (
    _not_switched,
    _nothing_shows,
    _cannot_be_told,
    _takes_another,
    _takes_none,
    _link_disagrees,
    _console_goes_on,
    _console_is_silent,
    _nobody_named_it,
)
"""In the order of evidence: what the outlet takes before what the link, and that before the console."""


def _right(seen: Observed) -> Finding:
    others = len((seen.links | seen.wires | seen.consoles) - {seen.name})
    stayed = f", and {others} other handset{'s' * (others != 1)} stayed" if others else ""
    what = f"{seen.name} alone went and came back ({', '.join(_shown(seen))}){stayed}"
    return ok(CHECK, _concerns(seen), what)


def _shown(seen: Observed) -> list[str]:
    kinds = {"link": seen.links, "DHCP": seen.wires, "console": seen.consoles}
    return [word for word, kind in kinds.items() if seen.name in kind]


def _evidence(seen: Observed) -> str:
    parts = [
        ("links that went down", seen.links, seen.fell),
        ("handsets heard while it was off", seen.wires, seen.heard),
        ("handsets that asked for a lease after power-on", seen.wires, seen.booted),
        ("of these silent before and so booted", seen.wires, seen.took & seen.wires),
        ("consoles that spoke while it was off", seen.consoles, seen.talked),
        ("consoles that spoke after power-on", seen.consoles, seen.spoke),
    ]
    told = [f"{what}: {', '.join(sorted(who)) or 'none'}" for what, all_, who in parts if all_]
    return f"{'; '.join(told)} (off for {seen.off_s:.0f} s, watched for {seen.seconds:.0f} s)"


def _wrong(seen: Observed, what: str, step: str, evidence: str = "") -> Finding:
    return _told(seen, State.TROUBLE, what, step, evidence or _evidence(seen))


def _unknown(seen: Observed, what: str, step: str) -> Finding:
    return _told(seen, State.UNKNOWN, what, step, _evidence(seen))


def _told(seen: Observed, state: State, what: str, step: str, evidence: str) -> Finding:
    return Finding(CHECK, _concerns(seen), state, what, evidence, step)


def _concerns(seen: Observed) -> str:
    return f"{seen.name} at {seen.outlet}"
