"""What was seen when one outlet was dropped, and what that means. No I/O, no time.

An inventory says which phone an outlet feeds. Dropping the outlet must take that phone and no other,
as far as its link, its DHCP messages and its console show. Where they show otherwise the findings name
what is really at the outlet, so that a person can correct the inventory without pulling cables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hil.doctor.findings import Finding, State, ok, skipped

CHECK = "outlet"


@dataclass(frozen=True)
class Observed:
    """One outlet was dropped and given back. The sets hold names of handsets.

    ``fell``: the link went down meanwhile. ``rose``: it is up again, of those that fell. ``booted``: a
    lease was asked for after power-on. ``asked``: one was while the outlet was off, after a moment to
    fall silent; ``talked``: the console spoke then. ``spoke``: it did after power-on. ``rare``: those
    that wait for a lease and ask for it more rarely than the outlet was off. ``links``, ``wires`` and
    ``consoles``: those that would have shown it. ``failed`` is why the outlet could not be switched,
    ``dark`` why it could not be switched on again.
    """

    name: str
    outlet: str
    links: frozenset[str] = frozenset()
    wires: frozenset[str] = frozenset()
    consoles: frozenset[str] = frozenset()
    fell: frozenset[str] = frozenset()
    rose: frozenset[str] = frozenset()
    booted: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    rare: frozenset[str] = frozenset()
    talked: frozenset[str] = frozenset()
    spoke: frozenset[str] = frozenset()
    failed: str = ""
    dark: str = ""
    absent: str = ""
    seconds: float = 0.0

    @property
    def took(self) -> frozenset[str] | None:
        """The handsets that lost their power; None where neither link nor wire can show it.

        A DHCP message has the phone's own address in it. The link of a port tells of the port, and
        is believed of phones that cannot be heard. But where nobody answers, as in a walk, a phone
        with power goes on asking for a lease. One that asked while the outlet was off has its power.
        Another handset than the outlet's, whose link is seen, is believed to have booted only if that
        fell too, or if the outlet's own handset is gone from its port and silent, as where two are
        swapped. Those of `unproven` are not among them.
        """
        if not self.links and not self.wires:
            return None
        booted = self.booted - self.asked
        swapped = self.name in self.fell and self.name not in booted
        asking = set() if swapped else self.links - self.fell - {self.name}
        return (booted - asking - self.unproven) | (self.fell - self.wires)

    @property
    def unproven(self) -> frozenset[str]:
        """The handsets that asked after power-on and might have done so anyway: nobody sees a link."""
        return (self.booted & self.rare) - self.asked - self.links

    @property
    def undecided(self) -> bool:
        """Whether it depends on those if the outlet is right; another handset that went is wrong."""
        others = (self.took or frozenset()) - {self.name}
        return bool(self.unproven) and (self.name in self.unproven or not others)


def conclude(walked: Sequence[Observed]) -> tuple[Finding, ...]:
    """What the whole walk means, one finding a handset in the order of the walk."""
    by_name = {each.name: each for each in walked}
    return tuple(_conclude(each, by_name) for each in walked)


def _conclude(seen: Observed, walked: Mapping[str, Observed]) -> Finding:
    if seen.absent:
        step = "switch it on and see that it boots before the walk"
        return _wrong(seen, "the handset was not there to begin with", seen.absent, step)
    if seen.dark:
        step = "look at the device itself; the handset is without power"
        return _wrong(seen, "the outlet could not be switched on again", seen.dark, step)
    if seen.failed:
        step = "see what the power check of this device says"
        return _wrong(seen, "the outlet could not be switched", seen.failed, step)
    took = seen.took
    if took is None:
        return _by_console(seen)
    if seen.undecided:
        return _unknown(seen)
    if took != frozenset({seen.name}):
        return _other(seen, took, walked)
    if seen.name in seen.fell - seen.rose:
        step = "look at the phone and its cable"
        return _wrong(seen, "the handset did not come back", _evidence(seen), step)
    if seen.name in seen.wires and seen.name in seen.links and seen.name not in seen.fell:
        step = "see which port of the switch the phone is plugged into"
        what = "the handset booted, but the link that is said to be its own never went down"
        return _wrong(seen, what, _evidence(seen), step)
    return _consoles_too(seen, walked)


def _other(seen: Observed, took: frozenset[str], walked: Mapping[str, Observed]) -> Finding:
    if not took and seen.name in seen.fell:
        what = "its link goes with the outlet, but the handset does not boot by DHCP"
        step = f"see whether it is {seen.name} that is plugged in there, and whether it boots"
        return _wrong(seen, what, _evidence(seen), step)
    if not took:
        what = "dropping the outlet takes no handset"
        step = f"see what is plugged into {seen.outlet}, and whether its relay works"
        return _wrong(seen, what, _evidence(seen), step)
    others = sorted(took - {seen.name})
    named = ", ".join(others)
    if seen.name in took:
        what = f"the outlet takes {named} as well"
        step = f"{named} must not hang on {seen.outlet}; see how power is distributed there"
        return _wrong(seen, what, _evidence(seen), step)
    other = walked.get(others[0])
    if len(others) == 1 and other is not None and _took_just(other, seen.name):
        what = f"its outlet and that of {named} are swapped"
        step = f"exchange the outlets of {seen.name} and {named} in the inventory, or the plugs"
        return _wrong(seen, what, _evidence(seen), step)
    what = f"the outlet takes {named} instead"
    return _wrong(seen, what, _evidence(seen), f"find the plug of {seen.name}")


def _took_just(seen: Observed, name: str) -> bool:
    return seen.took == frozenset({name}) and not seen.undecided


def _unknown(seen: Observed) -> Finding:
    named = ", ".join(sorted(seen.unproven))
    what = f"it is not known whether the outlet takes {named}, which asks for a lease now and then"
    step = "have a DHCP server answer the phones, or a link that is seen, and walk again"
    return Finding(CHECK, _concerns(seen), State.UNKNOWN, what, _evidence(seen), step)


def _consoles_too(seen: Observed, walked: Mapping[str, Observed]) -> Finding:
    """The power is right; what does the console say."""
    if seen.name not in seen.consoles:
        return _right(seen)
    if seen.name in seen.talked:
        what = "its console goes on while it is without power: it is another phone's"
        step = "see where that console line ends"
        return _wrong(seen, what, _evidence(seen), step)
    if seen.name in seen.spoke:
        return _right(seen)
    strangers = sorted(seen.spoke - {seen.name} - seen.talked)
    if len(strangers) == 1:
        swapped = walked.get(strangers[0])
        both = swapped is not None and seen.name in swapped.spoke - swapped.talked
        what = f"its console is silent when it boots, and that of {strangers[0]} speaks"
        verb = "exchange the consoles" if both else "see where the console lines end"
        return _wrong(seen, what, _evidence(seen), f"{verb} of {seen.name} and {strangers[0]}")
    what = "its console says nothing when it boots"
    return _wrong(seen, what, _evidence(seen), "look at the console's cable and its bit rate")


def _by_console(seen: Observed) -> Finding:
    if not seen.consoles:
        return skipped(CHECK, _concerns(seen), "nothing shows whether it has power")
    if seen.name not in seen.consoles:
        why = "neither a link, nor its wire, nor a console shows whether it has power"
        return skipped(CHECK, _concerns(seen), why)
    return _consoles_too(seen, {})


def _right(seen: Observed) -> Finding:
    shown = [
        word
        for word, kind in (
            ("link", seen.links),
            ("DHCP", seen.wires),
            ("console", seen.consoles),
        )
        if seen.name in kind
    ]
    others = len((seen.links | seen.wires | seen.consoles) - {seen.name})
    stayed = f", and {others} other handset{'s' * (others != 1)} stayed" if others else ""
    what = f"{seen.name} alone went and came back ({', '.join(shown)}){stayed}"
    return ok(CHECK, _concerns(seen), what)


def _evidence(seen: Observed) -> str:
    parts = [
        ("links that went down", seen.links, seen.fell),
        ("handsets that asked for a lease after power-on", seen.wires, seen.booted),
        ("handsets that asked for a lease while it was off", seen.wires, seen.asked),
        ("consoles that spoke after power-on", seen.consoles, seen.spoke),
        ("consoles that spoke while it was off", seen.consoles, seen.talked),
    ]
    told = [f"{what}: {', '.join(sorted(who)) or 'none'}" for what, all_, who in parts if all_]
    return f"{'; '.join(told)} (watched for {seen.seconds:.0f} s)"


def _wrong(seen: Observed, what: str, evidence: str, step: str) -> Finding:
    return Finding(CHECK, _concerns(seen), State.TROUBLE, what, evidence, step)


def _concerns(seen: Observed) -> str:
    return f"{seen.name} at {seen.outlet}"
