"""What an inventory says of command lines, relays, web interfaces, programs and daemons."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from hil.errors import InventoryError
from hil.power.command import CommandPower
from hil.power.http import HttpPower
from hil.power.http_dialects import DIALECTS as HTTP
from hil.power.relay_dialects import DIALECTS as RELAYS
from hil.power.serial_relay import SerialRelay
from hil.power.ssh import SshPower
from hil.power.ssh_dialects import DIALECTS as SSH
from hil.testbed.inventory import load
from hil.testbed.pdus_other import HttpPdu, SerialRelayEntry, SshPdu

KEY = "SHA256:" + "b" * 43
GOOD = {
    "ssh": f"{{driver: ssh, model: cisco-ios, host: 192.0.2.2, user: lab, host_key: '{KEY}', "
    "password: {env: WORD}, enable: {file: enable}}",
    "serial": "{driver: serial, model: numato, url: /dev/ttyACM0, baud: 9600}",
    "shelly": "{driver: http, model: shelly-gen2, url: 'https://192.0.2.3', password: {env: WORD}, "
    "user: admin, server_name: plug.example, authorities: ca.pem}",
    "tasmota": "{driver: http, model: tasmota, url: 'http://192.0.2.4', user: admin, "
    "password: {env: WORD}}",
    "template": "{driver: http, model: template, url: 'http://192.0.2.5:8080', "
    "switch: {method: POST, path: '/o/{outlet}', body: '{\"to\": \"{action}\"}', on: '1', off: '0',"
    " headers: {Authorization: {env: WORD}}, expect: [200, 204]},"
    " state: {path: '/o/{outlet}', pointer: /on, on: ['1'], off: ['0']}}",
    "pdudaemon": "{driver: pdudaemon, url: 'http://192.0.2.6:16421', pdu: rack 1}",
    "command": "{driver: command, on: [pdu, on, '{outlet}'], off: [pdu, off, '{outlet}'], "
    "environment: {TOKEN: {env: WORD}}}",
    "labgrid": "{driver: labgrid, coordinator: 'lab:20408', settle_s: 20}",
}
DRIVERS = {
    "ssh": SshPower,
    "serial": SerialRelay,
    "shelly": HttpPower,
    "tasmota": HttpPower,
    "template": HttpPower,
    "pdudaemon": HttpPower,
    "command": CommandPower,
    "labgrid": CommandPower,
}


def inventory(directory: Path, *entries: str) -> Path:
    (directory / "enable").write_text("lift-off\n")
    file = directory / "lab.yaml"
    pdus = "".join(f"  - {{name: p{n}, {entry[1:]}\n" for n, entry in enumerate(entries))
    file.write_text(
        "name: lab\nkind: rack\nnetwork: {interface: lo, attach: plain, subnet: 192.0.2.0/24}\n"
        f"pdus:\n{pdus}handsets:\n"
        "  - {name: a, mac: 00:0e:08:aa:bb:cc, serial: F1, power: {pdu: p0, outlet: 1}}\n"
    )
    return file


@pytest.fixture(autouse=True)
def word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "top-secret")


def test_every_kind_makes_its_driver_and_shows_no_secret(tmp_path: Path):
    testbed = load(inventory(tmp_path, *GOOD.values()))
    assert [type(pdu.make_driver()) for pdu in testbed.pdus] == list(DRIVERS.values())
    assert "top-secret" not in repr(testbed)
    assert "lift-off" not in repr(testbed)
    for pdu in testbed.pdus:
        driver = pdu.make_driver()
        assert driver.name
        assert "top-secret" not in driver.name + repr(driver)


def test_a_path_is_that_of_the_inventory(tmp_path: Path):
    (pdu,) = load(inventory(tmp_path, GOOD["shelly"])).pdus
    assert isinstance(pdu, HttpPdu)
    assert pdu.authorities == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{driver: shh, model: apc-cli}", "driver"),
        (GOOD["ssh"].replace("cisco-ios", "junos"), "cisco-ios or apc-cli"),
        (GOOD["ssh"].replace(KEY, "12:34"), "no fingerprint of a key"),
        (GOOD["ssh"].replace("192.0.2.2", "switch"), "192.0.2.10"),
        (GOOD["serial"].replace("numato", "arduino"), "lcus, lcus-status, numato"),
        (GOOD["serial"].replace("9600", "12"), "the board's own speed"),
        (GOOD["shelly"].replace("https://192.0.2.3", "plug.example"), "no URL of a device"),
        (GOOD["template"].replace("model: template", "model: tasmota"), "model is template"),
        (GOOD["tasmota"].replace("tasmota", "template"), "model is template"),
        (GOOD["template"].replace("pointer: /on", "pattern: '('"), "no regular expression"),
        (GOOD["command"].replace("[pdu, on, '{outlet}']", "[]"), "a program and its arguments"),
        (GOOD["labgrid"].replace("20}", "200}"), "0 to 120 s"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_would_be_right(
    tmp_path: Path, entry: str, said: str
):
    with pytest.raises(InventoryError, match=r"lab\.yaml:5: ") as error:
        load(inventory(tmp_path, entry))
    assert said in str(error.value)
    assert "top-secret" not in str(error.value)


def test_what_is_no_program_of_ours_has_no_place_on_a_virtual_testbed(tmp_path: Path):
    file = inventory(tmp_path, GOOD["command"])
    network = "network: {interface: lo, attach: plain, subnet: 192.0.2.0/24}\n"
    file.write_text(file.read_text().replace("kind: rack", "kind: virtual").replace(network, ""))
    with pytest.raises(InventoryError, match="kind: rack"):
        load(file)


def test_a_row_of_data_can_be_chosen_by_its_name():
    assert set(get_args(SshPdu.model_fields["model"].annotation)) == {d.name for d in SSH}
    relays = SerialRelayEntry.model_fields["model"].annotation
    assert set(get_args(relays)) == {d.name for d in RELAYS}
    web = get_args(HttpPdu.model_fields["model"].annotation)
    assert set(web) == {"template", *(d.name for d in HTTP)}
