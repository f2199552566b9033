"""What a test's time went into, read from histories of benches and of racks."""

from __future__ import annotations

from hil.evidence.spent import Spent, spent
from hil.history import events as ev
from hil.history.event import Event
from hil.lab_time import NANOSECONDS


def at(seconds: float) -> int:
    return round(seconds * NANOSECONDS)


def power(seconds: float, action: str) -> Event:
    return ev.PowerSwitched(
        at=at(seconds), source="power", outlet="1", action=ev.PowerAction(action)
    )


def heard(seconds: float, kind: str, ciaddr: str = "0.0.0.0") -> Event:
    direction = ev.Direction.SENT if kind == "ACK" else ev.Direction.RECEIVED
    return ev.DhcpMessage(
        at=at(seconds),
        source="dhcp",
        direction=direction,
        kind=kind,
        mac="00:0e:08:aa:bb:cc",
        xid=1,
        ciaddr=ciaddr,
    )


def lease(seconds: float) -> list[Event]:
    return [heard(seconds, "DISCOVER"), heard(seconds + 1, "REQUEST"), heard(seconds + 1, "ACK")]


def prepared(seconds: float) -> Event:
    return ev.HandsetPrepared(at=at(seconds), source="bench")


def test_a_boot_lasts_from_power_to_the_first_dhcp_message() -> None:
    story = [prepared(0), prepared(0), power(5, "on"), *lease(65)]
    assert spent(story) == Spent(1, 1, (60.0,), ())


def test_a_phone_that_asks_again_boots_once() -> None:
    story = [power(0, "on"), heard(60, "DISCOVER"), heard(64, "DISCOVER"), *lease(72)]
    assert spent(story) == Spent(1, 0, (60.0,), ())


def test_a_renewed_lease_is_no_boot_and_a_new_one_without_power_is() -> None:
    story = [power(0, "on"), *lease(60), heard(500, "REQUEST", "192.0.2.16"), *lease(900)]
    assert spent(story) == Spent(2, 0, (60.0,), ())


def test_a_power_cycle_is_another_boot_of_the_same_preparing() -> None:
    story = [prepared(0), power(0, "on"), *lease(60), power(80, "off"), power(85, "on")]
    assert spent([*story, *lease(150)]) == Spent(2, 1, (60.0, 65.0), ())


def test_preparing_a_phone_of_a_rack_is_timed_and_its_boot_counts_for_the_pace_alone() -> None:
    story = [
        ev.HandsetPreparing(at=at(2), source="bench", how="by its page"),
        power(3, "on"),
        *lease(63),
        power(75, "off"),
        prepared(76),
        power(80, "on"),
        *lease(142),
    ]
    assert spent(story) == Spent(1, 1, (60.0, 62.0), (74.0,))
