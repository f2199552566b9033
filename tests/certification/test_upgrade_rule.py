"""Upgrade_Rule: which load is asked for, under which conditions, and from where."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, SyslogMessage
from hil.marks import needs, quick, reading, requirement
from hil.reference.phone import Phone
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, idle_phone, next_transfer, provision, soon
from hil.testing.upgrades import check_load, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
ANCIENT = "sip7832.1-0-1MPP-1"
"""A load in the notation of releases up to 11.3(1)SR1, older than any that a phone runs."""
FUTURE = "sip7832.99-0-1MPP0001-1"
"""One in the notation of 11.3(2) and later, newer than any that a phone runs."""
ALONE = {
    "Resync_On_Reset": "No",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "0",
}


def asked_for(history: History, handset: HandsetControl, rule: str, **parameters: str) -> list[str]:
    """The path that a phone with this rule asks for; the file does not exist."""
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE | parameters)
    return fetched(history, handset, lease, 1)


# -- conditions --------------------------------------------------------------------------------------


@requirement("upgrade.rule")
@pytest.mark.parametrize(
    "condition",
    [
        f"$SWVER lt {FUTURE}",
        f"$SWVER le {FUTURE}",
        f"$SWVER ne {FUTURE}",
        f"$SWVER gt {ANCIENT}",
        f"$SWVER ge {ANCIENT}",
        f"$SWVER ne {ANCIENT}",
        '"$CCERT" eq "Installed"',
    ],
)
def test_where_the_condition_holds_the_load_is_asked_for(
    handset: HandsetControl, tftp: TftpEndpoint, history: History, condition: str
) -> None:
    seen = asked_for(history, handset, f"({condition})? tftp://{tftp.address}/fw/x.loads")
    history.check("the load", seen=seen, due=["/fw/x.loads"])


@requirement("upgrade.rule")
@pytest.mark.parametrize(
    "condition",
    [
        f"$SWVER ge {FUTURE}",
        f"$SWVER gt {FUTURE}",
        f"$SWVER eq {FUTURE}",
        f"$SWVER lt {ANCIENT}",
        f"$SWVER le {ANCIENT}",
        f"$SWVER eq {ANCIENT}",
    ],
)
def test_where_the_condition_does_not_hold_nothing_is_asked_for(
    handset: HandsetControl, tftp: TftpEndpoint, history: History, condition: str
) -> None:
    rule = f"({condition})? tftp://{tftp.address}/fw/x.loads"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("upgrade.rule", "web.upgrade")
def test_where_the_condition_of_a_command_does_not_hold_nothing_is_asked_for(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, **ALONE)
    web.upgrade(f"($SWVER lt {ANCIENT})? tftp://{tftp.address}/fw/x.loads")
    history.expect_none(ProvisioningRequest, after=asked, within=7200)


@requirement("upgrade.rule")
def test_the_load_that_runs_equals_itself(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    server, running = f"tftp://{tftp.address}", handset.identity.swver
    rule = f"($SWVER ne {running})? {server}/other.loads | ($SWVER eq {running})? {server}/it.loads"
    history.check("the load", seen=asked_for(history, handset, rule), due=["/it.loads"])


@quick
@requirement("upgrade.rule")
def test_the_first_alternative_whose_condition_holds_is_taken(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    server = f"tftp://{tftp.address}"
    rule = (
        f"($SWVER lt {ANCIENT})? {server}/first.loads"
        f" | ($SWVER lt {FUTURE})? {server}/second.loads"
        f" | ($SWVER gt {ANCIENT})? {server}/third.loads"
    )
    history.check("the load", seen=asked_for(history, handset, rule), due=["/second.loads"])


@requirement("upgrade.rule")
def test_the_last_alternative_needs_no_condition(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    server = f"tftp://{tftp.address}"
    rule = f"($SWVER ge {FUTURE})? {server}/first.loads | {server}/last.loads"
    history.check("the load", seen=asked_for(history, handset, rule), due=["/last.loads"])


@requirement("upgrade.rule.default", "upgrade.rule")
def test_an_empty_rule_asks_for_nothing(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, Upgrade_Rule="", **ALONE)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("upgrade.rule")
def test_a_rule_that_is_commented_out_asks_for_nothing(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    rule = f"# tftp://{tftp.address}/fw/x.loads"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("upgrade.rule", "macros.parameters")
def test_macros_expand_in_the_rule(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}/$PSN/$MA/$(A:1:2)/$B.loads"
    seen = asked_for(history, handset, rule, GPP_A="xfwx", GPP_B="load")
    due = [f"/7832-3PCC/{handset.identity.ma}/fw/load.loads"]
    history.check("the load", seen=seen, due=due)


@needs("test_loads")
@requirement("upgrade.rule", "upgrade.load")
def test_a_rule_that_a_profile_sets_is_followed_after_the_resync(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    path = serve_load(tftp, NEWER)
    rule = f"($SWVER ne {NEWER})? tftp://{tftp.address}{path}"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="0")
    lease = boot_to_lease(history, handset)
    synced = next_transfer(history, handset, lease)
    expect_upgrade(history, handset, synced, path)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.rule")
@reading(upgrade_options="rejected")
def test_options_are_no_part_of_the_rule(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    path = serve_load(tftp, NEWER)
    asked = idle_phone(
        history,
        handset,
        Syslog_Server=syslog.address,
        Log_Upgrade_Failure_Msg="failed",
        **ALONE,
    )
    for options in ("--uid phone --pwd s3cret", "--key s3cret", "--post a", "--srv"):
        told = history.mark()
        web.upgrade(f"[{options}] tftp://{tftp.address}{path}")
        within = soon(handset) + handset.timing.message
        history.expect(SyslogMessage, after=told, text="failed", within=within)
    history.expect_none(ProvisioningRequest, after=asked, within=60)


# -- where it comes from -----------------------------------------------------------------------------


@needs("test_loads")
@requirement("upgrade.url")
def test_without_a_protocol_it_comes_by_tftp_from_port_69(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(tftp, NEWER)
    lease = boot_to_lease(history, handset, Upgrade_Rule=f"{tftp.address}{path}", **ALONE)
    expect_upgrade(history, handset, lease, path)
    ports = {(each.scheme, each.port) for each in history.all(ProvisioningRequest, after=lease)}
    history.check("protocol and port", seen=ports, due={("tftp", 69)})


@needs("test_loads")
@requirement("upgrade.url.port", "upgrade.url")
def test_http_means_port_80(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(http, NEWER)
    lease = boot_to_lease(history, handset, Upgrade_Rule=f"http://{http.address}{path}", **ALONE)
    expect_upgrade(history, handset, lease, path)
    ports = {(each.scheme, each.port) for each in history.all(ProvisioningRequest, after=lease)}
    history.check("protocol and port", seen=ports, due={("http", 80)})


@needs("test_loads")
@requirement("upgrade.url.port", "upgrade.url")
def test_https_means_port_443(
    handset: HandsetControl,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    dns.answer(HTTPS_NAME, https.address)
    path = serve_load(https, NEWER)
    lease = boot_to_lease(history, handset, Upgrade_Rule=f"https://{HTTPS_NAME}{path}", **ALONE)
    expect_upgrade(history, handset, lease, path)
    ports = {(each.scheme, each.port) for each in history.all(ProvisioningRequest, after=lease)}
    history.check("protocol and port", seen=ports, due={("https", 443)})


@needs("test_loads")
@requirement("upgrade.url.port", "upgrade.url")
def test_a_port_in_the_rule_is_used_for_the_whole_load(
    handset: HandsetControl, tftp_6900: TftpEndpoint, history: History
) -> None:
    path = serve_load(tftp_6900, NEWER)
    rule = f"tftp://{tftp_6900.address}:6900{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, path)
    ports = {each.port for each in history.all(ProvisioningRequest, after=lease)}
    history.check("the ports", seen=ports, due={6900})


@needs("test_loads")
@requirement("upgrade.url.port", "upgrade.url")
def test_an_http_port_in_the_rule_is_used_for_the_whole_load(
    handset: HandsetControl, http_8080: HttpEndpoint, history: History
) -> None:
    path = serve_load(http_8080, NEWER)
    rule = f"http://{http_8080.address}:8080{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, path)
    ports = {each.port for each in history.all(ProvisioningRequest, after=lease)}
    history.check("the ports", seen=ports, due={8080})


@needs("test_loads")
@requirement("upgrade.url.server", "upgrade.url")
def test_a_rule_without_a_server_is_an_error_or_means_the_server_of_dhcp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    path = serve_load(tftp, NEWER)
    dhcp.offer(option_66=tftp.address)
    log = {"Syslog_Server": syslog.address, "Log_Upgrade_Failure_Msg": "failed"}
    lease = boot_to_lease(history, handset, Upgrade_Rule=path, **log, **ALONE)
    if reference.interpretations.upgrade_missing_server == "dhcp":
        expect_upgrade(history, handset, lease, path)
        return
    within = soon(handset) + handset.timing.message
    history.expect(SyslogMessage, after=lease, text="failed", within=within)
    history.expect_none(ProvisioningRequest, after=lease, within=60)
