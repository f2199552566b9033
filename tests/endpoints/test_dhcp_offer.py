"""An offer is written in the words of the options, and what cannot be sent is refused at once."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.endpoints.dhcp_offer import OfferOptions, server_config
from hil.errors import UsageError
from hil.wire.dhcp_options import VendorBlock

SERVER = IPv4Address("192.0.2.1")
MASK = IPv4Address("255.255.255.0")
PHONE = IPv4Address("192.0.2.16")


def made(**options: object):
    return server_config(
        OfferOptions(**options),  # type: ignore[typeddict-item]
        server=SERVER,
        netmask=MASK,
        address=PHONE,
    )


def test_default_offer_has_no_option_that_provisions():
    config = made()
    assert config.pool == (PHONE,)
    assert config.lease_time == 86_400
    assert config.extra == {3: SERVER.packed, 6: SERVER.packed}


@pytest.mark.parametrize(
    ("keyword", "value", "code", "octets"),
    [
        ("router", "192.0.2.9", 3, b"\xc0\x00\x02\x09"),
        ("dns", ["192.0.2.9", IPv4Address("192.0.2.10")], 6, b"\xc0\x00\x02\x09\xc0\x00\x02\x0a"),
        ("domain", "example.com", 15, b"example.com"),
        ("time_offset", -18000, 2, b"\xff\xff\xb9\xb0"),
        ("ntp", ("192.0.2.9",), 42, b"\xc0\x00\x02\x09"),
        ("option_43", b"\x01\x01x", 43, b"\x01\x01x"),
        ("option_43", {1: "http", 2: b"\0\1"}, 43, b"\x01\x04http\x02\x02\0\1"),
        ("option_60", "Cisco", 60, b"Cisco"),
        ("option_66", "192.0.2.1", 66, b"192.0.2.1"),
        ("option_66", b"raw\0", 66, b"raw\0"),
        ("option_67", "boot.xml", 67, b"boot.xml"),
        ("option_125", [VendorBlock(9, b"\x05\x00")], 125, b"\0\0\0\x09\x02\x05\x00"),
        ("option_125", {9: {1: "x"}}, 125, b"\0\0\0\x09\x03\x01\x01x"),
        (
            "option_125",
            {3561: b"raw", 9: {1: "x", 5: b"y"}},
            125,
            b"\0\0\x0d\xe9\x03raw\0\0\0\x09\x06\x01\x01x\x05\x01y",
        ),
        ("option_125", b"\0\0", 125, b"\0\0"),
        ("option_150", ["192.0.2.1", "192.0.2.2"], 150, b"\xc0\0\x02\x01\xc0\0\x02\x02"),
        ("option_159", "192.0.2.1", 159, b"\xc0\0\x02\x01"),
        ("option_160", "http://192.0.2.1/$MA.xml", 160, b"http://192.0.2.1/$MA.xml"),
        ("raw", {66: b"\xff\xfe"}, 66, b"\xff\xfe"),
    ],
)
def test_option_has_these_octets(keyword, value, code, octets):
    assert made(**{keyword: value}).extra[code] == octets


def test_raw_wins_over_every_other_keyword():
    assert made(option_66="one", raw={66: b"two"}).extra[66] == b"two"


def test_none_leaves_an_option_out():
    assert made(router=None, dns=None).extra == {}


def test_times_address_and_netmask_are_taken_over():
    config = made(
        lease_time=60, t1=30, t2=45, address="192.0.2.77", netmask="255.255.0.0",
        only_requested=True,
    )  # fmt: skip
    assert (config.lease_time, config.t1, config.t2) == (60, 30, 45)
    assert config.pool == (IPv4Address("192.0.2.77"),)
    assert config.netmask == IPv4Address("255.255.0.0")
    assert config.honour_request_list


@pytest.mark.parametrize(
    "options",
    [
        {"option_160": "x" * 65536},
        {"raw": {160: bytes(65536)}},
        {"raw": {160: bytes(2000)}},
        {"raw": {0: b""}},
        {"raw": {255: b""}},
        {"raw": {256: b""}},
        {"raw": {52: b"\x01"}},
        {"raw": {53: b"\x05"}},
        {"raw": {66: "text"}},
        {"option_66": ""},
        {"option_66": 5},
        {"option_43": [(1, b"x")]},
        {"option_43": {0: "x"}},
        {"option_43": {255: "x"}},
        {"option_43": {1: "x" * 256}},
        {"option_43": {1: 5}},
        {"option_125": {9: {1: "x" * 254}}},
        {"option_125": {2**32: {1: "x"}}},
        {"option_125": {9: "x"}},
        {"in_file": (53,)},
        {"in_file": (66,), "in_sname": (66,)},
        {"in_file": (66,), "option_66": "x" * 126},
        {"in_sname": (66,), "option_66": "x" * 62},
        {"option_125": [VendorBlock(2**32, b"")]},
        {"option_150": "tftp.example.com"},
        {"option_150": []},
        {"router": "192.0.2"},
        {"time_offset": 2**31},
        {"address": "nowhere"},
        {"lease_time": 0},
        {"lease_time": 2**32},
        {"option_161": "x"},
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_reason(options):
    with pytest.raises(UsageError) as refused:
        made(**options)
    assert str(refused.value)


def test_refusal_of_a_huge_option_says_how_large_it_was():
    with pytest.raises(UsageError, match="65536"):
        made(option_160="x" * 65536)


def test_options_are_placed_where_the_offer_says():
    config = made(in_file=[66, 160], in_sname=[43])
    assert (config.in_file, config.in_sname) == ((66, 160), (43,))
    assert (made().in_file, made().in_sname) == ((), ())
