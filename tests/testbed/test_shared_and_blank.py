"""What an inventory has two entries share that one alone can have, and blanks that are never filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import InventoryError
from hil.testbed.inventory import load

HEAD = "name: lab\nkind: rack\nnetwork: {interface: eth1, subnet: 192.0.2.0/24}\n"
SSH = (
    "driver: ssh, model: apc-cli, host: 192.0.2.9, user: u, password: x, "
    f"host_key: 'SHA256:{'a' * 43}'"
)
BOARD = "driver: serial, model: numato, url: "
POE = "driver: poe, host: 192.0.2.8"


def told(directory: Path, pdus: list[str], *handsets: str) -> list[tuple[int | None, str, str]]:
    """Line, problem and remedy of all that is wrong; PDUs p0, p1 from line 5 on, then handsets."""
    file = directory / "lab.yaml"
    entries = "".join(f"  - {{name: p{n}, {pdu}}}\n" for n, pdu in enumerate(pdus))
    phones = "".join(
        f"  - {{name: a{n}, mac: '00:0e:08:aa:bb:0{n}', serial: '{n}', {handset}}}\n"
        for n, handset in enumerate(handsets)
    )
    file.write_text(f"{HEAD}pdus:\n{entries}handsets:\n{phones}")
    try:
        load(file, {})
    except InventoryError as error:
        return [(each.line, each.problem, each.remedy) for each in error.problems]
    return []


def at(outlet: object, console: str = "", pdu: str = "p0") -> str:
    power = f"power: {{pdu: {pdu}, outlet: {outlet}}}"
    return f'{power}, console: {{url: "{console}"}}' if console else power


class TestALine:
    @pytest.mark.parametrize(
        ("board", "console", "line"),
        [
            ("/dev/ttyS0", "/dev/ttyS0", "/dev/ttyS0"),
            ("/dev/ttyS0", "/dev//./ttyS0", "/dev/ttyS0"),
            ("rfc2217://192.0.2.7:4001", "rfc2217://192.0.2.7:4001", "192.0.2.7:4001"),
            ("rfc2217://ts1:4001?ign_set_control", "socket://TS1:4001", "ts1:4001"),
        ],
    )
    def test_is_a_boards_or_a_consoles(self, tmp_path, board, console, line):
        wrong = told(tmp_path, [f'{BOARD}"{board}"'], at(1, console))
        assert wrong == [
            (7, f"{line} belongs to 'p0' (pdus[0]) already", "a line or port of its own")
        ]

    def test_is_one_consoles_whatever_is_spoken_there(self, tmp_path):
        consoles = ("rfc2217://ts1:4001", "socket://ts1:4001")
        wrong = told(tmp_path, [POE], *(at(n + 1, url) for n, url in enumerate(consoles)))
        assert [each[:2] for each in wrong] == [
            (8, "ts1:4001 belongs to 'a0' (handsets[0]) already")
        ]

    @pytest.mark.parametrize(
        ("pdu", "address"),
        [
            (SSH, "192.0.2.9:22"),
            (f"{SSH}, port: 4001", "192.0.2.9:4001"),
            ("driver: http, model: tasmota, url: 'http://192.0.2.9'", "192.0.2.9:80"),
            ("driver: http, model: tasmota, url: 'https://192.0.2.9/'", "192.0.2.9:443"),
            ("driver: pdudaemon, pdu: q, url: 'http://192.0.2.9:16421'", "192.0.2.9:16421"),
        ],
    )
    def test_is_at_no_port_where_something_else_is(self, tmp_path, pdu, address):
        wrong = told(tmp_path, [pdu], at(1, f"socket://{address}"))
        assert [each[:2] for each in wrong] == [(7, f"{address} belongs to 'p0' (pdus[0]) already")]
        wrong = told(tmp_path, [pdu, f'{BOARD}"rfc2217://{address}"'], at(1))
        assert [each[:2] for each in wrong] == [(6, f"{address} belongs to 'p0' (pdus[0]) already")]

    def test_is_told_apart_from_others(self, tmp_path):
        pdus = [SSH, f'{BOARD}"rfc2217://192.0.2.9:4001"', f'{BOARD}"/dev/ttyS0"', POE]
        # SNMP is UDP: its port is none of TCP.
        consoles = ("rfc2217://192.0.2.9:4002", "/dev/ttyS1", "socket://192.0.2.8:161")
        assert not told(tmp_path, pdus, *(at(n + 1, url) for n, url in enumerate(consoles)))


class TestADevice:
    @pytest.mark.parametrize(
        ("one", "other", "shown"),
        [
            (POE, f"{POE}, port: 161", "192.0.2.8"),
            (SSH, f"{SSH}, port: 22", "192.0.2.9"),
            (
                "driver: http, model: tasmota, url: 'http://192.0.2.9'",
                "driver: http, model: tasmota, url: 'http://192.0.2.9:80/'",
                "http://192.0.2.9:80/",
            ),
            (
                f'{BOARD}"rfc2217://ts1:4001"',
                f'{BOARD}"socket://ts1:4001"',
                "socket://ts1:4001",
            ),
            (
                "driver: labgrid, coordinator: lab",
                "driver: labgrid, coordinator: 'lab:20408'",
                "lab:20408",
            ),
        ],
    )
    def test_is_described_once_however_it_is_written(self, tmp_path, one, other, shown):
        ((line, problem, remedy),) = told(tmp_path, [one, other], at(1))
        assert (line, problem) == (6, f"{shown} is described by 'p0' (pdus[0]) already")
        assert remedy

    def test_is_another_where_the_daemon_or_the_place_has_several(self, tmp_path):
        daemon = "driver: pdudaemon, url: 'http://192.0.2.9:16421', pdu: "
        lab = "driver: labgrid, coordinator: lab, resource: "
        pdus = [daemon + "q", daemon + "r", lab + "main", lab + "aux", f"{POE}, port: 1161", POE]
        assert not told(tmp_path, pdus, at(1))


class TestABlank:
    @pytest.mark.parametrize(
        ("entry", "problem", "remedy"),
        [
            ('on: [./x, "{outlte}"], off: [./x]', "called {outlte}", "did you mean {outlet}?"),
            ('on: [./x, "{port}"], off: [./y]', "called {port}", "only {outlet}"),
            ('on: [./x, "${HOME}"], off: [./y]', "called ${HOME}", "only {outlet}"),
            ('on: [./x, "{outlet}"], off: [./x]', "off does not say which", "{outlet} among"),
            ('on: [./x], off: [./y, "{outlet}"]', "on does not say which", "{outlet} among"),
            ("on: [./x], off: [./x]", "on and off run the same", "what switches off"),
        ],
    )
    def test_of_a_program_is_the_outlet(self, tmp_path, entry, problem, remedy):
        ((line, said, right),) = told(tmp_path, [f"driver: command, {entry}"], at(1))
        assert line == 5
        assert problem in said
        assert remedy in right

    def test_all_are_told_and_braces_of_other_things_are_not(self, tmp_path):
        on, off = """[./x, '{outlet}', '{"a": 1}', '{}']""", "[./y, '{outlet_}', '{Outlet}']"
        wrong = told(tmp_path, [f"driver: command, on: {on}, off: {off}, timeout_s: 99"], at(1))
        said = [each[1] for each in wrong]
        assert len(said) == 3
        for part in ("{outlet_}", "{Outlet}", "timeout_s"):
            assert any(part in each for each in said)

    @pytest.mark.parametrize(
        ("entry", "problem"),
        [
            ("switch: {path: '/{outlte}/{action}'}", "called {outlte}"),
            ("switch: {path: '/x', body: '{\"to\": \"{acton}\"}'}", "called {acton}"),
            ("switch: {path: '/{outlet}'}", "on and off are the same request"),
            ("switch: {path: '/{action}', on: x, off: x}", "on and off are the same request"),
            (
                "switch: {path: '/{action}'}, state: {path: '/{action}', pointer: /a}",
                "called {action}",
            ),
            (
                "switch: {path: '/{action}'}, state: {path: /x, pointer: '/{outlett}'}",
                "called {outlett}",
            ),
        ],
    )
    def test_of_a_request_is_outlet_or_action(self, tmp_path, entry, problem):
        pdu = f"driver: http, model: template, url: 'http://192.0.2.9', {entry}"
        ((line, said, remedy),) = told(tmp_path, [pdu], at(1))
        assert line == 5
        assert problem in said
        assert remedy

    @pytest.mark.parametrize(
        "pdu",
        [
            "driver: command, on: [./on], off: [./off]",
            "driver: command, on: [./x, '{outlet}', 1], off: [./x, '{outlet}', 0], state: [./s]",
            "driver: http, model: template, url: 'http://192.0.2.9', switch: {path: '/{action}'}",
        ],
    )
    def test_that_is_not_there_leaves_room_for_one_handset(self, tmp_path, pdu):
        assert not told(tmp_path, [pdu], at(1))
        wrong = told(tmp_path, [pdu], at(1), at(2), at(3))
        problem = "'p0' is not told which outlet, and feeds 'a0' (handsets[0]) already"
        assert [each[:2] for each in wrong] == [(8, problem), (9, problem)]
        assert all("{outlet}" in remedy for _, _, remedy in wrong)


class TestAnOutlet:
    @pytest.mark.parametrize(
        ("pdu", "outlet", "remedy"),
        [
            ("driver: snmp, model: apc-rdpu, outlets: 24, host: 192.0.2.9", 99, "1 to 24"),
            ("driver: snmp, modle: apc-rpdu, outlets: 24, host: 192.0.2.9", 99, "1 to 24"),
            ("driver: snpm, model: apc-rpdu, host: 192.0.2.9", 99, "1 to 8"),
            ("driver: snmp, model: raritan-pdu22, outlets: 24, host: 192.0.2.9", 2.99, "1 to 24"),
            ("driver: snmp, model: raritan, outlest: 24, host: 192.0.2.9", 99, "1 to 24"),
            ("driver: serial, model: numatoo, url: /dev/ttyS0", 32, "0 to V"),
            ("driver: http, model: tasmoto, url: 'http://192.0.2.9'", 33, "1 to 32"),
        ],
    )
    def test_that_is_not_there_is_told_with_a_name_that_is_misspelt(
        self, tmp_path, pdu, outlet, remedy
    ):
        wrong = told(tmp_path, [pdu], at(outlet))
        assert (7, f"PDU 'p0' has no outlet {outlet}", remedy) in wrong
        assert {line for line, _, _ in wrong} == {5, 7}

    @pytest.mark.parametrize(
        ("pdu", "good", "bad"),
        [
            ("driver: serial, model: kmtronic-4, url: /dev/ttyS0", 4, 5),
            ("driver: serial, model: numato, url: /dev/ttyS0", "V", "W"),
            ("driver: http, model: shelly-gen1, url: 'http://192.0.2.9'", 0, 4),
            ("driver: snmp, model: raritan-pdu2, host: 192.0.2.9, outlets: 24", 2.24, 2.25),
        ],
    )
    def test_is_one_that_the_make_has(self, tmp_path, pdu, good, bad):
        assert not told(tmp_path, [pdu], at(good))
        assert [each[:2] for each in told(tmp_path, [pdu], at(bad))] == [
            (7, f"PDU 'p0' has no outlet {bad}")
        ]

    def test_of_a_make_that_nobody_knows_may_be_written_in_any_way(self, tmp_path):
        pdu = "driver: snmp, model: foo, host: 192.0.2.9"
        assert [line for line, _, _ in told(tmp_path, [pdu], at("AA3"))] == [5]
