"""What the doctor's ear hears of phones that boot, wait for a lease or renew one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from doctors_desk import MACS, Desk, discover
from lan import OTHER_PHONE, PHONE, SUBNET
from programs import needed, started

from hil.doctor.signs import Ear
from hil.net.interface import Place
from hil.net.namespace import enter
from hil.net.raw_udp import BROADCAST_MAC, LinkSender
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import MessageType
from hil.witness.arrivals import introduction

enter()

pytestmark = pytest.mark.peer("socat")


@pytest.fixture
def heard(desk: Desk) -> Iterator[Ear]:
    """An ear at the doctor's wire, in the loop of the desk's clock as it has to be."""

    async def listen() -> Ear:
        return Ear(desk.lan.interface, MACS.values())

    async def close(made: Ear) -> None:
        made.close()

    ear = desk.clock.run(listen())
    yield ear
    desk.clock.run(close(ear))


@pytest.mark.peer("udhcpc")
def test_a_boot_is_heard_from_a_client_that_others_wrote(desk: Desk, heard: Ear) -> None:
    udhcpc = needed("udhcpc", "udhcpc")
    station = desk.phones["a01"].station
    script = "/bin/true"
    command = [udhcpc, "-f", "-n", "-q", "-t", "1", "-T", "1", "-i", "eth0", "-s", script]
    with started(command, station.namespace) as client:
        client.ended()
    voices = {mac: heard.of(mac).said() for mac in MACS.values()}
    assert voices[PHONE] >= 1
    assert voices[OTHER_PHONE] == 0


OFFER_TAKEN = discover(PHONE, MessageType.REQUEST, options=(opt.SERVER_ID.pack(SUBNET[1]),))


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ((discover(PHONE),), True),
        ((discover(PHONE), OFFER_TAKEN), False),
        ((discover(PHONE), OFFER_TAKEN, discover(PHONE)), True),
        # Rebooted, with the address that it had (RFC 2131, section 4.3.2): nobody took an offer.
        ((discover(PHONE, MessageType.REQUEST),), True),
        ((discover(OTHER_PHONE),), False),
    ],
)
def test_a_phone_waits_for_a_lease_until_it_takes_one(
    desk: Desk, heard: Ear, said: tuple[bytes, ...], waits: bool
) -> None:
    place = Place(desk.phones["a01"].station, SUBNET[5], SUBNET.netmask)
    with contextlib.closing(LinkSender(place)) as sender:
        for each in said:
            sender.send(each, BROADCAST_MAC)
    until = desk.clock.now() + 5_000_000_000
    assert desk.clock.wait(lambda: sum(heard.boots.values()) == len(said), until)
    assert (heard.of(PHONE).unanswered() is not None) is waits


def test_a_phone_that_renews_its_lease_is_heard_and_has_not_booted(desk: Desk, heard: Ear) -> None:
    place = Place(desk.phones["a01"].station, SUBNET[5], SUBNET.netmask)
    with contextlib.closing(LinkSender(place)) as sender:
        sender.send(discover(PHONE, MessageType.REQUEST, str(SUBNET[5])), BROADCAST_MAC)
    until = desk.clock.now() + 5_000_000_000
    assert desk.clock.wait(lambda: heard.of(PHONE).frames() == 1, until)
    assert heard.of(PHONE).said() == 0
    assert heard.of(OTHER_PHONE).frames() == 0


ETHERNET = bytes(12) + b"\x08\x00"


@pytest.mark.parametrize(
    ("frame", "who"),
    [
        (ETHERNET + discover(PHONE), PHONE),
        (ETHERNET + discover(PHONE, MessageType.REQUEST), PHONE),
        (ETHERNET + discover(PHONE, MessageType.REQUEST, "198.51.100.7"), None),
        (ETHERNET + discover(PHONE, MessageType.INFORM, "198.51.100.7"), None),
        (ETHERNET + discover(PHONE)[:60], None),
        (b"", None),
        (bytes(12) + b"\x08\x06" + bytes(28), None),
    ],
)
def test_only_who_begins_a_lease_boots(frame: bytes, who: str | None) -> None:
    message = introduction(frame)
    assert (message and message.mac) == who
