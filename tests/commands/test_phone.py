"""``hil phone``: what it refuses, what it tells before any server answers, what its JSON is like."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest
import trustme
from programs import needed

from hil.commands.phone_narrator import Narrator
from hil.lab_time import NANOSECONDS
from hil.reference.decisions import Reason
from hil.reference.identity import Identity
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    Due,
    Finished,
    Leased,
    Locate,
    Located,
    PoweredOff,
    Retrieve,
)
from hil.reference.responses import HttpAnswer, NoAnswer, TftpAnswer
from hil.reference.rules import Fetch
from hil.virtual.standalone import NoLink
from hil.virtual.told import Awaited, Booted, Idle, LeaseLost

NOWHERE = ("--interface", "nowhere0")

# -- what is refused, in one line and with exit code 2 ------------------------------------------------


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Missing option '--interface'"),
        (NOWHERE, "there is no network interface 'nowhere0' (there are: lo"),
        (["--interface", ""], "there is no network interface ''"),
        (["--interface", "lo"], "interface lo is not Ethernet"),
        ([*NOWHERE, "-p", "Resync_Random_Delay"], "is not NAME=VALUE"),
        ([*NOWHERE, "-p", "No_Such=1"], "'No_Such'"),
        ([*NOWHERE, "-p", "MA=000e08aabbcc"], "no parameter is called 'MA'"),
        ([*NOWHERE, "-p", "Resync_Random_Delay=soon"], "Resync_Random_Delay"),
        ([*NOWHERE, "--defect", "none-such"], "no defect is called 'none-such'"),
        ([*NOWHERE, "--resyncs", "0"], "0 is not in the range"),
        ([*NOWHERE, "--ca", "/no/such.pem"], "/no/such.pem: cannot be read: No such file"),
        ([*NOWHERE, "--ca", "/dev/null"], "/dev/null: no authority is in this file"),
        ([*NOWHERE, "--certificate", "/dev/null"], "/dev/null: certificates that OpenSSL cannot"),
    ],
)
def test_a_wrong_option_is_one_line(refused, options, complaint):
    assert complaint in refused("phone", *options)


def test_a_certificate_whose_key_has_a_passphrase_is_refused(refused, tmp_path):
    key = trustme.CA().issue_cert("phone.example").private_key_pem
    key.write_to_path(tmp_path / "plain")
    openssl = needed("openssl", "openssl")
    locked = tmp_path / "locked.pem"
    command = [openssl, "pkey", "-in", tmp_path / "plain", "-aes256", "-passout", "pass:x"]
    subprocess.run([*command, "-out", locked], check=True, timeout=30)
    complaint = refused("phone", *NOWHERE, "--certificate", str(locked))
    assert f"{locked}: certificates that OpenSSL cannot read" in complaint


def test_the_help_says_what_becomes_of_the_machine_and_gives_examples(hil):
    text = " ".join(hil("phone", "--help").out.split())
    assert "no other interface, no other route and no resolv.conf" in text
    assert "Ctrl-C and SIGTERM pull the plug: the link drops, and no RELEASE is sent" in text
    assert "hil phone --interface eth1 -p Resync_Random_Delay=0 --resyncs 1 --json" in text


# -- on an interface of its own -----------------------------------------------------------------------


@pytest.mark.parametrize("mac", ["nonsense", "01:00:5e:00:00:01"])
def test_a_mac_address_that_no_interface_can_have(phone, mac):
    run = phone("--mac", mac)
    assert run.ended() == 2
    assert mac in run.output


def test_a_file_that_is_no_flash_is_not_overwritten(phone, tmp_path):
    file = tmp_path / "diary"
    file.write_text("Dear diary")
    run = phone("--state", str(file))
    assert run.ended() == 2
    assert f"{file}: this file is not the flash of a phone" in run.output
    assert file.read_text() == "Dear diary"


def test_an_address_is_not_taken_away_unasked(phone, port, network):
    port.far.up()
    port.far.configure(port.address, network.netmask)
    run = phone()
    assert run.ended() == 2
    assert f"interface eth0 has the address {port.address}" in run.output
    assert "--flush" in run.output
    assert (port.far.address, port.far.enabled) == (port.address, True)


def test_a_dhcp_client_that_holds_the_port(phone, port):
    with port.far.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 68))
        run = phone()
        assert run.ended() == 3
    assert "port 68 cannot be had" in run.output
    assert "Address already in use" in run.output
    assert "end the DHCP client that holds it" in run.output
    assert not port.far.enabled


@pytest.fixture
def privileged_ports(port):
    """Ports below 1024 need a capability, as on any machine but the lab's own."""

    def begin(at):
        with port.far.namespace.entered():
            Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text(at)

    begin("1024")
    yield
    begin("0")


@pytest.mark.usefixtures("privileged_ports")
@pytest.mark.parametrize("lacking", ["net_admin", "net_bind_service"])
def test_without_the_capabilities_it_says_sudo(phone, lacking):
    setpriv = needed("setpriv", "util-linux")
    run = phone(under=(setpriv, "--bounding-set", f"-{lacking}", "--"))
    assert run.ended() == 2
    assert "no permission to configure interface eth0" in run.output
    assert "use sudo" in run.output


def test_without_a_server_it_waits_for_a_lease_until_it_is_ended(phone, port):
    run = phone("--resyncs", "1")
    run.expect("boots on eth0; every parameter at its default")
    run.process.terminate()
    assert run.ended() == 128 + 15
    assert "power off" in run.output
    assert not port.far.enabled


def test_without_a_link_it_waits_for_one(phone, port):
    port.near.down()
    run = phone("--json")
    run.expect('"event": "no-link"')
    assert '"event": "boot"' not in run.output
    port.near.up()
    run.expect('"event": "boot"')
    run.process.send_signal(2)
    assert run.ended() == 0


# -- what is told -------------------------------------------------------------------------------------

FETCH = Fetch(1, "http", "prov.example", 80, "/a.xml", options={"uid": "u", "pwd": "secret"})
OPTIONS = {51: b"\0\0\0\x78", 54: b"\xc0\0\2\1", 160: b"http://x/", 43: b"\1"}
LIFE = [
    (0.0, NoLink()),
    (1.0, Booted(Parameters({"GPP_B": "old"}))),
    (1.5, Leased(0, "192.0.2.16", OPTIONS)),
    (1.5, Awaited(Due(2 * NANOSECONDS, 4 * NANOSECONDS, Reason.POWER_UP, ""), 3 * NANOSECONDS)),
    (3.0, Began(0)),
    (3.0, Locate("prov.example")),
    (3.1, Located(0, "192.0.2.1")),
    (3.1, LogMessage(LogKind.REQUEST, "192.0.2.9", 514, "asking", (("asking",),))),
    (3.1, Retrieve("Profile_Rule", FETCH, "192.0.2.1")),
    (3.2, Answered(0, HttpAnswer(200, b"12345"))),
    (3.2, Apply(Parameters({"GPP_A": "new\x1b[2J", "GPP_B": "old"}))),
    (3.3, Finished(True)),
    (3.3, Awaited(Due(7 * NANOSECONDS, 7 * NANOSECONDS, Reason.PERIODIC, ""), 7 * NANOSECONDS)),
    (4.0, Leased(0, "192.0.2.16", {51: b"\xff\xff\xff\xff", 54: b"\xc0\0\2\1"})),
    (7.0, Began(0)),
    (7.1, Answered(0, TftpAnswer(error=1, text="file not found"))),
    (7.1, Finished(False, "file not found")),
    (7.1, Idle()),
    (8.0, Answered(0, NoAnswer("tls: timeout"))),
    (9.0, LeaseLost("expired")),
    (9.0, Idle()),
    (9.5, PoweredOff(0)),
]  # fmt: skip


def narrated(capsys, **options):
    narrator = Narrator("eth1", **{"as_json": False, "verbose": False, **options})
    narrator.introduce(Identity("000e08aabbcc"))
    for at, news in LIFE:
        narrator.tell(round(at * NANOSECONDS), news)
    assert (narrator.finished, narrator.succeeded) == (2, False)
    return capsys.readouterr().out.splitlines()


def test_a_life_in_plain_lines(capsys):
    assert narrated(capsys) == [
        "     0.000  interface eth1 has no carrier: waiting for the link",
        "     1.000  phone 00:0e:08:aa:bb:cc, serial number 88012BA01234, boots on eth1; set: GPP_B",
        "     1.500  lease of 192.0.2.16 granted by 192.0.2.1 for 120 s",
        "              option 160 (Provisioning URL) = http://x/",
        "              option 43 (Vendor Specific Information) = 01",
        "     1.500  next resync (power-up) in 1.500 s, out of a window from 0 to 2 s",
        "     3.000  resync begins (power-up)",
        "     3.000  looking up prov.example",
        "     3.100  prov.example is 192.0.2.1",
        "     3.100  syslog to 192.0.2.9:514: asking",
        "     3.100  Profile_Rule: GET http://prov.example:80/a.xml from 192.0.2.1",
        "     3.200  answer: HTTP 200, 5 octets",
        "     3.200  profile applied: GPP_A changed",
        "     3.300  resync 1 succeeded",
        "     3.300  next resync (periodic) in 3.700 s",
        "     4.000  lease of 192.0.2.16 renewed by 192.0.2.1 for ever",
        "     7.000  resync begins (periodic)",
        "     7.100  answer: TFTP error 1 (file not found)",
        "     7.100  resync 2 failed: file not found",
        "     7.100  nothing is due",
        "     8.000  no answer: tls: timeout",
        "     9.000  lease lost: expired",
        "     9.500  power off: the link goes down",
    ]


def test_values_are_shown_to_those_who_ask_and_terminals_are_safe_from_them(capsys):
    lines = narrated(capsys, verbose=True)
    assert "              GPP_A = new\\x1b[2J" in lines
    assert "              option 54 (Server Identifier) = 192.0.2.1" in lines


def test_a_life_in_json_is_an_object_a_line(capsys):
    told = [json.loads(line) for line in narrated(capsys, as_json=True)]
    assert all(set(event) >= {"at", "event"} for event in told)
    by_name = {event["event"]: event for event in reversed(told)}
    assert sorted(by_name) == [
        "address", "answer", "applied", "boot", "idle", "lease", "lease-lost", "lookup",
        "next-resync", "no-link", "power-off", "renewal", "request", "resync", "resync-finished",
        "syslog",
    ]  # fmt: skip
    assert by_name["lease"] == {
        "at": 1.5,
        "event": "lease",
        "address": "192.0.2.16",
        "server": "192.0.2.1",
        "seconds": 120,
        "options": {"51": "120", "54": "192.0.2.1", "160": "http://x/", "43": "01"},
    }
    assert by_name["next-resync"] == {
        "at": 1.5,
        "event": "next-resync",
        "reason": "power-up",
        "after": 1.5,
        "window": [0.5, 2.5],
    }
    assert by_name["request"] == {
        "at": 3.1,
        "event": "request",
        "rule": "Profile_Rule",
        "method": "GET",
        "url": "http://prov.example:80/a.xml",
        "server": "192.0.2.1",
    }
    assert by_name["applied"] == {"at": 3.2, "event": "applied", "changed": ["GPP_A"]}
    assert by_name["resync-finished"]["succeeded"] is True
    assert "secret" not in json.dumps(told)
