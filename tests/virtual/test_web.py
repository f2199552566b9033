"""The virtual phone's web server on the network: requests by the byte, hostile ones, the power cord."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from web_phone import LAB, SECOND, STATUS, WebPhone, all_of

from hil.errors import EndpointError, StreamClosed, StreamTimeout, TransportError
from hil.net.stream import Listener, connect
from hil.net.tls import TlsStream
from hil.reference.direct_actions import Accept
from hil.reference.due import Action
from hil.reference.status import parse
from hil.virtual.web import MOST_CONNECTIONS

UPLOAD = b"POST /admin/config.xml "


@pytest.fixture
def phone(lab):
    made = WebPhone(lab)
    yield made
    made.call(made.web.cut)


def test_a_request_is_answered_on_a_connection_that_then_ends(lab, phone):
    head, body = phone.get("/admin/status.xml")
    assert head == [
        "HTTP/1.1 200 ",
        "Content-Type: text/xml; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    assert parse(body) == STATUS
    assert lab.clock.now() == 0


def test_a_command_is_carried_out_for_the_host_that_gave_it(phone):
    head, _ = phone.get("/admin/resync?/basic.txt")
    assert head[0].startswith("HTTP/1.1 200")
    assert phone.told == [Accept(Action.RESYNC, "/basic.txt", LAB)]


def test_a_command_is_carried_out_after_its_answer_has_left(lab, phone):
    async def asking():
        stream = await connect(lab.server, lab.port.address, 80, within=5)
        await stream.write(b"GET /admin/reboot HTTP/1.0\r\n\r\n", within=5)
        while await stream.read(within=5):
            pass
        before = list(phone.told)
        stream.close()
        return before

    assert lab.clock.run(asking()) == []
    assert phone.told == [Accept(Action.REBOOT, "", LAB)]


def test_who_does_not_end_the_connection_delays_a_command_by_a_second(lab, phone):
    stream = phone.connect()

    async def asking():
        await stream.write(b"GET /admin/reboot HTTP/1.0\r\n\r\n", within=5)
        await asyncio.sleep(1.5)

    lab.clock.run(asking())
    assert phone.told == [Accept(Action.REBOOT, "", LAB)]
    stream.abort()


def test_an_accepted_command_is_carried_out_although_its_giver_has_gone(lab, phone):
    stream = phone.connect()

    async def asking():
        await stream.write(b"GET /admin/resync HTTP/1.0\r\n\r\n", within=5)
        stream.abort()
        await asyncio.sleep(2)

    lab.clock.run(asking())
    assert phone.told == [Accept(Action.RESYNC, "", LAB)]


def test_a_configuration_may_come_in_pieces_and_after_100_continue(lab, phone):
    body = b"<flat-profile><GPP_A>" + b"x" * 100_000 + b"</GPP_A></flat-profile>"

    async def asking():
        stream = await connect(lab.server, lab.port.address, 80, within=5)
        head = f"Host: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        await stream.write(f"POST /admin/config.xml HTTP/1.1\r\n{head}".encode(), within=5)
        informed = await stream.read(within=5)
        for at in range(0, len(body), 10_000):
            await stream.write(body[at : at + 10_000], within=5)
            await asyncio.sleep(1)
        return informed, await all_of(stream, 60)

    informed, answered = lab.clock.run(asking())
    assert informed.startswith(b"HTTP/1.1 100")
    assert answered.startswith(b"HTTP/1.1 200")
    assert phone.told == [{"GPP_A": "x" * 100_000}]


def test_head_has_the_length_and_no_body(phone):
    head, body = phone.get("/admin/cfg.xml", method="HEAD")
    assert body == b""
    length = next(line for line in head if line.startswith("Content-Length"))
    assert int(length.split()[1]) > 1000


# -- hostile -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /admin/reboot HTTP/1.1\r\n\r\n", 400),
        (b"GET /admin/reboot HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"GET /\xff HTTP/1.0\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nA\x00: b\r\n\r\n", 400),
        (UPLOAD + b"HTTP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (UPLOAD + b"HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 1_100_000, 413),
        (UPLOAD + b"HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /" + b"a" * 20_000, 431),
        (b"GET / HTTP/1.0\r\nA: " + b"b" * 20_000, 431),
        (b"GET /admin/resync?%zz%00%ff HTTP/1.0\r\n\r\n", 200),
        (b"GET /admin/../admin/reboot HTTP/1.0\r\n\r\n", 404),
    ],
)  # fmt: skip
def test_a_hostile_request_gets_an_error_and_the_next_one_its_answer(phone, data, status):
    answered = phone.ask(data)
    assert answered.split(b" ", 2)[1] == str(status).encode()
    assert phone.get("/admin/status.xml")[0][0].startswith("HTTP/1.1 200")


@pytest.mark.parametrize(
    "data", [b"", b"GET / HT", b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nx"]
)
def test_who_says_nothing_whole_is_dropped_after_30_s(lab, phone, data):
    assert phone.ask(data, within=100) == b""
    assert lab.clock.now() == 30 * SECOND


def test_who_ends_without_a_request_gets_nothing(lab, phone):
    async def asking():
        stream = await connect(lab.server, lab.port.address, 80, within=5)
        stream.end()
        return await all_of(stream, 5)

    assert lab.clock.run(asking()) == b""
    assert lab.clock.now() == 0


def test_more_connections_than_it_has_places_for_are_reset(lab, phone):
    streams = [phone.connect() for _ in range(MOST_CONNECTIONS)]
    with pytest.raises(StreamClosed, match="reset"):
        phone.ask(b"GET / HTTP/1.0\r\n\r\n")
    for stream in streams:
        lab.clock.run(stream.finish(within=5))
    assert phone.get("/admin/status.xml")[0][0].startswith("HTTP/1.1 200")


# -- how it listens -----------------------------------------------------------------------------------


def test_a_disabled_web_server_is_not_there(phone):
    phone.set(Enable_Web_Server="No")
    assert not phone.web.listening
    with pytest.raises(StreamClosed, match="refused"):
        phone.connect()
    phone.set(Enable_Web_Server="Yes")
    assert phone.get("/admin/status.xml")[1]


def test_the_port_is_the_configured_one(phone):
    phone.set(Web_Server_Port="8080")
    assert phone.ask(b"GET / HTTP/1.0\r\n\r\n", port=8080).startswith(b"HTTP/1.1 404")
    with pytest.raises(StreamClosed, match="refused"):
        phone.connect(80)


def test_a_port_that_is_taken_is_told(lab, phone):
    phone.set(Enable_Web_Server="No")

    async def taken():
        return Listener(lab.place, 80, lambda stream: None)

    other = lab.clock.run(taken())
    with pytest.raises(EndpointError, match="port 80"):
        phone.set(Enable_Web_Server="Yes")
    assert not phone.web.listening
    other.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure_phone(lab, authority):
    pair = authority.issue_cert("000e08aabbcc.example")
    chain = b"".join(pem.bytes() for pem in pair.cert_chain_pems)
    made = WebPhone(lab, pair.private_key_pem.bytes() + chain)
    yield made
    made.call(made.web.cut)


def test_https_shows_the_phones_certificate(lab, secure_phone, authority):
    phone = secure_phone
    assert phone.get("/admin/status.xml")[1], "plain as long as Enable_Protocol is Http"
    phone.set(Enable_Protocol="Https", Web_Server_Port="443")
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def asking():
        raw = await connect(lab.server, lab.port.address, 443, within=5)
        stream = TlsStream(raw, context, server_name="000e08aabbcc.example")
        await stream.handshake(within=5)
        await stream.write(b"GET /admin/status.xml HTTP/1.0\r\n\r\n", within=5)
        answered = await all_of(stream, 5)
        raw.close()
        return answered

    assert lab.clock.run(asking()).startswith(b"HTTP/1.1 200")
    assert b"HTTP" not in phone.ask(b"GET / HTTP/1.0\r\n\r\n", port=443)


# -- power --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["connected", "asking", "answered"])
def test_a_power_cut_is_silent_for_ever(lab, phone, moment):
    stream = phone.connect()
    if moment != "connected":
        lab.clock.run(stream.write(b"GET /admin/reboot HTTP/1.0\r\n", within=5))
    if moment == "answered":
        lab.clock.run(stream.write(b"\r\n", within=5))

    async def cut():
        lab.cut()
        phone.web.cut()
        stream.abort()
        lab.counter.frames()
        lab.configure()
        await asyncio.sleep(3600)

    lab.clock.run(cut(), timeout=4000)
    assert lab.counter.frames() == []
    assert not phone.web.listening
    assert phone.told == []


def test_after_a_power_cut_the_pages_come_back_with_the_address(lab, phone):
    phone.call(lab.cut)
    phone.call(phone.web.cut)
    lab.configure()
    with pytest.raises((StreamClosed, StreamTimeout)):
        phone.connect()
    phone.call(lambda: phone.web.start(lab.place))
    phone.call(lambda: phone.web.start(lab.place))
    assert phone.get("/admin/status.xml")[1]


def test_a_command_may_cut_the_server_that_carries_it_out(lab, phone):
    phone._note = lambda what: phone.web.cut()
    phone.web._asked = phone._note
    phone.get("/admin/reboot")
    assert not phone.web.listening
    with pytest.raises(TransportError):
        phone.connect()


def test_a_fault_of_the_simulation_is_told_to_the_lab(lab, phone):
    crashes = []
    lab.clock.on_crash(crashes.append)
    phone.web._status = lambda: 1 / 0
    assert phone.ask(b"GET /admin/status.xml HTTP/1.0\r\n\r\n") == b""
    assert len(crashes) == 1
    assert "ZeroDivisionError" in crashes[0]
    assert phone.get("/admin/cfg.xml")[1]
