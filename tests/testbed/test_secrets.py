"""A secret may be kept elsewhere and named; wherever it is kept, nothing shows it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
from keyrings import Drawer, using
from pydantic import BaseModel, Field

from hil.errors import InventoryError
from hil.testbed import secrets
from hil.testbed.entry import Entry, is_secret
from hil.testbed.inventory import Testbed, load
from hil.testbed.secrets import MOST_OCTETS, LongSecret, Secret

RACK = """\
name: lab
kind: rack
network: {{interface: eth1}}
pdus:
  - name: sw1
    driver: poe
    host: 198.51.100.10
    write_community: {reference}
handsets:
  - {{name: a, mac: 00:0e:08:aa:bb:cc, serial: A1, power: {{pdu: sw1, outlet: 1}}}}
"""


class Key(Entry):
    key: LongSecret = Field(repr=False)


HELD = {("lab/sw1", "hil"): "hunter2"}


def read(directory: Path, reference: str, *, secrets: bool = True) -> Testbed:
    path = directory / "lab.yaml"
    path.write_text(RACK.format(reference=reference))
    return load(path, {"WORD": "hunter2"}, secrets=secrets)


def community(directory: Path, reference: str) -> str:
    testbed = read(directory, reference)
    assert "hunter2" not in repr(testbed)
    (pdu,) = testbed.pdus
    return pdu.write_community


def problem(directory: Path, reference: str) -> tuple[str, str]:
    with pytest.raises(InventoryError) as caught:
        read(directory, reference)
    ((told),) = caught.value.problems
    assert told.line == 8
    assert "hunter2" not in str(caught.value)
    return told.problem, told.remedy


class TestAFile:
    def test_it_is_relative_to_the_inventory_and_ends_before_the_line_does(self, tmp_path):
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "sw1").write_text("hunter2\n")
        assert community(tmp_path, "{file: kept/sw1}") == "hunter2"
        assert community(tmp_path, f"{{file: {tmp_path}/kept/sw1}}") == "hunter2"

    def test_what_is_no_secret_s_file_is_told_and_never_shown(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "large").write_text("hunter2" * MOST_OCTETS)
        (tmp_path / "binary").write_bytes(b"hunter2\xff")
        (tmp_path / "blank").write_text("\n")
        (tmp_path / "two").write_text("hunter2\nhunter22\n")
        (tmp_path / "late").write_bytes(b"\r\nhunter2\r\n# kept by the lab\r\n")
        for name, said in (
            ("missing", "secret file 'missing': No such file"),
            ("pipe", "secret file 'pipe' is no regular file"),
            (".", "secret file '.' is no regular file"),
            ("large", "secret file 'large' is too large"),
            ("binary", "secret file 'binary' is not UTF-8"),
            ("blank", "secret file 'blank' is empty"),
            ("two", "secret file 'two' has 2 lines, and none is said to be the secret"),
            ("late", "secret file 'late' has 3 lines"),
            ("~nobody-of-that-name/x", "no path of a file"),
        ):
            assert said in problem(tmp_path, f"{{file: {name}}}")[0]

    def test_of_a_key_it_has_as_many_lines_as_the_key(self, tmp_path):
        (tmp_path / "key").write_text("-----BEGIN\nhunter2\n-----END\n")
        made = Key.model_validate({"key": {"file": "key"}}, context={"directory": tmp_path})
        assert made.key == "-----BEGIN\nhunter2\n-----END"
        assert is_secret(Key.model_fields["key"])
        assert "hunter2" not in repr(made)


class TestAKeyring:
    def test_the_user_is_what_stands_behind_the_last_slash(self, tmp_path):
        with using(Drawer(HELD)):
            assert community(tmp_path, "{keyring: lab/sw1/hil}") == "hunter2"

    def test_what_it_does_not_have_says_how_to_put_it_there(self, tmp_path):
        with using(Drawer(HELD)):
            said, remedy = problem(tmp_path, "{keyring: lab/nobody}")
        assert said == "the keyring has no 'nobody' of 'lab'"
        assert remedy == "keyring set lab nobody"

    def test_one_that_is_locked_is_told(self, tmp_path):
        with using(Drawer(HELD, locked=True)):
            said, _ = problem(tmp_path, "{keyring: lab/sw1/hil}")
        assert "KeyringLocked: the collection is locked" in said

    def test_one_that_waits_for_somebody_is_waited_for_no_longer(self, tmp_path, monkeypatch):
        nobody = threading.Event()
        monkeypatch.setattr(secrets, "KEYRING_S", 0.05)
        with using(Drawer(HELD, waiting=nobody)):
            assert "did not answer" in problem(tmp_path, "{keyring: lab/sw1/hil}")[0]
        nobody.set()

    def test_without_the_library_it_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "keyring", None)
        assert problem(tmp_path, "{keyring: a/b}") == (
            "secrets from a keyring need the library keyring",
            "pip install keyring",
        )


@pytest.mark.parametrize(
    "reference",
    ["{keyring: nobody}", "{keyring: /a}", "{env: 1x}", "{env: , file: }", "{vault: x}"],
)
def test_a_reference_is_of_one_of_three_forms(tmp_path, reference):
    assert problem(tmp_path, reference)[0] == (
        "a secret by reference names one variable, file or entry"
    )


def test_who_only_reads_the_rest_needs_no_secret(tmp_path):
    (pdu,) = read(tmp_path, "{env: NOT_SET}", secrets=False).pdus
    assert pdu.write_community == "not looked up: env NOT_SET"


def every_model(model: type[BaseModel], known: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """The model and all that occur in it."""
    from hil.testbed.shape import models_in

    if model not in known:
        known.add(model)
        for field in model.model_fields.values():
            for inner in models_in(field):
                every_model(inner, known)
    return known


def test_whatever_field_holds_a_secret_is_in_no_repr():
    class Held(Entry):
        plain: str = "seen"
        word: Secret = "hunter2"
        perhaps: Secret | None = "hunter2"
        several: dict[str, Secret] = Field(default={"a": "hunter2"})

    assert repr(Held()) == "Held(plain='seen')"


def test_what_sounds_like_a_secret_is_one():
    named = {
        (model.__name__, name)
        for model in every_model(Testbed, set())
        for name, field in model.model_fields.items()
        if any(word in name for word in ("community", "password", "passphrase", "_key", "token"))
        and not is_secret(field)
    }
    # A host's key is public.
    assert named <= {("SshPdu", "host_key")}
