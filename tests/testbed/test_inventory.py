"""An inventory is read whole, and an error names file and line, all errors at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hil.errors import InventoryError, UsageError
from hil.judge.timing import Timing
from hil.power import SnmpVersion
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT, Interpretations
from hil.snmp import AuthProtocol, UsmUser
from hil.suite_location import suite_root
from hil.testbed.capabilities import Capabilities
from hil.testbed.handset_parts import TimingEntry
from hil.testbed.inventory import Testbed, load

VIRTUAL = Path(__file__).parents[2] / "testbeds" / "virtual.yaml"

GOOD = """\
name: lab
kind: virtual
pdus:
  - name: left
    driver: snmp
    model: apc-rpdu
    outlets: 4
handsets:
  - name: a
    mac: 00:0e:08:aa:bb:cc
    serial: A1
    power: {pdu: left, outlet: 1}
  - name: b
    mac: 00:0e:08:aa:bb:cd
    serial: B2
    power: {pdu: left, outlet: 2}
"""


def read(tmp_path: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Testbed:
    path = tmp_path / "lab.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, environ or {})


def problems(tmp_path: Path, text: str | bytes) -> list[tuple[int | None, str, str]]:
    """Line, problem and remedy of everything that is wrong; each names the file."""
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    assert {problem.file for problem in caught.value.problems} == {str(tmp_path / "lab.yaml")}
    return [(problem.line, problem.problem, problem.remedy) for problem in caught.value.problems]


def only(tmp_path: Path, text: str | bytes) -> tuple[int | None, str, str]:
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    return found[0]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


class TestTheVirtualTestbed:
    def test_it_has_three_handsets_of_which_the_first_is_the_default(self):
        testbed = load(VIRTUAL)
        assert [entry.name for entry in testbed.handsets] == ["v1", "v2", "v3"]
        assert testbed.handset() is testbed.handset("v1")
        assert testbed.kind == "virtual"
        assert testbed.file == VIRTUAL

    def test_the_first_is_the_specifications_example(self):
        identity = load(VIRTUAL).handset().identity()
        assert (identity.mac, identity.ma, identity.serial) == (
            "00:0e:08:aa:bb:cc",
            "000e08aabbcc",
            "88012BA01234",
        )
        assert (identity.pn, load(VIRTUAL).handset().shown_psn) == ("CP-7832-3PCC", "7832-3PCC")

    def test_its_timing_leaves_little_room_since_virtual_time_is_exact(self):
        expected = Timing(early=0.01, late=0.2, boot=30, step=2, message=1, give_up=200)
        assert [entry.judge_timing() for entry in load(VIRTUAL).handsets] == [expected] * 3


class TestWhatAnInventorySays:
    def test_what_is_not_given_has_its_default(self, tmp_path):
        testbed = read(tmp_path, GOOD)
        assert testbed.network.delay_ms == 0
        assert testbed.pdus[0].version is SnmpVersion.V2C
        handset = testbed.handset("b")
        assert handset.judge_timing() == Timing()
        assert handset.chosen_interpretations() == Interpretations.default()
        assert (handset.minimum_off_s, handset.seed) == (5.0, 0)
        assert handset.capabilities == Capabilities()

    def test_the_timing_of_an_inventory_mirrors_the_judges(self):
        mirrored = {name: field.default for name, field in TimingEntry.model_fields.items()}
        assert mirrored == {field.name: field.default for field in dataclasses.fields(Timing)}

    @pytest.mark.parametrize(
        "written", ["000E08AABBCC", "00-0e-08-AA-BB-CC", "'00:0E:08:AA:BB:CC'"]
    )
    def test_a_mac_may_be_written_in_any_form(self, tmp_path, written):
        testbed = read(tmp_path, changed("00:0e:08:aa:bb:cc", written))
        assert testbed.handset().mac == "00:0e:08:aa:bb:cc"

    def test_digits_stay_the_text_that_they_are(self, tmp_path):
        # YAML 1.1 reads the first as a number in base 60, and the second as one in base 8.
        text = changed("00:0e:08:aa:bb:cc", "10:11:22:33:44:55").replace("A1", "00012")
        handset = read(tmp_path, text).handset()
        assert (handset.mac, handset.serial) == ("10:11:22:33:44:55", "00012")

    def test_interpretations_are_chosen_for_one_handset(self, tmp_path):
        text = changed(
            "serial: A1",
            "serial: A1\n    interpretations: {list_exhaustion: cycle, redirect_limit: 10}",
        )
        testbed = read(tmp_path, text)
        expected = Interpretations.default().choose(list_exhaustion="cycle", redirect_limit=10)
        assert testbed.handset("a").chosen_interpretations() == expected
        assert testbed.handset("b").chosen_interpretations() == Interpretations.default()

    def test_hardware_version_and_client_certificate_are_the_handset_s_own(self, tmp_path):
        text = changed("serial: A1", "serial: A1\n    hwver: 4\n    client_certificate: no")
        testbed = read(tmp_path, text)
        other, usual = (testbed.handset(name).identity() for name in "ab")
        assert (other.hwver, other.ccert) == ("4", "Not Installed")
        assert (usual.hwver, usual.ccert) == ("2.0.1", "Installed")

    @pytest.mark.parametrize(
        ("entry", "psn"),
        [
            ("psn: '7832'", "7832"),
            ("interpretations: {psn: V03}", "V03"),
            ("psn: '7832'\n    interpretations: {psn: V03}", "7832"),
        ],
    )
    def test_psn_is_the_handsets_own_else_its_interpretation(self, tmp_path, entry, psn):
        testbed = read(tmp_path, changed("serial: A1", f"serial: A1\n    {entry}"))
        assert testbed.handset().shown_psn == psn

    @pytest.mark.parametrize(
        ("firmware", "release"),
        [
            ("{swver: sip7832.12-0-5MPP0101-77}", "12.0.5"),
            ("{swver: sip7832.11-3-1MSR3-3, version: 11.3.1}", "11.3.1"),
            ("{version: 11.3}", "11.3"),
        ],
    )
    def test_the_release_follows_from_the_load_unless_it_is_given(
        self, tmp_path, firmware, release
    ):
        testbed = read(tmp_path, changed("serial: A1", f"serial: A1\n    firmware: {firmware}"))
        assert testbed.handset().identity().version == release

    def test_a_handset_that_is_not_there_is_answered_with_those_that_are(self, tmp_path):
        with pytest.raises(UsageError, match=r"lab\.yaml: no handset is called 'c' .*one of a, b"):
            read(tmp_path, GOOD).handset("c")

    def test_a_testbed_cannot_be_changed(self, tmp_path):
        with pytest.raises(ValueError, match="frozen"):
            read(tmp_path, GOOD).handset().seed = 5


KEYS = {"AUTH": "correct horse", "PRIV": "battery staple"}


class TestSecrets:
    V3 = changed(
        "outlets: 4",
        "version: v3\n    user: {name: bob, auth: SHA-256, auth_key: {env: AUTH},"
        " priv_key: {env: PRIV}}",
    )

    def test_a_secret_may_be_kept_in_the_environment(self, tmp_path):
        config = read(tmp_path, self.V3, KEYS).pdus[0].agent("192.0.2.1")
        assert config.version is SnmpVersion.V3
        assert config.user == UsmUser("bob", "correct horse", "battery staple", AuthProtocol.SHA256)

    def test_a_variable_that_is_not_set_is_an_error_of_its_line(self, tmp_path):
        found = problems(tmp_path, self.V3)
        assert [(line, problem) for line, problem, _ in found] == [
            (8, "the environment has no variable AUTH"),
            (8, "the environment has no variable PRIV"),
        ]

    def test_no_secret_is_shown(self, tmp_path):
        shown = repr(read(tmp_path, self.V3, KEYS))
        assert "horse" not in shown
        assert "battery" not in shown
        text = changed("outlets: 4", "write_community: [hunter2]\n    read_community: hunter3")
        assert "hunter" not in repr(problems(tmp_path, text))

    @pytest.mark.parametrize("reference", ["{env: A, file: B}", "{var: A}", "{env: [A]}", "{}"])
    def test_a_reference_names_one_variable(self, tmp_path, reference):
        text = changed("outlets: 4", f"write_community: {reference}")
        assert only(tmp_path, text) == (
            7,
            "a secret by reference names one variable, file or entry",
            "{env: NAME}, {file: PATH} or {keyring: SERVICE/USER}",
        )

    @pytest.mark.parametrize(
        ("entry", "line", "said"),
        [
            ("version: v3", 7, "SNMPv3 needs a user"),
            ("user: {name: bob, auth_key: short}", 7, "authentication key of SNMPv3 user bob"),
            ("user: {name: bob, priv_key: long enough}", 7, "no authentication key"),
            ("write_community: public", 7, "the read and the write community are the same"),
            ("version: v1\n    read_community: private", 4, "community are the same"),
        ],
    )
    def test_snmp_that_cannot_work_is_refused(self, tmp_path, entry, line, said):
        found = only(tmp_path, changed("outlets: 4", entry))
        assert found[0] == line
        assert said in found[1]


class TestEveryProblemAtOnce:
    def test_schema_entries_and_repeated_keys_are_reported_together_in_their_order(self, tmp_path):
        text = (
            "name: lab\n"  # 1
            "kind: rock\n"
            "netwrk: {delay_ms: 5}\n"  # 3
            "pdus:\n"
            "  - {name: p, driver: snmp, model: apc-rpdu, version: v3, outlets: 4,"  # 5
            " read_community: {env: NOPE}}\n"
            "  - {name: q, driver: telnet, model: apc-rpdu}\n"
            "handsets:\n"
            "  - nmae: a\n"  # 8
            "    mac: 00:0e:08:aa:bb:cc\n"
            "    serial: '1'\n"
            "    power: {pdu: p, outlet: 5}\n"  # 11
            "    interpretations:\n"
            "      redirect_limit: 7\n"  # 13
            "      resync_triger: gate\n"
            "  - name: b\n"
            "    mac: 000E08AABBCC\n"  # 16
            "    serial: '2'\n"
            "    serial: '3'\n"  # 18
            "    power: {pdu: p, outlet: 5}\n"
            "    timing: {early: -1, boot: soon, late: .nan}\n"  # 20
            "  - name: b\n"
            "    mac: 01:0e:08:aa:bb:cc\n"  # 22
            "    power: {pdu: pp}\n"
        )
        found = [(line, problem) for line, problem, _ in problems(tmp_path, text)]
        assert found == [
            (2, "kind is 'rock'"),
            (3, "the inventory has no key 'netwrk'"),
            (5, "the environment has no variable NOPE"),
            (5, "SNMPv3 needs a user"),
            (6, "pdus[1].driver is 'telnet'"),
            (8, "handsets[0] has no key 'nmae'"),
            (11, "PDU 'p' has no outlet 5"),
            (13, "redirect_limit cannot be read as '7'"),
            (14, "no interpretation is called 'resync_triger'"),
            (16, "mac '00:0e:08:aa:bb:cc' belongs to handsets[0] already"),
            (18, "key 'serial' again"),
            (19, "PDU 'p' has no outlet 5"),
            (19, "outlet 5 of 'p' feeds handsets[0] already"),
            (20, "handsets[1].timing.early is '-1'"),
            (20, "handsets[1].timing.late is '.nan'"),
            (20, "handsets[1].timing.boot is 'soon'"),
            (21, "handsets[2].serial is missing"),
            (21, "name 'b' belongs to 'b' (handsets[1]) already"),
            (22, "'01:0e:08:aa:bb:cc' is not the address of one interface"),
            (23, "handsets[2].power.outlet is missing"),
            (23, "there is no PDU 'pp'"),
        ]

    def test_the_text_has_a_line_for_each_problem(self, tmp_path):
        text = changed("kind: virtual", "kind: rock\nnmae: x").replace("outlet: 2", "outlet: 5")
        with pytest.raises(InventoryError) as caught:
            read(tmp_path, text)
        file = tmp_path / "lab.yaml"
        assert str(caught.value).splitlines() == [
            f"{file}:2: kind is 'rock' (virtual or rack)",
            f"{file}:3: the inventory has no key 'nmae' (did you mean name?)",
            f"{file}:17: PDU 'left' has no outlet 5 (1 to 4)",
        ]

    @pytest.mark.parametrize(
        ("old", "new", "line", "problem", "remedy"),
        [
            (
                "kind: virtual",
                "kind: virtual\nfile: x",
                3,
                "the inventory has no key 'file'",
                "nam",
            ),
            ("outlet: 1", "outlte: 1", 12, "has no key 'outlte'", "did you mean outlet?"),
            ("outlet: 1", "outlet: first", 12, "have numbers, not 'first'", "1 to 4"),
            ("outlet: 1", "outlet: 0", 12, "PDU 'left' has no outlet 0", "1 to 4"),
            ("outlet: 1", "outlet: 2", 16, "feeds 'a' (handsets[0]) already", "another outlet"),
            ("pdu: left", "pdu: lfet", 12, "there is no PDU 'lfet'", "did you mean left?"),
            ("outlets: 4", "outlets: 257", 7, "pdus[0].outlets is '257'", "1 to 256"),
            ("serial: A1", "serial:", 11, "handsets[0].serial is empty", "serial number"),
            ("serial: A1", "serial: B2", 15, "serial 'B2' belongs to 'a'", "each has its own"),
            ("serial: A1", "serial: [A1]", 11, "handsets[0].serial is a list", "serial number"),
            ("name: a", "name: a b", 9, "handsets[0].name is 'a b'", "letters, digits"),
            ("name: a", "name: b", 13, "name 'b' belongs to 'b' (handsets[0])", "each has"),
            ("serial: A1", "serial: A1\n    seed: -1", 12, "handsets[0].seed is '-1'", "0 or more"),
            ("kind: virtual", "kind: virtual\nnetwork: {delay_ms: 1e999}", 3, "'1e999'", "to 1000"),
            ("kind: virtual", "kind: virtual\nnetwork: none", 3, "network is 'none'", "delay_ms"),
            ("model: apc-rpdu", "model: x", 6, "no PDU model is called 'x'", "apc-rpdu"),
        ],
    )
    def test_each_problem_has_its_line_and_what_would_be_right(
        self, tmp_path, old, new, line, problem, remedy
    ):
        found = only(tmp_path, changed(old, new))
        assert found[0] == line
        assert problem in found[1]
        assert remedy in found[2]

    @pytest.mark.parametrize("listed", ["[]", "", "none", "{a: b}"])
    def test_there_must_be_a_handset(self, tmp_path, listed):
        text = GOOD[: GOOD.index("handsets:")] + f"handsets: {listed}\n"
        line, problem, remedy = only(tmp_path, text)
        assert (line, remedy) == (8, "a list of one handset or more")
        assert "handset" in problem

    def test_a_load_that_does_not_tell_its_release_needs_it_given(self, tmp_path):
        text = changed("serial: A1", "serial: A1\n    firmware:\n      swver: sip7832.12.0.2")
        line, problem, remedy = only(tmp_path, text)
        assert (line, problem) == (13, "no release follows from 'sip7832.12.0.2'")
        assert "give version" in remedy

    @pytest.mark.parametrize(
        "question", sorted({entry.name for entry in CATALOGUE} - WITHOUT_EFFECT)
    )
    def test_a_reading_that_is_none_is_answered_with_the_candidates(self, tmp_path, question):
        text = changed("serial: A1", f"serial: A1\n    interpretations: {{{question}: perhaps}}")
        candidates = next(entry.candidates for entry in CATALOGUE if entry.name == question)
        line, _, remedy = only(tmp_path, text)
        assert (line, remedy) == (12, "one of " + ", ".join(map(str, candidates)))


def test_a_reading_that_no_verdict_rests_on_may_not_be_chosen(tmp_path):
    file = tmp_path / "rack.yaml"
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    chosen = "    seed: 1"
    file.write_text(
        text.replace(chosen, f"    interpretations: {{external_address: configured}}\n{chosen}", 1)
    )
    with pytest.raises(InventoryError, match="no verdict of this release depends on"):
        load(file)


# -- a phone that boots faster, and parameters that stand ---------------------------------------------


def with_first(line: str) -> str:
    return GOOD.replace("    serial: A1\n", f"    serial: A1\n    {line}\n")


def test_a_phone_may_boot_at_another_pace_with_other_parameters(tmp_path: Path) -> None:
    text = with_first('boot_pace: 0.02\n    parameters: {Network_Startup_Delay: "0"}')
    entry = read(tmp_path, text).handset("a")
    assert (entry.boot_pace, entry.parameters) == (0.02, {"Network_Startup_Delay": "0"})
    usual = read(tmp_path, GOOD).handset("a")
    assert (usual.boot_pace, usual.parameters) == (1.0, {})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("boot_pace: -1", "boot_pace"),
        ("parameters: {Resync_Sometimes: 'Yes'}", "Resync_Sometimes"),
        ("parameters: {Resync_On_Reset: perhaps}", "cannot be 'perhaps'"),
    ],
)
def test_what_no_phone_can_be_is_told(line: str, told: str, tmp_path: Path) -> None:
    number, problem, remedy = only(tmp_path, with_first(line))
    assert number == 12
    assert told in problem
    assert remedy


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("resync_triger", "did you mean resync_trigger"),
        ("x" * 900, "`hil interpretations list` shows all"),
    ],
)
def test_of_a_question_that_is_none_those_like_it_are_named_and_not_all(
    written: str, remedy: str, tmp_path: Path
) -> None:
    entry = f"serial: A1\n    interpretations: {{{written}: gate}}"
    (_, problem, told) = only(tmp_path, GOOD.replace("serial: A1", entry))
    assert problem == f"no interpretation is called {written[:60]!r}"
    assert told.startswith(remedy)
    assert "hil interpretations list" in told
    assert len(told) < 160
