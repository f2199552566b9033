"""What an inventory says of URLs, hosts and ports that are none: what is wrong, and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import InventoryError
from hil.testbed.inventory import load

TEXT = """\
name: lab
kind: rack
network: {interface: eth1, subnet: 192.0.2.0/24}
pdus:
  - {name: p, PDU}
handsets:
  - {name: a01, mac: "00:0e:08:aa:bb:01", serial: "1", power: {pdu: p, outlet: 1}, MORE}
"""
POE = "driver: poe, host: 192.0.2.9"
LONG = "a" * 10_000

WEB = [
    ("ftp://192.0.2.1", "it begins with 'ftp'"),
    ("192.0.2.1", "it does not begin with http://"),
    ("http://", "it has no host"),
    ("http://192.0.2.1:0", "0 is no port"),
    ("http://192.0.2.1:99999", "'99999' is no port: a port is 1 to 65535"),
    ("http://192.0.2.1:x", "'x' is no port"),
    ("http://[2001:db8::1]", "'2001:db8::1' is an IPv6 address, and only IPv4 is spoken"),
    ("http://[2001:db8::1", "has a bracket too many or too few"),
    ("http://bücher.example", "'bücher.example' is no IPv4 address"),
    ("http://192.0.2.١", "is no IPv4 address"),
    ("http://255.255.255.255", "is the address of no single device"),
    ("http://192.0.2.1\\n", "a blank or a control character"),
    ("", "it is empty"),
    (f"http://{LONG}", "it has 10007 characters, more than 255"),
]
LINE = [
    ("ftp://192.0.2.1:4001", "neither the path of a device nor a server of serial lines"),
    ("192.0.2.1:4001", "neither the path of a device nor a server of serial lines"),
    ("rfc2217://", "it has no host"),
    ("rfc2217://192.0.2.1", "has no port"),
    ("rfc2217://192.0.2.1:0", "0 is no port"),
    ("socket://192.0.2.1:99999", "'99999' is no port: a port is 1 to 65535"),
    ("rfc2217://[2001:db8::1:4001", "has a bracket too many or too few"),
    (f"rfc2217://{'ü' * 64}:4001", "is no host's name"),
    (f"rfc2217://{LONG}:4001", "it has 10015 characters, more than 255"),
]
HOST = [
    ("ftp://192.0.2.1", "is 'ftp://192.0.2.1'"),
    ("2001:db8::1", "is '2001:db8::1'"),
    ("0.0.0.0", "is the address of no single device"),
    ("224.0.0.1", "is the address of no single device"),
    ("192.0.2.1:161", "is '192.0.2.1:161'"),
    ("büro", "is 'büro'"),
    ("", "is ''"),
    (LONG, f"is '{'a' * 60}'..."),
]
PORT = [(text, f"is {text!r}") for text in ("0", "99999", "-1", "x", "", "1.5")]
LAB = [
    ("ftp://lab:1", "is no host"),
    ("lab:0", "0 is no port"),
    ("lab:99999", "'99999' is no port"),
    (":20408", "it has no host"),
    ("-x", "is no host's name"),
    (LONG, "it has 10000 characters"),
]
SSH = (
    f"driver: ssh, model: apc-cli, user: u, password: x, host_key: 'SHA256:{'a' * 43}', "
    'host: "VALUE"'
)


def cases() -> list[object]:
    """Key, its entry, the value, what is said, what would be right."""
    keys = [
        ("http", 'driver: http, model: tasmota, url: "VALUE"', WEB, "http or https"),
        ("pdudaemon", 'driver: pdudaemon, pdu: q, url: "VALUE"', WEB, "http or https"),
        ("serial", 'driver: serial, model: lcus, url: "VALUE"', LINE, "rfc2217://host:port"),
        ("poe", 'driver: poe, host: "VALUE"', HOST, "IPv4 address, such as"),
        ("ssh", SSH, HOST, "IPv4 address, such as"),
        ("port", f'{POE}, port: "VALUE"', PORT, "1 to 65535"),
        ("labgrid", 'driver: labgrid, coordinator: "VALUE"', LAB, "HOST or HOST:PORT"),
    ]
    return [
        pytest.param(entry.replace("VALUE", value), said, right, id=f"{key}-{value[:24]}")
        for key, entry, values, right in keys
        for value, said in values
    ]


def refused(directory: Path, pdu: str, more: str = "firmware: {}") -> str:
    """The only problem of the inventory."""
    file = directory / "lab.yaml"
    file.write_text(TEXT.replace("PDU", pdu).replace("MORE", more), encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        load(file, {})
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(("pdu", "said", "right"), cases())
def test_of_what_switches_power(tmp_path: Path, pdu: str, said: str, right: str) -> None:
    told = refused(tmp_path, pdu)
    assert told.startswith(f"{tmp_path}/lab.yaml:5: ")
    assert said in told
    assert right in told
    assert len(told) < 300 + len(str(tmp_path))


@pytest.mark.parametrize(("url", "said"), LINE)
def test_of_a_console(tmp_path: Path, url: str, said: str) -> None:
    told = refused(tmp_path, POE, f'console: {{url: "{url}"}}')
    assert told.startswith(f"{tmp_path}/lab.yaml:7: ")
    assert said in told
    assert "rfc2217://host:port" in told


@pytest.mark.parametrize("name", ["x y", LONG, "-x", "a..b"])
def test_of_the_name_in_a_certificate(tmp_path: Path, name: str) -> None:
    url = "driver: http, model: tasmota, url: 'https://192.0.2.1'"
    told = refused(tmp_path, f"{url}, server_name: '{name}'")
    assert "server_name: " in told
    assert "such as plug.example" in told
