"""``hil testbed``: check, show, schema, and init with what is really on a wire."""

from __future__ import annotations

import json
import shutil
import signal
import sys

import pytest
from programs import needed, started
from switch_tables import catalyst, snmpd

from hil.suite_location import suite_root
from hil.testbed.inventory import load

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
EXAMPLES = suite_root() / "testbeds"
RACK = """\
name: lab
kind: rack
network: {interface: eth1}
pdus:
  - {name: sw1, driver: poe, host: 192.0.2.10, write_community: {env: SW1_WRITE}}
handsets:
  - {name: a01, mac: 00:0e:08:aa:bb:cc, serial: A1, power: {pdu: sw1, outlet: Gi1/0/7}}
"""


@pytest.fixture
def rack(tmp_path, monkeypatch):
    monkeypatch.setenv("SW1_WRITE", "hunter2")
    file = tmp_path / "rack.yaml"
    file.write_text(RACK)
    return file


class TestCheck:
    def test_nothing_is_wrong(self, hil, rack):
        answer = hil("testbed", "check", str(rack), str(EXAMPLES / "virtual.yaml"))
        assert answer.code == 0
        assert f"{rack}: 1 handset(s), nothing is wrong" in answer.out

    def test_everything_that_is_wrong_with_every_file_is_said(self, hil, rack, tmp_path):
        rack.write_text(RACK.replace("interface", "interfcae").replace("Gi1/0/7", "''"))
        other = tmp_path / "other.yaml"
        other.write_text("- a\n")
        answer = hil("testbed", "check", str(rack), str(other))
        assert (answer.code, answer.out) == (2, "")
        assert f"{rack}:3: network has no key 'interfcae' (did you mean interface?)" in answer.err
        assert f"{rack}:7: no port is called ''" in answer.err
        assert f"{other}:1: the inventory is a list" in answer.err

    def test_a_secret_that_is_not_there_hides_nothing_else_of_its_device(self, hil, rack):
        more = (
            "  - {name: s, driver: ssh, model: apc-cli, host: 192.0.2.11, user: u,"
            " password: {env: NOPE}}\n"
            "  - {name: t, driver: http, model: tasmota, url: 'ftp://x', password: {env: NOPE}}\n"
        )
        rack.write_text(RACK.replace("handsets:", f"{more}handsets:"))
        told = hil("testbed", "check", str(rack)).err
        assert told.count("no variable NOPE") == 2
        assert f"{rack}:6: it has to be known which host key the device has" in told
        assert "no URL of a device" in told
        assert told.count("\n") == 4

    def test_as_json(self, hil, rack):
        rack.write_text(RACK.replace("kind: rack", "kind: rock"))
        answer = hil("testbed", "check", "--json", str(rack))
        assert answer.code == 2
        (told,) = answer.json
        (problem,) = told["problems"]
        assert (told["file"], problem["line"], problem["remedy"]) == (
            str(rack),
            2,
            "virtual or rack",
        )

    def test_a_machine_without_the_secrets_may_check_the_rest(self, hil, rack, monkeypatch):
        monkeypatch.delenv("SW1_WRITE")
        assert "no variable SW1_WRITE" in hil("testbed", "check", str(rack)).err
        assert hil("testbed", "check", "--without-secrets", str(rack)).code == 0

    def test_a_secret_in_clear_text_is_remarked_upon_and_never_shown(self, hil, rack):
        assert hil("testbed", "check", str(rack)).err == ""
        user = "version: v3, user: {name: hil, auth_key: 'a long key', priv_key: {env: SW1_WRITE}}"
        rack.write_text(
            RACK.replace("write_community: {env: SW1_WRITE}", user)
            + "authority: {certificate: a.pem, key: PEM}\n"
        )
        answer = hil("testbed", "check", "--without-secrets", str(rack))
        assert answer.code == 0
        assert [line.split(" (")[0] for line in answer.err.splitlines()] == [
            f"{rack}:5: pdus[0].user.auth_key is a secret in clear text",
            f"{rack}:8: authority.key is a secret in clear text",
        ]
        assert "a long key" not in answer.err + answer.out
        (told,) = hil("testbed", "check", "--json", "--without-secrets", str(rack)).json
        assert [each["line"] for each in told["remarks"]] == [5, 8]

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
    def test_a_secret_s_file_that_others_may_read_is_remarked_upon(self, hil, rack, mode):
        kept = rack.parent / "community"
        kept.write_text("hunter2\n")
        kept.chmod(mode)
        rack.write_text(RACK.replace("{env: SW1_WRITE}", "{file: community}"))
        answer = hil("testbed", "check", str(rack))
        place = f"{rack}:5: pdus[0].write_community is in {kept}"
        assert answer.code == 0
        assert answer.err == f"{place}, which others may read ({mode:04o}) (chmod 600 {kept})\n"
        assert "nothing is wrong" in answer.out
        kept.chmod(0o600)
        assert hil("testbed", "check", str(rack)).err == ""

    def test_so_is_that_of_a_header_and_not_that_of_an_authority_s_key(self, hil, rack):
        kept = rack.parent / "token"
        kept.write_text("Bearer hunter2\n")
        kept.chmod(0o644)
        device = (
            "name: sw1, driver: http, model: template, url: http://192.0.2.9, "
            "switch: {path: '/{action}', headers: {Accept: text, Authorization: {file: token}}}"
        )
        start, end = RACK.index("{name: sw1") + 1, RACK.index("}\n", RACK.index("{name: sw1"))
        text = RACK[:start] + device + RACK[end:]
        rack.write_text(text + "authority: {certificate: a.pem, key: {file: token}}\n")
        answer = hil("testbed", "check", "--without-secrets", str(rack))
        (told,) = answer.err.splitlines()
        assert "pdus[0].switch.headers.Authorization is in" in told

    def test_what_every_device_comes_with_and_what_a_virtual_one_has_is_no_secret(self, hil, rack):
        rack.write_text(RACK.replace("{env: SW1_WRITE}", "private"))
        assert hil("testbed", "check", str(rack)).err == ""
        virtual = EXAMPLES / "virtual.yaml"
        rack.write_text(virtual.read_text().replace("community: public", "community: sesame"))
        assert hil("testbed", "check", str(rack)).err == ""

    def test_no_file_is_a_wrong_use(self, hil):
        assert hil("testbed", "check").code == 2


class TestShow:
    def test_the_virtual_testbed_by_default(self, hil):
        answer = hil("testbed", "show")
        assert answer.code == 0
        assert "HANDSET" in answer.out
        assert "00:0e:08:aa:bb:cc" in answer.out
        # Nobody gave one a VLAN, an address or a console.
        assert "VLAN" not in answer.out

    @pytest.mark.parametrize("more", [(), ("--json",), ("--handset", "a01")])
    def test_no_secret_is_shown_and_none_is_needed(self, hil, rack, monkeypatch, more):
        for given in (True, False):
            if not given:
                monkeypatch.delenv("SW1_WRITE")
            answer = hil("testbed", "show", str(rack), *more)
            assert answer.code == 0
            assert "Gi1/0/7" in answer.out
            assert "hunter2" not in answer.out

    def test_all_about_one_handset(self, hil, rack):
        told = hil("testbed", "show", str(rack), "--handset", "a01", "--json").json
        assert told["power"]["pdu"]["host"] == "192.0.2.10"
        assert told["power"]["pdu"]["write_community"] == "(hidden)"
        assert told["capabilities"]["https"] is True
        assert "seed" not in told
        assert hil("testbed", "show", str(rack), "--handset", "b").code == 2


def test_the_schema_is_that_beside_the_examples(hil):
    printed = hil("testbed", "schema").out
    assert json.loads(printed)["title"] == "A testbed of hil"
    assert printed == (EXAMPLES / "inventory.schema.json").read_text(), "make docs writes it anew"


# -- init ---------------------------------------------------------------------------------------------


class TestInitRefuses:
    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ((), "there is nothing to look at"),
            (("--switch", "sw1.example"), "is no IPv4 address"),
            (("--switch", "192.0.2.1", "--mac", "x"), "--mac: "),
            (("--switch", "192.0.2.1", "--name", "a b"), "is no name"),
        ],
    )
    def test_what_cannot_be_meant(self, refused, options, complaint):
        assert complaint in refused("testbed", "init", *options)

    def test_to_write_over_a_file(self, refused, rack):
        told = refused("testbed", "init", "--switch", "192.0.2.1", "--output", str(rack))
        assert "there is such a file already" in told
        assert rack.read_text() == RACK

    def test_to_listen_where_no_link_is(self, hil, network, port):
        command = [*HIL, "testbed", "init", "--interface", port.near.name, "--seconds", "0.1"]
        with started(command, network.namespace) as run:
            assert run.ended() == 3
        assert "the interface has no link" in run.output
        assert hil("testbed", "init", "--interface", "nowhere0").code == 3


@pytest.mark.peer("snmpd")
@pytest.mark.skipif(
    shutil.which("snmpd") is None, reason="net-snmp's agent is missing: apt install snmpd"
)
class TestInitBySnmp:
    @pytest.fixture
    def agent(self, tmp_path):
        (tmp_path / "agent").mkdir()
        with snmpd(tmp_path / "agent", catalyst()) as port:
            yield str(port)

    def test_it_writes_an_inventory_that_check_accepts(self, hil, agent, tmp_path, monkeypatch):
        file = tmp_path / "rack.yaml"
        monkeypatch.setenv("HIL_COMMUNITY", "reader")
        options = ("--switch", "127.0.0.1", "--snmp-port", agent, "--output", str(file))
        answer = hil("testbed", "init", *options)
        assert (answer.code, answer.out) == (0, "")
        assert "2 phone(s)" in answer.err
        assert "export SW1_WRITE_COMMUNITY=" in answer.err
        assert f"{file}:" in answer.err
        assert "reader" not in file.read_text()
        monkeypatch.setenv("SW1_READ_COMMUNITY", "reader")
        monkeypatch.setenv("SW1_WRITE_COMMUNITY", "writer")
        checked = hil("testbed", "check", str(file))
        assert (checked.code, checked.err) == (0, "")
        written = load(file)
        assert [handset.vlan for handset in written.handsets] == [107, 108]
        # Of links this agent says nothing.
        states = hil("power", "status", "p01", "p02", "--testbed", str(file))
        assert states.out.count(f"PoE switch 127.0.0.1:{agent}") == 2, (
            "it is the one that was asked"
        )

    def test_it_asks_for_what_is_not_given(self, hil, agent, tmp_path):
        file = tmp_path / "asked.yaml"
        said = f"\n127.0.0.1\nreader\n{file}\n".encode()
        from click.testing import CliRunner

        from hil.cli import main

        arguments = ["testbed", "init", "--ask", "--snmp-port", agent]
        answer = CliRunner().invoke(main, arguments, input=said)
        assert answer.exit_code == 0, answer.stderr
        assert "reader" not in answer.stderr
        assert "kind: rack" in file.read_text()


class TestInitByListening:
    def test_a_phone_is_heard_by_cdp_lldp_and_dhcp(self, phone, port, network, tmp_path):
        file = tmp_path / "heard.yaml"
        command = [*HIL, "testbed", "init", "--interface", port.near.name, "--output", str(file)]
        with started(command, network.namespace) as run:
            run.expect("listening on")
            phone("-p", "Network_Startup_Delay=0")
            run.expect(f"DHCP from {port.far.mac}")
            # Heard enough.
            run.process.send_signal(signal.SIGINT)
            assert run.ended() == 0
        (handset,) = load(file).handsets
        assert (handset.mac, handset.model) == (port.far.mac, "CP-7832-3PCC")
        assert handset.capabilities.poe_class == 2
        text = file.read_text()
        assert "firmware: {swver: sip7832.11-3-2MPP0001-609}" in text
        assert "# CDP, LLDP, DHCP: SEP000E08AABBCC; " in text

    @pytest.mark.peer("udhcpc")
    def test_a_client_that_is_no_phone_is_only_mentioned(self, port, network, tmp_path):
        udhcpc = needed("udhcpc", "udhcpc")
        file = tmp_path / "heard.yaml"
        command = [*HIL, "testbed", "init", "--interface", "br0", "--output", str(file)]
        with started(command, network.namespace) as run:
            run.expect("listening on br0")
            port.far.up()
            asks = [udhcpc, "-i", "eth0", "-f", "-n", "-t", "3", "-T", "1", "-s", "/bin/true"]
            with started(
                [*asks, "-V", "some\ntoaster", "-x", "hostname:toast"], port.far.namespace
            ):
                run.expect(f"DHCP from {port.far.mac}")
            run.process.send_signal(signal.SIGINT)
            assert run.ended() == 0
        assert f"{port.far.mac}  DHCP: toast; some?toaster" in file.read_text()
        assert [handset.name for handset in load(file).handsets] == ["p01"]
        assert load(file).handset().mac != port.far.mac
