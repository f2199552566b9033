"""The authority of a rack's inventory: what is wrong with it is told with its line, its key never."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from authorities import DAY, NOW, Made

from hil.errors import InventoryError
from hil.testbed.display import HIDDEN, as_data, tables
from hil.testbed.inventory import Testbed, load

RACK = """\
name: lab
kind: rack
network: {{interface: eth1}}
authority:
  certificate: {certificate}
  key: {key}
{more}
pdus:
  - {{name: sw1, driver: poe, host: 198.51.100.10}}
handsets:
  - name: a
    mac: 00:0e:08:aa:bb:cc
    serial: A1
    power: {{pdu: sw1, outlet: 1}}
    capabilities: {{{able}}}
"""
KEPT = Made()


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A directory with an authority in it."""
    keep(tmp_path, "lab", KEPT)
    return tmp_path


def keep(directory: Path, name: str, made: Made) -> None:
    (directory / f"{name}.pem").write_bytes(made.certificate())
    written = directory / f"{name}.key"
    written.write_bytes(made.secret())
    written.chmod(0o600)


def read(
    directory: Path,
    certificate: str = "lab.pem",
    key: str = "{file: lab.key}",
    more: str = "",
    able: str = "https: yes",
    **how: bool,
) -> Testbed:
    path = directory / "lab.yaml"
    path.write_text(RACK.format(certificate=certificate, key=key, more=more, able=able))
    return load(path, {"KEY": KEPT.secret().decode()}, **how)


def found(directory: Path, *arguments: str, **more: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(InventoryError) as caught:
        read(directory, *arguments, **more)
    assert "PRIVATE KEY" not in str(caught.value)
    return [(each.line, each.problem, each.remedy) for each in caught.value.problems]


class TestOneThatIsRight:
    @pytest.mark.parametrize("key", ["{file: lab.key}", "{env: KEY}"])
    def test_it_signs_for_the_benches_of_the_rack(self, lab, key):
        kept = read(lab, key=key).kept_authority
        assert kept is not None
        assert kept.make().root_pem == (lab / "lab.pem").read_text()
        assert kept.about().name == "an authority"
        assert kept.roots == ()

    def test_a_rack_without_one_says_so(self, lab):
        path = lab / "without.yaml"
        text = RACK.format(certificate="x", key="x", more="", able="")
        path.write_text(text.replace("authority:\n  certificate: x\n  key: x\n", ""))
        assert load(path).kept_authority is None

    def test_its_key_is_shown_nowhere(self, lab):
        testbed = read(lab)
        shown = as_data(testbed)["authority"]
        assert shown["key"] == HIDDEN
        secret = KEPT.secret().decode().splitlines()[1]
        told = [repr(testbed), repr(testbed.authority), str(as_data(testbed)), *tables(testbed)]
        assert all(secret not in each for each in told)
        assert f"authority: {lab}/lab.pem" in tables(testbed)

    def test_the_roots_of_the_phones_certificates_are_read_with_it(self, lab):
        roots = Made().certificate() + Made().certificate()
        (lab / "phones.pem").write_bytes(roots)
        testbed = read(lab, more="  client_roots: phones.pem", able="client_certificate: yes")
        assert testbed.kept_authority is not None
        assert testbed.kept_authority.roots == (roots.decode(),)


class TestOneThatIsWrong:
    def test_everything_is_told_at_once_with_its_line(self, lab):
        told = found(lab, "gone.pem", "{file: gone.key}", "  client_roots: gone.pem")
        assert [line for line, _, _ in told] == [5, 6, 7]
        assert all("No such file" in problem for _, problem, _ in told)
        assert "hil testbed authority" in told[0][2]

    def test_what_phones_must_refuse_is_told_at_the_certificate(self, lab):
        keep(lab, "old", Made(ends=NOW - DAY))
        ((line, problem, remedy),) = found(lab, "old.pem", "{file: old.key}")
        assert line == 5
        assert problem.startswith(f"{lab}/old.pem: it is valid until ")
        assert "for each phone to be given" in remedy

    def test_a_key_of_another_certificate_is_told_at_the_key(self, lab):
        keep(lab, "other", Made())
        ((line, problem, _),) = found(lab, key="{file: other.key}")
        assert (line, problem) == (6, f"the key is not that of {lab}/lab.pem")

    @pytest.mark.parametrize(("mode", "is_open"), [(0o644, True), (0o602, True), (0o640, False)])
    def test_a_key_that_everybody_can_read_or_replace_is_refused(self, lab, mode, is_open):
        (lab / "lab.key").chmod(mode)
        if not is_open:
            assert read(lab).kept_authority is not None
            return
        ((line, problem, remedy),) = found(lab)
        assert line == 6
        assert problem == f"secret file 'lab.key' is open to everybody (mode {mode:04o})"
        assert "chmod 600 lab.key" in remedy

    def test_what_is_no_file_is_told_and_not_waited_for(self, lab):
        os.mkfifo(lab / "pipe")
        for certificate, said in (
            ("pipe", "pipe is no regular file"),
            (".", "is no regular file"),
            ("lab.key", "a private key stands beside"),
            ("lab.yaml", "no certificate can be read"),
            ('"\\0"', "is no path of a file"),
            ("~nobody-of-that-name/x", "home directory"),
        ):
            ((line, problem, _),) = found(lab, certificate)
            assert (line, said in problem) == (5, True), problem

    def test_roots_that_are_none_are_told(self, lab):
        ((line, problem, _),) = found(lab, more="  client_roots: lab.yaml")
        assert line == 7
        assert "no certificate can be read" in problem

    def test_a_key_that_is_missing_or_misspelt_is_told(self, lab):
        (told,) = found(lab, more="  certificat: x.pem")
        assert told[:2] == (7, "authority has no key 'certificat'")


class TestWhoNeedsNone:
    @pytest.mark.parametrize("how", [{"authority": False}, {"secrets": False}])
    def test_an_authority_that_is_over_or_gone_is_in_nobodys_way_who_tests_nothing(self, lab, how):
        (lab / "lab.key").chmod(0o644)
        testbed = read(lab, "gone.pem", **how)
        assert testbed.authority is not None
        assert testbed.kept_authority is None

    def test_a_virtual_testbed_has_no_use_for_one(self, lab):
        path = lab / "lab.yaml"
        text = RACK.format(certificate="lab.pem", key="{file: lab.key}", more="", able="")
        path.write_text(text.replace("kind: rack", "kind: virtual"))
        with pytest.raises(InventoryError) as caught:
            load(path)
        problem = "authority means nothing on a testbed of kind virtual"
        assert problem in [each.problem for each in caught.value.problems]


class TestCapabilities:
    def test_https_needs_an_authority(self, lab):
        path = lab / "lab.yaml"
        text = RACK.format(certificate="x", key="x", more="", able="https: yes")
        path.write_text(text.replace("authority:\n  certificate: x\n  key: x\n", ""))
        with pytest.raises(InventoryError) as caught:
            load(path)
        (told,) = caught.value.problems
        assert told.line == 12
        assert told.problem == "https: yes, and there is no authority that the phone could trust"
        assert "hil testbed authority" in told.remedy

    def test_client_certificates_need_their_roots(self, lab):
        ((line, problem, remedy),) = found(lab, able="client_certificate: yes")
        assert line == 15
        assert problem == "client_certificate: yes, and nothing to verify it by"
        assert "client_roots" in remedy

    @pytest.mark.parametrize("able", ["", "https: no", "https: yes"])
    def test_with_an_authority_the_entry_may_say_what_it_likes_of_https(self, lab, able):
        assert read(lab, able=able).kept_authority is not None
