"""What a phone tells of an upgrade: Log_Upgrade_*_Msg, its macros, the log server of its peers."""

from __future__ import annotations

import pytest
from lives import MISSING, SERVER, Life

from hil.loads import load_files
from hil.reference import attempts
from hil.reference.decisions import REFERENCE
from hil.reference.interpretations import Interpretations
from hil.reference.phone import Log

RUNNING = "sip7832.11-3-2MPP0001-609"
NEW = "sip7832.11-3-2MPP0001-610"
OLD = "sip7832.11-0-1MPP-312"
URL = f"tftp://{SERVER}:69/fw/{NEW}.loads"
SYSLOG = "192.0.2.7"
PEERS = "192.0.2.8:5140"
PHONE = "CP-7832-3PCC 00:0e:08:aa:bb:cc"


def booted(reading: str | None = None, **parameters: str) -> Life:
    usual = {
        "Resync_On_Reset": "No",
        "Upgrade_Rule": f"tftp://{SERVER}/fw/{NEW}.loads",
        "Resync_After_Upgrade_Attempt": "No",
        "Syslog_Server": SYSLOG,
    }
    name, _, value = (reading or "").partition("=")
    chosen = Interpretations().choose(**{name: value} if reading else {})
    return Life(interpretations=chosen, **usual | parameters).power_on().lease(10)


def upgraded(life: Life, name: str = NEW, at: float = 10) -> Life:
    files = load_files(name, 1000)
    return life.upgrade(at).served(at + 1, files).served(at + 2, files)


def expanded(life: Life, at: float, template: str) -> str:
    return attempts.macros(life.phone, round(at * 1e9), REFERENCE).expand(template)


# --- the messages


def test_the_start_is_told_once_and_the_success_with_the_loads_file() -> None:
    life = booted().upgrade(10)
    assert life.logged == [f"{PHONE} -- Requesting upgrade {URL}"]
    files = load_files(NEW, 1000)
    assert life.served(11, files).logged == []
    assert life.served(12, files).logged == [f"{PHONE} -- Successful upgrade {URL} -- OK"]


def test_a_failure_is_told_with_its_reason() -> None:
    assert booted().upgrade(10).answer(11, MISSING).logged == [
        f"{PHONE} -- Upgrade failed: File not found"
    ]


def test_a_load_that_is_started_from_the_other_partition_is_told_of_all_the_same() -> None:
    life = upgraded(booted()).boots(40)
    life.given_rule(50, f"tftp://{SERVER}/fw/{RUNNING}.loads").upgrade(50)
    url = f"tftp://{SERVER}:69/fw/{RUNNING}.loads"
    assert life.logged == [
        f"{PHONE} -- Requesting upgrade {url}",
        f"{PHONE} -- Successful upgrade {url} -- OK",
    ]


def test_what_it_says_of_a_server_that_it_does_not_look_up_is_left_open() -> None:
    life = upgraded(booted()).boots(40)
    life.given_rule(50, f"tftp://fw.example/{RUNNING}.loads").upgrade(50)
    request = next(duty.message for duty in life.duties if isinstance(duty, Log))
    told = f"{PHONE} -- Requesting upgrade tftp://{{}}:69/{RUNNING}.loads"
    assert all(request.accepts(told.format(each)) for each in ("", SERVER, "fw.example"))
    assert not request.accepts(told.format(SERVER).replace("Requesting", "Successful"))


def test_a_rule_that_asks_for_nothing_is_no_attempt() -> None:
    life = booted(Upgrade_Rule=f"tftp://{SERVER}/{RUNNING}.loads").upgrade(10)
    assert (life.logged, life.phone.upgrades.last_attempt) == ([], None)


@pytest.mark.parametrize("kind", ["Request", "Success", "Failure"])
def test_an_empty_message_is_not_sent(kind: str) -> None:
    life = booted(**{f"Log_Upgrade_{kind}_Msg": ""})
    logged = life.upgrade(10).logged
    if kind == "Failure":
        logged = life.answer(11, MISSING).logged
    if kind == "Success":
        files = load_files(NEW, 1000)
        logged = life.served(11, files).served(12, files).logged
    assert logged == []


def test_messages_have_the_macros_of_the_attempt() -> None:
    text = "$MA $UPGST $SCHEME $SERV $SERVIP $PORT $PATH $SWVER"
    life = booted(Log_Upgrade_Request_Msg=text, Log_Upgrade_Failure_Msg=f"{text} <$ERR>")
    target = f"tftp {SERVER} {SERVER} 69 /fw/{NEW}.loads {RUNNING}"
    assert life.upgrade(10).logged == [f"000e08aabbcc 1 {target}"]
    assert life.answer(11, MISSING).logged == [f"000e08aabbcc 1 {target} <File not found>"]
    assert life.upgrade(3611).logged == [f"000e08aabbcc 2 {target}"]


# --- $UPGST, $UPGERR, $UPGTMR, $SWVER


def test_before_any_attempt_there_is_no_state_and_no_time() -> None:
    life = booted()
    assert expanded(life, 100, "<$UPGST> <$UPGERR> <$UPGTMR>") == "<> <> <0>"


def test_before_any_attempt_the_timer_may_be_read_as_very_large() -> None:
    life = booted("timer_before_attempt=very-large")
    assert expanded(life, 100, "$UPGTMR") == "4294967295"


def test_after_a_failure_they_tell_of_it() -> None:
    life = booted().upgrade(10).answer(12, MISSING)
    assert expanded(life, 130, "<$UPGST> <$UPGERR> <$UPGTMR>") == "<2> <File not found> <120>"


def test_the_timer_counts_from_the_beginning_of_the_last_attempt() -> None:
    life = booted(Upgrade_Error_Retry_Delay="60").upgrade(10).answer(12, MISSING).upgrade(72)
    assert expanded(life, 82, "$UPGTMR") == "72"
    life.answer(90, MISSING)
    assert expanded(life, 90.9, "$UPGTMR") == "18"


def test_the_result_outlives_the_reboot_of_the_upgrade() -> None:
    assert expanded(upgraded(booted()).boots(40), 50, "<$UPGERR>") == "<OK>"


@pytest.mark.parametrize("load", [NEW, OLD])
def test_swver_is_the_load_that_runs(load: str) -> None:
    life = booted(Upgrade_Rule=f"tftp://{SERVER}/{load}.loads")
    assert expanded(life, 10, "$SWVER") == RUNNING
    upgraded(life, load)
    assert expanded(life, 20, "$SWVER") == RUNNING
    assert expanded(life.boots(40), 50, "$SWVER") == load


# --- Peer_Firmware_Sharing_Log_Server


def servers(life: Life) -> list[tuple[str, int, str]]:
    return [
        (duty.message.host, duty.message.port, duty.message.text)
        for duty in life.duties
        if isinstance(duty, Log)
    ]


SHARING = {"Peer_Firmware_Sharing_Log_Server": PEERS}
READING = "peer_sharing_log=upgrade-messages"


def test_what_the_log_server_is_told_is_unspecified() -> None:
    assert [host for host, _, _ in servers(booted(**SHARING).upgrade(10))] == [SYSLOG]


def test_read_as_upgrade_messages_it_is_told_what_the_syslog_server_is_told() -> None:
    life = booted(READING, **SHARING).upgrade(10)
    text = f"{PHONE} -- Requesting upgrade {URL}"
    assert servers(life) == [(SYSLOG, 514, text), ("192.0.2.8", 5140, text)]
    assert [host for host, _, _ in servers(life.answer(11, MISSING))] == [SYSLOG, "192.0.2.8"]


def test_it_is_told_where_there_is_no_syslog_server() -> None:
    life = booted(READING, Syslog_Server="", **SHARING).upgrade(10)
    assert [host for host, _, _ in servers(life)] == ["192.0.2.8"]


def test_it_is_not_told_by_a_phone_that_takes_no_part() -> None:
    life = booted(READING, Peer_Firmware_Sharing="No", **SHARING).upgrade(10)
    assert [host for host, _, _ in servers(life)] == [SYSLOG]


def test_it_is_not_told_of_resyncs() -> None:
    life = booted(READING, Upgrade_Rule="", **SHARING).ask(20).begin(20)
    assert [host for host, _, _ in servers(life)] == [SYSLOG]
