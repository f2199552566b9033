"""Who boots after power-on: told from phones that ask for a lease whenever they like."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import lan as lans
import pytest
from lan import OTHER_PHONE, PHONE, STRANGER, Lan, wiring

from hil.clock import WallClock
from hil.net.attachment import attach
from hil.net.interface import Interface, Place
from hil.net.namespace import enter
from hil.net.raw_udp import BROADCAST_MAC, LinkSender, udp_packet
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import LIMITED_BROADCAST, UNSPECIFIED, Message, MessageType, Op, encode
from hil.witness.arrivals import Arrivals, Asked, Boot, answered, booted

enter()

S = 10**9
FIRST = Boot(98 * S, 100 * S, 130 * S)
SECOND = Boot(130 * S, 142 * S, 172 * S)
LIMIT_S = 20.0


def asks(*seconds: float, xid: int = 1) -> list[Asked]:
    return [Asked(round(each * S), xid) for each in seconds]


SINCE_LONG = asks(40, 44, 52, 68)
"""A phone that got no lease, since 40 s."""


def test_a_client_that_begins_anew_after_power_on_booted():
    story = [*SINCE_LONG, *asks(103, 107, 115, xid=2)]
    assert answered(story, FIRST, LIMIT_S) == pytest.approx(3)


def test_so_did_one_that_is_given_a_lease_and_asks_no_more():
    assert answered(asks(103, 103.1), FIRST, LIMIT_S) == pytest.approx(3)


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([], id="nobody"),
        pytest.param([*SINCE_LONG, *asks(100.5, xid=1)], id="the same transaction goes on"),
        pytest.param([*SINCE_LONG, *asks(101, 165, xid=2)], id="at a slower pace"),
        pytest.param(asks(61, 71, 81, 91) + asks(101, 111, 121, xid=2), id="at a steady pace"),
        pytest.param([*SINCE_LONG, *asks(99.5), *asks(103, 107, xid=2)], id="heard in the dark"),
        pytest.param(asks(121, 125), id="later than a phone boots"),
        pytest.param([Asked(103 * S, 2, secs=64)], id="by its own word it asks for a minute"),
    ],
)
def test_a_client_that_may_ask_anyway_did_not_for_certain(story: Sequence[Asked]):
    assert answered(story, FIRST, LIMIT_S) is None


def test_two_power_ons_that_are_answered_alike_are_enough():
    story = [*SINCE_LONG, *asks(103, 107, 115, xid=2), *asks(145.2, 149, xid=3)]
    assert booted(story, [FIRST, SECOND], LIMIT_S) == (pytest.approx(3), pytest.approx(3.2))


@pytest.mark.parametrize(
    ("story", "boots"),
    [
        pytest.param(asks(145, 149), [SECOND], id="one power-on"),
        pytest.param(
            [*asks(103, 107), *asks(153, 157, xid=2)], [FIRST, SECOND], id="with other delays"
        ),
        pytest.param(asks(145, 149), [FIRST, SECOND], id="the former was missed"),
        pytest.param([*asks(103, 107)], [FIRST, SECOND], id="the latter was missed"),
        pytest.param(
            [*asks(43, 47), *asks(99.5, xid=2), *asks(145, 149, xid=3)],
            [Boot(38 * S, 40 * S, 60 * S), FIRST, SECOND],
            id="it had power while the outlet was off",
        ),
    ],
)
def test_less_is_not(story: Sequence[Asked], boots: Sequence[Boot]):
    assert booted(story, boots, LIMIT_S) == ()


def test_a_power_on_that_was_too_short_speaks_for_nothing():
    short = Boot(132 * S, 134 * S, 136 * S)
    last = Boot(136 * S, 148 * S, 178 * S)
    story = [*asks(103, 107), *asks(151, 155, xid=2)]
    assert len(booted(story, [FIRST, short, last], LIMIT_S)) == 2


# -- on a wire -------------------------------------------------------------------------------------


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


def discovers(station: Interface, client: str, xid: int) -> None:
    message = Message(
        op=Op.BOOTREQUEST,
        xid=xid,
        secs=3,
        chaddr=bytes.fromhex(client.replace(":", "")),
        options=(opt.MESSAGE_TYPE.pack(MessageType.DISCOVER),),
    )
    packet = udp_packet((UNSPECIFIED, 68), (LIMITED_BROADCAST, 67), encode(message))
    nowhere = Place(station, UNSPECIFIED, lans.SUBNET.netmask)
    with contextlib.closing(LinkSender(nowhere)) as sender:
        sender.send(packet, BROADCAST_MAC)


def test_everybody_is_heard_who_asks_for_himself(lan: Lan):
    """The gate keeps a stranger from the servers; relays and surveys ask for others."""
    other, stranger = lan.station(OTHER_PHONE), lan.station(STRANGER)
    with (
        contextlib.closing(WallClock()) as clock,
        attach(wiring(), PHONE, host=lan.machine) as attachment,
    ):

        async def heard() -> Arrivals:
            return Arrivals(attachment.interface, clock)

        async def close() -> None:
            arrivals.close()

        arrivals = clock.run(heard())
        before = clock.now()
        discovers(stranger, PHONE, 8)
        discovers(other, OTHER_PHONE, 7)
        assert clock.wait(lambda: OTHER_PHONE in arrivals.asked(), clock.now() + 5 * S)
        ((mac, (asked,)),) = arrivals.asked().items()
        clock.run(close())
    assert (mac, asked.xid, asked.secs) == (OTHER_PHONE, 7, 3)
    assert before <= asked.at
