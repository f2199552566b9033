"""Which load is fetched and started: one that differs from the running one, and only once."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import DhcpMessage, ProvisioningRequest
from hil.marks import needs, quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    DEFAULT_PATH,
    boot_to_lease,
    expect_reboot,
    expect_resyncs,
    next_transfer,
    provision,
)
from hil.testing.upgrades import check_load, expect_failed_upgrade, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
ANOTHER = "sip7832.11-3-2MPP0001-611"
OLDER = "sip7832.11-0-1MPP-312"
"""A release up to 11.3(1)SR1, in the notation of those."""
ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
HOURLY = {"Resync_Periodic": "3600", "Resync_After_Upgrade_Attempt": "No"}


def loads_asked_for(history: History, after: Moment) -> list[str]:
    asked = history.all(ProvisioningRequest, after=after)
    return [each.path for each in asked if each.path.endswith(".loads")]


# -- what differs ------------------------------------------------------------------------------------


@needs("test_loads")
@requirement("upgrade.load")
@pytest.mark.parametrize("load", [NEWER, OLDER])
def test_a_load_that_differs_is_fetched_with_all_that_belongs_to_it(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History, load: str
) -> None:
    path = serve_load(tftp, load)
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, path)
    asked = [each.path for each in history.all(ProvisioningRequest, after=lease)]
    history.check("the files", seen=asked, due=[path, f"/firmware/{load}.sbn"])
    check_load(history, handset, web, load)


@needs("test_loads")
@requirement("upgrade.load")
def test_the_load_that_runs_is_not_fetched(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    path = serve_load(tftp, handset.identity.swver)
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@needs("test_loads")
@requirement("upgrade.load")
def test_after_the_upgrade_the_same_rule_fetches_nothing_not_even_after_a_power_cycle(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, path)
    up = handset.power_cycle()
    history.expect_none(ProvisioningRequest, after=up, within=7200)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.load")
def test_the_load_in_the_other_partition_is_started_without_being_fetched(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    former = handset.identity.swver
    path, back = serve_load(tftp, NEWER), serve_load(tftp, former)
    server = f"tftp://{tftp.address}"
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, Upgrade_Rule=f"{server}{path}", **ALONE)
    expect_upgrade(history, handset, lease, path)
    check_load(history, handset, web, NEWER)
    for rule, load in ((back, former), (path, NEWER)):
        provision(dhcp, tftp, Upgrade_Rule=f"{server}{rule}", Resync_Periodic="0")
        asked = history.mark()
        web.resync()
        synced = next_transfer(history, handset, asked)
        expect_reboot(history, handset, synced)
        history.check("loads asked for", seen=loads_asked_for(history, asked), due=[])
        check_load(history, handset, web, load)


@needs("test_loads")
@quick
@requirement("upgrade.load")
def test_the_other_partition_outlives_a_loss_of_power(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    dhcp: DhcpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    former = handset.identity.swver
    path = serve_load(tftp, NEWER)
    provision(dhcp, tftp, Upgrade_Rule=f"tftp://{tftp.address}/firmware/{former}.loads")
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, path)
    up = handset.power_cycle()
    history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    check_load(history, handset, web, NEWER)
    asked = history.mark()
    web.resync()
    synced = next_transfer(history, handset, asked)
    expect_reboot(history, handset, synced)
    history.check("loads asked for", seen=loads_asked_for(history, synced), due=[])
    check_load(history, handset, web, former)


# -- what is settled ---------------------------------------------------------------------------------


@needs("test_loads")
@requirement("upgrade.settled")
def test_what_was_upgraded_is_not_attempted_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """The rule's file is not named after the load, so only the phone's memory tells that it is done."""
    path = serve_load(tftp, NEWER, name="latest")
    provision(dhcp, tftp, Upgrade_Rule=f"tftp://{tftp.address}{path}", **HOURLY)
    lease = boot_to_lease(history, handset, **HOURLY)
    synced = next_transfer(history, handset, lease)
    booted = expect_upgrade(history, handset, synced, path)
    history.expect(ProvisioningRequest, after=booted, path=DEFAULT_PATH, within=3700)
    history.expect_none(ProvisioningRequest, after=booted, path=path, within=12_000)


@needs("test_loads")
@requirement("upgrade.settled")
@pytest.mark.parametrize(
    ("rule", "register"),
    [("/firmware/next.loads", "latest"), ("/firmware/$A.loads", "next")],
)
def test_another_rule_or_another_url_of_the_same_rule_is_attempted(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    rule: str,
    register: str,
) -> None:
    first = serve_load(tftp, NEWER, name="latest")
    server = f"tftp://{tftp.address}"
    provision(dhcp, tftp, Upgrade_Rule=f"{server}/firmware/$A.loads", GPP_A="latest", **HOURLY)
    lease = boot_to_lease(history, handset, **HOURLY)
    synced = next_transfer(history, handset, lease)
    booted = expect_upgrade(history, handset, synced, first)
    second = serve_load(tftp, ANOTHER, name="next")
    provision(dhcp, tftp, Upgrade_Rule=f"{server}{rule}", GPP_A=register, **HOURLY)
    history.sleep(handset.timing.step)
    web.resync()
    synced = next_transfer(history, handset, booted)
    expect_upgrade(history, handset, synced, second)
    check_load(history, handset, web, ANOTHER)


@needs("test_loads")
@requirement("upgrade.settled")
def test_a_load_that_the_rule_is_done_with_is_left_for_the_one_that_was_asked_for(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    path, wanted = serve_load(tftp, NEWER), serve_load(tftp, ANOTHER)
    server = f"tftp://{tftp.address}"
    provision(dhcp, tftp, Upgrade_Rule=f"{server}{path}", **HOURLY)
    lease = boot_to_lease(history, handset, **HOURLY)
    synced = next_transfer(history, handset, lease)
    booted = expect_upgrade(history, handset, synced, path)
    history.sleep(handset.timing.step)
    web.upgrade(f"{server}{wanted}")
    again = expect_upgrade(history, handset, booted, wanted)
    expect_resyncs(history, handset, again, (0, 3700), requirement="resync.periodic")
    history.expect_none(ProvisioningRequest, after=again, path=path, within=8000)
    check_load(history, handset, web, ANOTHER)


@reading(upgrade_reattempt="after-failure", empty_element=("set-empty", "default"))
@requirement("upgrade.rule", "upgrade.settled")
@pytest.mark.parametrize("between", ["", "/firmware/RUNNING.loads"], ids=["none", "running"])
def test_a_rule_that_failed_and_comes_back_after_another_is_attempted_at_once(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    between: str,
) -> None:
    rules = [f"tftp://{tftp.address}/missing.loads"] * 3
    rules[1] = between.replace("RUNNING", handset.identity.swver)
    if between:
        rules[1] = f"tftp://{tftp.address}{rules[1]}"
    quiet = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "86400"}
    last: Moment = boot_to_lease(history, handset, Resync_On_Reset="No", **quiet)
    for rule in rules:
        history.sleep(handset.timing.step)
        tftp.serve("/next.xml", flat_profile(Upgrade_Rule=rule, Resync_Periodic="0"))
        last = history.mark()
        web.resync(f"tftp://{tftp.address}/next.xml")
        last = next_transfer(history, handset, last)
        if "missing" in rule:
            expect_failed_upgrade(history, handset, last, "/missing.loads")
        else:
            history.expect_none(ProvisioningRequest, after=last, within=600)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.settled", "upgrade.error_retry_delay")
def test_back_at_a_rule_that_is_done_the_retries_of_the_other_end(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    done = serve_load(tftp, NEWER, name="latest")
    server = f"tftp://{tftp.address}"
    quiet = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "600"}
    lease = boot_to_lease(
        history, handset, Resync_On_Reset="No", Upgrade_Rule=f"{server}{done}", **quiet
    )
    expect_upgrade(history, handset, lease, done)
    history.sleep(handset.timing.step)
    tftp.serve("/other.xml", flat_profile(Upgrade_Rule=f"{server}/missing.loads"))
    tftp.serve("/back.xml", flat_profile(Upgrade_Rule=f"{server}{done}", Resync_Periodic="0"))
    asked = history.mark()
    web.resync(f"{server}/other.xml")
    synced = next_transfer(history, handset, asked)
    expect_failed_upgrade(history, handset, synced, "/missing.loads")
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.resync(f"{server}/back.xml")
    synced = next_transfer(history, handset, asked)
    history.expect_none(ProvisioningRequest, after=synced, within=7200)
