"""The examples of racks are right, as hil reads them and as an editor does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from authorities import Made
from keyrings import Drawer, using

from hil.suite_location import suite_root
from hil.testbed.inventory import Testbed, load
from hil.testbed.schema import FILE, schema, schema_text

TESTBEDS = suite_root() / "testbeds"
EXAMPLES = sorted(TESTBEDS.glob("*.yaml"))
ENVIRONMENT = {
    "PLUG_PASSWORD": "hunter2-plug",
    "SW1_AUTH_KEY": "hunter2-authentic",
    "SW1_PRIV_KEY": "hunter2-private",
    "PDU1_READ_COMMUNITY": "hunter2-reader",
    "PDU1_WRITE_COMMUNITY": "hunter2-writer",
}


@pytest.fixture
def opened(tmp_path):
    """Loads an example in surroundings where everything that it refers to is there."""
    for name in ("sw1-read", "sw1-write"):
        (tmp_path / name).write_text(f"hunter2-{name}\n")
    made = Made()
    (tmp_path / "authority.pem").write_bytes(made.certificate())
    (tmp_path / "authority.key").write_bytes(made.secret())
    (tmp_path / "authority.key").chmod(0o600)

    def load_it(example: Path) -> Testbed:
        copy = tmp_path / example.name
        copy.write_text(example.read_text().replace("/etc/hil/", ""))
        return load(copy, ENVIRONMENT)

    with using(Drawer({("hil-sw1", "hil"): "hunter2-switch"})):
        yield load_it


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_each_example_is_right(opened, example):
    testbed = opened(example)
    virtual = example.stem.startswith("virtual") or example.stem == "quick"
    assert testbed.kind == ("virtual" if virtual else "rack")
    assert "hunter2" not in repr(testbed)


def test_a_rack_of_48_says_what_its_phones_have_in_common_once(opened):
    testbed = opened(TESTBEDS / "rack48.yaml")
    assert len(testbed.handsets) == 48
    last = testbed.handset("r48")
    assert (last.power.pdu, last.power.outlet) == ("sw1", "Gi1/0/48")
    assert (last.timing.boot, last.capabilities.factory_reset) == (180, "console")
    assert testbed.pdus[0].read_community == "hunter2-sw1-read"
    assert testbed.kept_authority is not None


def test_the_keyring_s_secret_is_the_switch_s_password(opened):
    assert opened(TESTBEDS / "shared-lab.yaml").pdus[0].password == "hunter2-switch"


@pytest.fixture(scope="module")
def editor():
    """What an editor holds against the schema."""
    return jsonschema.Draft202012Validator(schema())


class TestTheSchema:
    def test_it_is_the_one_beside_the_examples(self):
        assert (TESTBEDS / FILE).read_text() == schema_text(), "`make docs` writes it anew"

    def test_it_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(schema())

    def test_each_key_is_explained(self):
        described = json.dumps(schema())
        assert "the serial number on the phone's label" in described
        assert "decimals" not in described

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
    def test_each_example_names_it_and_follows_it(self, editor, example):
        text = example.read_text()
        assert text.startswith(f"# yaml-language-server: $schema={FILE}\n")
        assert list(editor.iter_errors(yaml.safe_load(text))) == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("kind: rack", "kind: rock"),
            ("serial: FCH2233A001", "serail: FCH2233A001"),
            ("driver: poe", "driver: telnet"),
            ("vlan: 101", "vlan: 4095"),
            ("poe_class: 2", "poe_class: two"),
            ("{env: SW1_AUTH_KEY}", "{envv: SW1_AUTH_KEY}"),
            ("power: {pdu: sw1}", "mac: 00:0e:08:00:01:01"),
        ],
    )
    def test_what_is_wrong_by_itself_is_wrong_in_an_editor(self, editor, old, new):
        text = (TESTBEDS / "poe-vlans.yaml").read_text()
        assert old in text
        wrong = yaml.safe_load(text.replace(old, new, 1))
        assert not editor.is_valid(wrong)
