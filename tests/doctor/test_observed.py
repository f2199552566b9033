"""What was seen of a dropped outlet, and what is said of it."""

from __future__ import annotations

from typing import Any

from hil.doctor.findings import State
from hil.doctor.observed import Observed, conclude

ALL = frozenset({"a01", "a02", "a03"})
NONE: frozenset[str] = frozenset()


def seen(name: str = "a01", **fields: object) -> Observed:
    return Observed(name, f"pdu1 outlet {name[-1]}", **fields)  # type: ignore[arg-type]


def just(*names: str) -> frozenset[str]:
    return frozenset(names)


def one(observed: Observed) -> tuple[State, str]:
    (finding,) = conclude([observed])
    return finding.state, finding.what


def test_the_named_handset_alone() -> None:
    state, what = one(
        seen(
            links=ALL,
            wires=ALL,
            consoles=ALL,
            fell=just("a01"),
            rose=just("a01"),
            booted=just("a01"),
            spoke=just("a01", "a03"),
        )
    )
    assert state is State.OK
    assert what == "a01 alone went and came back (link, DHCP, console), and 2 other handsets stayed"


def test_nothing_shows_the_power() -> None:
    assert one(seen())[0] is State.SKIPPED
    assert one(seen(consoles=just("a02")))[0] is State.SKIPPED


def test_an_outlet_that_takes_nobody() -> None:
    assert one(seen(links=ALL)) == (State.TROUBLE, "dropping the outlet takes no handset")


def test_an_outlet_that_takes_another_one_as_well() -> None:
    fell = just("a01", "a03")
    assert one(seen(links=ALL, fell=fell, rose=fell))[1] == "the outlet takes a03 as well"


def test_two_outlets_that_are_swapped_are_named_as_that() -> None:
    first, second = conclude(
        [
            seen("a01", links=ALL, fell=just("a02"), rose=just("a02")),
            seen("a02", links=ALL, fell=just("a01"), rose=just("a01")),
        ]
    )
    assert first.what == "its outlet and that of a02 are swapped"
    assert second.what == "its outlet and that of a01 are swapped"
    assert "exchange the outlets of a01 and a02" in first.next_step


def test_an_outlet_that_takes_another_one_instead() -> None:
    assert one(seen(links=ALL, fell=just("a03")))[1] == "the outlet takes a03 instead"


def test_a_port_proves_nothing_of_who_is_plugged_in_where_the_phones_can_be_heard() -> None:
    # Power and link are of the same port, as a PoE switch has them; it is a02 that boots.
    fell = just("a01")
    state, what = one(seen(links=ALL, wires=ALL, fell=fell, rose=fell, booted=just("a02")))
    assert (state, what) == (State.TROUBLE, "the outlet takes a02 instead")


def test_a_link_that_goes_while_nobody_boots_is_not_the_proof() -> None:
    fell = just("a01")
    state, what = one(seen(links=ALL, wires=ALL, fell=fell, rose=fell))
    assert state is State.TROUBLE
    assert "does not boot by DHCP" in what


def test_a_link_that_is_said_to_be_its_own_and_is_not() -> None:
    state, what = one(seen(links=ALL, wires=ALL, booted=just("a01")))
    assert state is State.TROUBLE
    assert "never went down" in what


def test_a_handset_that_stays_away() -> None:
    assert one(seen(links=ALL, fell=just("a01")))[1] == "the handset did not come back"


def test_consoles_are_held_against_the_power_that_is_known() -> None:
    right: dict[str, Any] = {"links": ALL, "wires": ALL, "consoles": ALL}
    right |= {"fell": just("a01"), "rose": just("a01"), "booted": just("a01")}
    assert one(seen(**right, spoke=just("a01")))[0] is State.OK
    assert one(seen(**right))[1] == "its console says nothing when it boots"
    assert "while it is without power" in one(seen(**right, talked=just("a01")))[1]
    other = seen(**right, spoke=just("a02"))
    assert one(other)[1] == "its console is silent when it boots, and that of a02 speaks"


def test_two_consoles_that_are_swapped_are_to_be_exchanged() -> None:
    def of(name: str, speaks: str) -> Observed:
        return seen(name, wires=ALL, consoles=ALL, booted=just(name), spoke=just(speaks))

    first, second = conclude([of("a01", "a02"), of("a02", "a01")])
    assert first.next_step == "exchange the consoles of a01 and a02"
    assert second.next_step == "exchange the consoles of a02 and a01"


def test_consoles_are_not_called_exchanged_before_the_outlets_are_known_to_be_right() -> None:
    first, second = conclude(
        [
            seen(
                "a01",
                links=ALL,
                consoles=ALL,
                fell=just("a01"),
                rose=just("a01"),
                spoke=just("a02"),
            ),
            seen(
                "a02",
                links=ALL,
                consoles=ALL,
                fell=just("a02"),
                rose=just("a02"),
                spoke=just("a01"),
            ),
        ]
    )
    assert first.next_step == "see where the console lines end of a01 and a02"
    assert second.next_step == "see where the console lines end of a02 and a01"


def test_a_console_or_a_link_alone_can_be_wrong_but_not_right() -> None:
    assert one(seen(consoles=ALL)) == (State.TROUBLE, "its console says nothing when it boots")
    of_two = one(seen(consoles=ALL, talked=just("a01"), spoke=just("a01")))
    assert of_two[1].endswith("the two are of different phones")
    state, what = one(seen(consoles=ALL, spoke=just("a01")))
    assert state is State.UNKNOWN
    assert what.endswith("which phone that was nobody heard")
    assert one(seen(links=ALL, fell=just("a01"), rose=just("a01")))[0] is State.UNKNOWN


def test_what_cannot_be_switched_or_was_not_there_is_trouble() -> None:
    assert "switched on again" in one(seen(links=ALL, dark="no answer"))[1]
    assert "could not be switched" in one(seen(links=ALL, failed="no answer"))[1]
    assert "to begin with" in one(seen(links=ALL, absent="its port is not up"))[1]


# -- while nobody answers, phones with power go on asking for a lease ----------------------------------


def unserved(name: str = "a01", **fields: object) -> Observed:
    """The outlet was off for longer than any of them is silent, and nobody gives them a lease."""
    return seen(name, **{"wires": ALL, "waiting": ALL, "steady": ALL, **fields})


def test_who_is_heard_while_the_outlet_is_off_has_its_power() -> None:
    kept = unserved(heard=just("a02"), booted=just("a01", "a02"))
    assert one(kept)[0] is State.OK
    itself = unserved(heard=just("a01"), booted=just("a01"))
    assert one(itself) == (State.TROUBLE, "dropping the outlet takes no handset")


def test_the_link_of_its_own_port_does_not_make_it_the_one_that_went() -> None:
    port: dict[str, Any] = {"links": ALL, "fell": just("a01"), "rose": just("a01")}
    other = unserved(**port, heard=just("a01"), booted=just("a01", "a02"))
    assert one(other)[1] == "the outlet takes a02 instead"
    stranger = unserved(**port, heard=just("a01"), booted=just("a01"))
    state, what = one(stranger)
    assert state is State.TROUBLE
    assert what.endswith("the handset is heard while the outlet is off")


def test_nor_does_the_link_of_another_port_clear_the_one_that_is_said_to_be_there() -> None:
    both = unserved(links=ALL, fell=just("a01"), rose=just("a01"), booted=just("a01", "a02"))
    assert one(both)[1] == "the outlet takes a02 as well"


def test_swapped_outlets_come_before_whatever_the_consoles_say() -> None:
    def of(name: str, other: str) -> Observed:
        port = {"links": ALL, "fell": just(name), "rose": just(name)}
        booted = {"heard": just(name), "booted": ALL - just("a03")}
        return unserved(name, consoles=ALL, spoke=just(other), **port, **booted)

    first, second = conclude([of("a01", "a02"), of("a02", "a01")])
    assert first.what == "its outlet and that of a02 are swapped"
    assert second.what == "its outlet and that of a01 are swapped"
    assert "handsets heard while it was off: a01" in first.evidence
    assert "of these silent before and so booted: a02" in first.evidence


def test_who_may_have_asked_anyway_proves_nothing() -> None:
    # Its silence was shorter than the time between two of its requests, whatever link and console say.
    itself = unserved(
        steady=NONE, links=ALL, fell=just("a01"), rose=just("a01"), booted=just("a01")
    )
    state, what = one(itself)
    assert state is State.UNKNOWN
    assert what.startswith("it is not known whether the outlet takes a01")
    assert one(unserved(steady=just("a01"), booted=just("a01", "a02")))[0] is State.UNKNOWN


def test_but_is_none_of_the_matter_where_it_is_silent_or_was_given_a_lease() -> None:
    assert one(unserved(steady=just("a01"), booted=just("a01")))[0] is State.OK
    assert one(seen(wires=ALL, waiting=just("a02"), booted=just("a01")))[0] is State.OK


def test_another_handset_that_surely_went_is_told_whatever_else_is_unknown() -> None:
    both = unserved(steady=just("a02"), booted=just("a02", "a03"))
    assert one(both) == (State.TROUBLE, "the outlet takes a02 instead")


def test_what_is_unknown_is_never_called_swapped() -> None:
    first, second = conclude(
        [
            unserved("a01", booted=just("a02")),
            unserved("a02", steady=just("a01"), booted=just("a01", "a02")),
        ]
    )
    assert first.what == "the outlet takes a02 instead"
    assert second.state is State.UNKNOWN
