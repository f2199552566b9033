"""What an upgrade fetches, installs and leaves alone.

All phones run sip7832.11-3-2MPP0001-609, have their lease at 10 s of lab time, and do no resync unless
a test is about it.
"""

from __future__ import annotations

import pytest
from lives import MISSING, PHONE, SERVER, Life

from hil.loads import Flaws, load_files
from hil.reference.interpretations import Interpretations
from hil.reference.phone import Finished, Phase, Purpose
from hil.reference.responses import HttpAnswer, TftpAnswer

RUNNING = "sip7832.11-3-2MPP0001-609"
NEW = "sip7832.11-3-2MPP0001-610"
OLD = "sip7832.11-0-1MPP-312"
URL = f"tftp://{SERVER}:69/fw/{NEW}"
FILES = load_files(NEW, 1000)
OK, WRONG = "OK", "wrong"


def booted(reading: str | None = None, **parameters: str) -> Life:
    """A phone that is idle; with an Upgrade_Rule for `NEW` unless another is given."""
    usual = {"Resync_On_Reset": "No", "Upgrade_Rule": f"tftp://{SERVER}/fw/{NEW}.loads"}
    name, _, value = (reading or "").partition("=")
    chosen = Interpretations().choose(**{name: value} if reading else {})
    return Life(interpretations=chosen, **usual | parameters).power_on().lease(10)


def upgraded(life: Life, at: float = 10, name: str = NEW) -> Life:
    """The load is fetched and installed; the phone has its lease again 35 s later."""
    files = load_files(name, 1000)
    return life.upgrade(at).served(at, files).served(at, files).boots(at + 30)


# --- Upgrade_Enable


def test_an_upgrade_is_due_as_soon_as_the_phone_is_idle() -> None:
    life = booted()
    assert (life.phone.phase, life.upgrade_due) == (Phase.WAITING, (10, 10, "first"))


def test_without_upgrade_enable_there_is_none() -> None:
    life = booted(Upgrade_Enable="No")
    assert life.upgrade_due is None
    assert life.upgrade(10).duties == ()
    assert life.phone.phase is Phase.WAITING


@pytest.mark.parametrize("provision", ["Yes", "No"])
def test_upgrades_do_not_ask_for_provision_enable(provision: str) -> None:
    on = booted(Provision_Enable=provision, Resync_On_Reset="Yes", Resync_Random_Delay="0")
    assert on.upgrade_due == (10, 10 if provision == "No" else float("inf"), "first")
    assert on.upgrade(10).url == f"{URL}.loads"


def test_resyncs_do_not_ask_for_upgrade_enable() -> None:
    life = booted(Upgrade_Enable="No", Resync_On_Reset="Yes", Resync_Random_Delay="0")
    assert life.begin(10).url == f"tftp://{SERVER}:69/7832-3PCC.xml"


# --- what is fetched


def test_the_loads_file_is_fetched_and_then_its_members_from_its_directory() -> None:
    life = booted().upgrade(10)
    assert (life.phone.phase, life.url) == (Phase.UPGRADING, f"{URL}.loads")
    assert life.fetching.rule == "Upgrade_Rule"
    assert life.served(11, FILES).url == f"{URL}.sbn"


def test_then_it_is_installed_and_the_phone_reboots_into_it() -> None:
    life = booted().upgrade(10).served(11, FILES).served(12, FILES)
    assert (life.installs, life.reboots, life.phone.phase) == ([(NEW, True)], True, Phase.REBOOTING)
    assert Finished(True, "", Purpose.UPGRADE) in life.duties
    life.boots(40)
    assert (life.phone.identity.swver, life.phone.identity.version) == (NEW, "11.3.2")
    assert life.phone.upgrades.standby == RUNNING


def test_members_come_from_where_a_redirect_led() -> None:
    life = booted(Upgrade_Rule=f"http://{SERVER}/fw/{NEW}.loads").upgrade(10)
    life.answer(11, HttpAnswer(302, location=f"/moved/{NEW}.loads"))
    assert life.url == f"http://{SERVER}:80/moved/{NEW}.loads"
    assert life.answer(12, HttpAnswer(200, FILES[f"{NEW}.loads"])).url == (
        f"http://{SERVER}:80/moved/{NEW}.sbn"
    )


def test_the_load_that_runs_is_not_fetched() -> None:
    life = booted(Upgrade_Rule=f"tftp://{SERVER}/{RUNNING}.loads")
    assert life.upgrade_due is None
    begun = life.upgrade(10)
    assert (begun.url, begun.reboots, begun.phone.phase) == (None, False, Phase.WAITING)


def test_a_file_that_turns_out_to_be_the_load_that_runs_is_not_installed() -> None:
    running = load_files(RUNNING, 1000)[f"{RUNNING}.loads"]
    life = booted(Upgrade_Rule=f"tftp://{SERVER}/latest.loads").upgrade(10)
    life.answer(11, TftpAnswer(running))
    assert (life.url, life.installs, life.phone.phase) == (None, [], Phase.WAITING)


def test_an_older_load_is_another_one_too() -> None:
    life = upgraded(booted(Upgrade_Rule=f"tftp://{SERVER}/{OLD}.loads"), name=OLD)
    assert (life.phone.identity.swver, life.phone.identity.version) == (OLD, "11.0.1")


def test_a_load_in_the_other_partition_is_started_without_being_fetched() -> None:
    life = upgraded(booted())
    life.given_rule(50, f"tftp://{SERVER}/fw/{RUNNING}.loads")
    assert life.upgrade_due == (50, 50, "first")
    life.upgrade(50)
    assert (life.url, life.looking_for) == (None, None)
    assert (life.installs, life.reboots) == ([(RUNNING, False)], True)
    life.boots(60)
    assert (life.phone.identity.swver, life.phone.upgrades.standby) == (RUNNING, NEW)


def test_a_loss_of_power_leaves_both_partitions() -> None:
    life = upgraded(booted()).power_off(60).power_on(61).lease(70)
    assert (life.phone.identity.swver, life.phone.upgrades.standby) == (NEW, RUNNING)
    life.given_rule(80, f"tftp://{SERVER}/fw/{RUNNING}.loads")
    assert life.upgrade(80).installs == [(RUNNING, False)]


def test_a_host_name_is_looked_up_and_failing_that_the_upgrade_fails() -> None:
    rule = f"tftp://prov.example/{NEW}.loads"
    assert booted(Upgrade_Rule=rule).upgrade(10).looking_for == "prov.example"
    found = booted(Upgrade_Rule=rule).upgrade(10).located(11, SERVER)
    assert found.fetching.server == SERVER
    missed = booted(Upgrade_Rule=rule).upgrade(10).located(11, None)
    assert missed.finished == Finished(False, "prov.example has no address", Purpose.UPGRADE)


# --- Upgrade_Rule


@pytest.mark.parametrize(
    ("rule", "url"),
    [
        (f"{SERVER}/{NEW}.loads", f"tftp://{SERVER}:69/{NEW}.loads"),
        (f"{SERVER}:6900/{NEW}.loads", f"tftp://{SERVER}:6900/{NEW}.loads"),
        (f"http://{SERVER}/{NEW}.loads", f"http://{SERVER}:80/{NEW}.loads"),
        (f"https://{SERVER}/{NEW}.loads", f"https://{SERVER}:443/{NEW}.loads"),
        (f"http://{SERVER}:8080/{NEW}.loads", f"http://{SERVER}:8080/{NEW}.loads"),
        (
            f"($SWVER lt {NEW})? tftp://{SERVER}/a.loads | tftp://{SERVER}/b.loads",
            f"tftp://{SERVER}:69/a.loads",
        ),
        (
            f"($SWVER ge {NEW})? tftp://{SERVER}/a.loads | tftp://{SERVER}/b.loads",
            f"tftp://{SERVER}:69/b.loads",
        ),
        (
            f"($SWVER gt {OLD})? tftp://{SERVER}/newer.loads",
            f"tftp://{SERVER}:69/newer.loads",
        ),
        (f"tftp://{SERVER}/$PSN/$A.loads", f"tftp://{SERVER}:69/7832-3PCC/x.loads"),
    ],
)
def test_the_rule_is_read_like_profile_rule(rule: str, url: str) -> None:
    assert booted(Upgrade_Rule=rule, GPP_A="x").upgrade(10).url == url


@pytest.mark.parametrize(
    "rule",
    [
        "",
        f"# tftp://{SERVER}/{NEW}.loads",
        f"($SWVER ne {RUNNING})? tftp://{SERVER}/{NEW}.loads",
        f"($SWVER lt {OLD})? tftp://{SERVER}/{NEW}.loads",
    ],
)
def test_a_rule_may_ask_for_nothing(rule: str) -> None:
    assert booted(Upgrade_Rule=rule).upgrade_due is None


def test_a_rule_without_a_server_fails_unless_dhcp_may_name_it() -> None:
    rule = f"/{NEW}.loads"
    life = booted(Upgrade_Rule=rule).upgrade(10)
    assert life.finished is not None
    assert not life.finished.succeeded
    other = booted("upgrade_missing_server=dhcp", Upgrade_Rule=rule).upgrade(10)
    assert other.url == f"tftp://{SERVER}:69/{NEW}.loads"


def test_options_in_brackets_are_rejected_unless_credentials_are_read_to_be_allowed() -> None:
    rule = f"[--uid u --pwd p] http://{SERVER}/{NEW}.loads"
    assert booted(Upgrade_Rule=rule).upgrade(10).url is None
    allowed = booted("upgrade_options=uid-pwd", Upgrade_Rule=rule).upgrade(10)
    assert allowed.url == f"http://{SERVER}:80/{NEW}.loads"


# --- what is not installed


def loads_file(**changes) -> TftpAnswer:
    return TftpAnswer(load_files(NEW, 1000, **changes)[f"{NEW}.loads"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (MISSING, "File not found"),
        (TftpAnswer(error=2, text="access violation"), "TFTP error 2 access violation"),
        (TftpAnswer(b""), "corrupt load: the file does not begin with its format line"),
        (
            loads_file(flaws=Flaws(unsigned=True)),
            "corrupt load: the file does not end with a signature",
        ),
        (
            loads_file(key=bytes(range(32))),
            "corrupt load: not signed with the key that the phone trusts",
        ),
        (loads_file(model="8832"), "corrupt load: made for 8832, this is a 7832"),
    ],
)
def test_a_loads_file_that_is_none_fails(answer: TftpAnswer, reason: str) -> None:
    life = booted().upgrade(10).answer(11, answer)
    assert life.finished == Finished(False, reason, Purpose.UPGRADE)
    assert (life.installs, life.reboots, life.phone.phase) == ([], False, Phase.WAITING)


@pytest.mark.parametrize(
    "member",
    [
        MISSING,
        TftpAnswer(FILES[f"{NEW}.sbn"][:999]),
        TftpAnswer(FILES[f"{NEW}.sbn"][:999] + b"x"),
        TftpAnswer(size=1000, sha256="00" * 32),
    ],
)
def test_a_member_that_is_missing_truncated_or_damaged_fails(member: TftpAnswer) -> None:
    life = booted().upgrade(10).served(11, FILES).answer(12, member)
    assert life.finished is not None
    assert not life.finished.succeeded
    assert (life.installs, life.reboots) == ([], False)
    assert life.phone.identity == PHONE
