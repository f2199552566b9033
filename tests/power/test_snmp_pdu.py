"""The SNMP driver against the virtual PDU, over real datagrams on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from hil.clock import Clock
from hil.errors import DeviceRefused, PowerDeviceError, PowerError, UsageError
from hil.history.events import PowerAction
from hil.power import APC_RPDU, Command, PduModel, SnmpAgent, SnmpPdu, SnmpVersion
from hil.snmp import AuthProtocol, UsmUser
from hil.virtual_clock import VirtualClock

VERSIONS = list(SnmpVersion)
DAY_NS = 86_400 * 10**9


def driver(
    rack: Any, user: UsmUser | None = None, model: PduModel = APC_RPDU, **options: Any
) -> SnmpPdu:
    options.setdefault("timeout_s", 3.0)
    return SnmpPdu(SnmpAgent("127.0.0.1", rack.pdu.port, user=user, **options), model)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_outlet_is_switched_and_read_back(rack: Any, user: UsmUser, version: SnmpVersion):
    pdu = driver(rack, user, version=version)
    run = rack.clock.run

    assert run(pdu.state("3")) is PowerAction.ON
    run(pdu.off("3"))
    assert run(pdu.state("3")) is PowerAction.OFF
    assert run(pdu.state("2")) is PowerAction.ON
    run(pdu.on("3"))
    assert run(pdu.state("3")) is PowerAction.ON
    assert [(outlet, on) for _, outlet, on in rack.relays] == [(3, False), (3, True)]


def test_a_user_may_authenticate_with_sha_256(clock: Clock, rack_on: Callable[..., Any]):
    user = UsmUser("lab", "authentication", "privacy-key", AuthProtocol.SHA256)
    rack = rack_on(clock, user=user)
    assert clock.run(driver(rack, user, version=SnmpVersion.V3).state("1")) is PowerAction.ON


@pytest.mark.parametrize(
    ("version", "reason"), [("v1", "noSuchName"), ("v2c", "noCreation"), ("v3", "noCreation")]
)
def test_an_outlet_that_the_pdu_does_not_have(rack: Any, user: UsmUser, version: str, reason: str):
    pdu = driver(rack, user, version=SnmpVersion(version))
    with pytest.raises(PowerError, match=reason) as error:
        rack.clock.run(pdu.on("9"))
    assert not isinstance(error.value, PowerDeviceError)
    assert "check the outlet number" in error.value.next_step
    with pytest.raises(PowerError, match=r"noSuchName|noSuchInstance"):
        rack.clock.run(pdu.state("9"))
    assert rack.relays == []


@pytest.mark.parametrize("outlet", ["", "0", "-1", "1.4", "A3", "²", "99999999999"])
def test_an_outlet_that_is_no_number_reaches_no_wire(rack: Any, outlet: str):
    with pytest.raises(PowerError, match="no outlet"):
        rack.clock.run(driver(rack).on(outlet))


def test_the_read_community_may_read_but_not_switch(rack: Any):
    for version, reason in ((SnmpVersion.V1, "noSuchName"), (SnmpVersion.V2C, "authorization")):
        pdu = driver(rack, version=version, write_community="public")
        assert rack.clock.run(pdu.state("1")) is PowerAction.ON
        with pytest.raises(PowerError, match=reason) as error:
            rack.clock.run(pdu.off("1"))
        # SNMPv1 has one answer for who may not write and for an outlet that is not there.
        assert isinstance(error.value, DeviceRefused) is (version is SnmpVersion.V2C)
        assert "write" in error.value.next_step
    assert rack.relays == []


def test_one_community_for_both_is_usual_and_works(rack: Any):
    pdu = driver(rack, read_community="private", write_community="private")
    rack.clock.run(pdu.off("1"))
    assert rack.clock.run(pdu.state("1")) is PowerAction.OFF


def test_an_unknown_community_gets_no_answer(rack: Any):
    with pytest.raises(PowerDeviceError, match=r"no answer within 0\.3 s") as error:
        rack.clock.run(driver(rack, write_community="other", timeout_s=0.3).off("1"))
    assert "community" in error.value.next_step
    assert f"127.0.0.1:{rack.pdu.port}" in error.value.concerns


@pytest.mark.parametrize(
    ("wrong", "reason", "advice"),
    [
        ({"name": "nobody"}, "Unknown USM user", "user's name"),
        ({"auth_key": "another-key"}, "digest", "authentication key"),
        ({"priv_key": "another-key"}, "Ciphering", "privacy key"),
        ({"auth": AuthProtocol.SHA256}, "digest", "authentication key and protocol"),
        ({"priv_key": ""}, "security level|authorizationError", "user"),
        ({"priv_key": "", "auth_key": ""}, "security level|authorizationError", "user"),
    ],
)
def test_a_user_that_the_pdu_does_not_accept(
    rack: Any, user: UsmUser, wrong: dict[str, Any], reason: str, advice: str
):
    pdu = driver(rack, replace(user, **wrong), version=SnmpVersion.V3)
    for request in (pdu.off, pdu.state):
        with pytest.raises(PowerDeviceError, match=reason) as error:
            rack.clock.run(request("1"))
        assert advice in error.value.next_step
    assert rack.relays == []


def test_the_driver_recovers_when_the_pdu_was_restarted(rack: Any, user: UsmUser):
    """A restart changes what SNMPv3 authenticates (engine, boots, time): at most one request fails,
    and it fails although neither side would ever stop asking and correcting.
    """
    pdu = driver(rack, user, version=SnmpVersion.V3)
    rack.clock.run(pdu.off("1"))
    rack.clock.run(rack.pdu.close())
    rack.clock.run(rack.pdu.start())
    with suppress(PowerError):
        rack.clock.run(pdu.state("1"))
    assert rack.clock.run(pdu.state("1")) is PowerAction.OFF


def test_a_silent_device_is_given_up_at_the_deadline(virtual_clock: VirtualClock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        pdu = SnmpPdu(SnmpAgent(*silent.getsockname(), timeout_s=7.0))
        with pytest.raises(PowerDeviceError, match="no answer within 7 s"):
            virtual_clock.run(pdu.state("1"))
    assert virtual_clock.now() == pytest.approx(7e9, rel=1e-6)


def test_a_port_where_nobody_listens_is_told_at_once(clock: Clock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
    begun = clock.now()
    with pytest.raises(PowerDeviceError, match="cannot be reached: Connection refused"):
        clock.run(SnmpPdu(SnmpAgent(*address, timeout_s=20.0)).state("1"))
    assert clock.now() - begun < 10**9


def test_what_the_kernel_refuses_to_send_is_a_power_error(clock: Clock):
    pdu = SnmpPdu(SnmpAgent("255.255.255.255"))
    # The one where there is a route for broadcasts, the other in a network that has none.
    refusal = "cannot be reached: (Permission denied|Network is unreachable)"
    with pytest.raises(PowerError, match=refusal):
        clock.run(pdu.state("1"))


class Answering(asyncio.DatagramProtocol):
    """A device that answers each request with what a function makes of it."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(self.answer(data), addr)


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, int]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Answering(answer), local_addr=("127.0.0.1", 0)
    )
    yield transport.get_extra_info("sockname")
    transport.close()


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: b"",
        lambda request: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda request: request,
        lambda request: request[:-1],
        lambda request: b"\x30" * 60_000,
        lambda request: b"\x30\x84\xff\xff\xff\xff" + request,
        lambda request: bytes.fromhex("7476229c"),
        # Another object's answer: the last arc of the name is not the one that was asked for.
        lambda request: request.replace(b"\xa0", b"\xa2", 1)[:-3] + b"\x07\x05\x00",
        # A response with no variable at all, in SNMPv2c.
        lambda request: bytes.fromhex("301902010104067075626c6963a20c0201000201000201003000"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_hostile_answers_end_in_a_power_error(
    virtual_clock: VirtualClock, user: UsmUser, version: SnmpVersion, answer: Any
):
    async def ask() -> None:
        async with answering(answer) as (host, port):
            config = SnmpAgent(host, port, version=version, user=user)
            with pytest.raises(PowerError):
                await SnmpPdu(config).state("1")

    virtual_clock.run(ask())


def test_a_state_that_the_model_does_not_know(rack: Any):
    """A wrong model row reads some other number, here the outlet's index."""
    model = replace(APC_RPDU, state="1.3.6.1.4.1.318.1.1.12.3.5.1.1.1")
    pdu = driver(rack, model=model)
    with pytest.raises(PowerError, match="neither on nor off") as error:
        rack.clock.run(pdu.state("5"))
    assert "state 5;" in error.value.evidence


def test_an_object_that_is_no_integer(rack: Any):
    pdu = driver(rack, model=replace(APC_RPDU, state="1.3.6.1.4.1.318.1.1.12.3.5.1.1.2"))
    with pytest.raises(PowerError, match="OctetString"):
        rack.clock.run(pdu.state("5"))


def test_a_model_that_the_pdu_does_not_implement(rack: Any):
    other = replace(
        APC_RPDU,
        on=Command("1.3.6.1.4.1.99999.1", 1),
        off=Command("1.3.6.1.4.1.99999.1", 2),
        state="1.3.6.1.4.1.99999.2",
    )
    pdu = driver(rack, model=other)
    with pytest.raises(PowerError, match="noSuchObject"):
        rack.clock.run(pdu.state("1"))
    with pytest.raises(PowerError, match="notWritable"):
        rack.clock.run(pdu.on("1"))


def test_the_socket_comes_from_the_factory_and_is_closed_after_each_request(rack: Any):
    made: list[socket.socket] = []

    def factory(family: int, kind: int) -> socket.socket:
        made.append(socket.socket(family, kind))
        return made[-1]

    pdu = SnmpPdu(SnmpAgent("127.0.0.1", rack.pdu.port), socket_factory=factory)
    rack.clock.run(pdu.off("1"))
    rack.clock.run(pdu.state("1"))
    rack.clock.run(asyncio.sleep(0))
    assert len(made) == 2
    assert [sock.fileno() for sock in made] == [-1, -1]


@pytest.mark.parametrize("version", VERSIONS)
def test_no_timer_is_left_behind(
    virtual_clock: VirtualClock, rack_on: Callable[..., Any], user: UsmUser, version: SnmpVersion
):
    """A library that wakes up twice a second would need 172,800 jumps for this day."""
    rack = rack_on(virtual_clock)
    pdu = driver(rack, user, version=version)
    virtual_clock.run(pdu.off("1"))
    with pytest.raises(PowerError):
        virtual_clock.run(pdu.on("99"))

    jumps = virtual_clock.jumps
    virtual_clock.wait(lambda: False, virtual_clock.now() + DAY_NS)
    assert virtual_clock.jumps - jumps < 5
    assert virtual_clock.run(pdu.state("1")) is PowerAction.OFF


@pytest.mark.parametrize(
    "options",
    [
        {"host": "pdu.example"},
        {"host": "127.0.0.1", "port": 0},
        {"host": "127.0.0.1", "timeout_s": 0.0},
        {"host": "127.0.0.1", "write_community": ""},
        {"host": "127.0.0.1", "version": SnmpVersion.V3},
    ],
)
def test_a_configuration_that_cannot_work_is_refused_when_it_is_written(options: dict[str, Any]):
    with pytest.raises(UsageError):
        SnmpAgent(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "u" * 33},
        {"name": "u", "auth_key": "short"},
        {"name": "u", "auth_key": "long-enough", "priv_key": "short"},
        {"name": "u", "priv_key": "long-enough"},
    ],
)
def test_a_user_that_snmpv3_cannot_have_is_refused(options: dict[str, Any]):
    with pytest.raises(UsageError):
        UsmUser(**options)


def test_secrets_are_not_shown(user: UsmUser):
    shown = repr(SnmpAgent("127.0.0.1", write_community="hush", user=user))
    assert "hush" not in shown
    assert "privacy-key" not in shown
    assert "authentication" not in shown
