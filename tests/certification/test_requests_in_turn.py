"""What somebody asks of a phone that is busy: each request has its turn, none is mixed with another."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Mark
from hil.history.events import ProvisioningRequest
from hil.marks import needs, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    boot_to_lease,
    expect_reboot,
    expect_resyncs,
    fetched,
    idle_phone,
    next_transfer,
    provision,
    soon,
)
from hil.testing.upgrades import check_load, expect_failed_upgrade, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
ANOTHER = "sip7832.11-3-2MPP0001-611"
QUIET = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "0"}
BUSY_S = 10


def busy_phone(
    history: History, handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, **parameters: str
) -> Mark:
    """A phone that was asked for a resync whose file takes `BUSY_S`; the request was seen."""
    for path in ("/first.xml", "/second.xml"):
        http.serve(path, flat_profile())
    http.inject(Delay(BUSY_S), nth=1)
    asked = idle_phone(history, handset, **QUIET | parameters)
    web.resync(f"http://{http.address}/first.xml")
    history.wait(ProvisioningRequest, after=asked, within=soon(handset))
    return history.mark()


@requirement("web.resync", "web.upgrade")
@pytest.mark.parametrize("upgrade_first", [True, False])
def test_a_resync_and_an_upgrade_that_are_asked_for_meanwhile_are_both_done_once(
    upgrade_first: bool,
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    busy = busy_phone(history, handset, http, web)
    server = f"http://{http.address}"
    if upgrade_first:
        web.upgrade(f"{server}/missing.loads")
        web.resync(f"{server}/second.xml")
    else:
        web.resync(f"{server}/second.xml")
        web.upgrade(f"{server}/missing.loads")
    seen = fetched(history, handset, busy, 2, wait=BUSY_S)
    history.check("the files", seen=sorted(seen), due=["/missing.loads", "/second.xml"])
    history.expect_none(ProvisioningRequest, after=history.mark(), within=3600)


@needs("test_loads")
@requirement("web.upgrade", "upgrade.install")
def test_an_upgrade_that_was_asked_for_before_a_resync_is_installed_after_it(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(http, NEWER)
    busy = busy_phone(history, handset, http, web)
    web.upgrade(http.url(path))
    web.resync(http.url("/second.xml"))
    fetched(history, handset, busy, 3, wait=BUSY_S)
    expect_reboot(history, handset, busy)
    check_load(history, handset, web, NEWER)


@requirement("web.upgrade")
def test_an_upgrade_that_is_asked_for_during_a_resync_brings_no_second_resync(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    busy = busy_phone(history, handset, http, web)
    web.upgrade(f"http://{http.address}/missing.loads")
    seen = fetched(history, handset, busy, 1, wait=BUSY_S)
    history.check("the files", seen=seen, due=["/missing.loads"])
    history.expect_none(ProvisioningRequest, after=history.mark(), within=3600)


@requirement("web.resync")
def test_two_rules_that_are_asked_for_meanwhile_are_both_followed_in_their_order(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    busy = busy_phone(history, handset, http, web)
    server = f"http://{http.address}"
    http.serve("/third.xml", flat_profile())
    web.resync(f"{server}/second.xml")
    web.resync(f"{server}/third.xml")
    seen = fetched(history, handset, busy, 2, wait=BUSY_S)
    history.check("the files", seen=seen, due=["/second.xml", "/third.xml"])


@requirement("web.resync")
def test_the_phone_s_own_rule_and_another_are_both_followed(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve("/own.xml", flat_profile())
    busy = busy_phone(history, handset, http, web, Profile_Rule=http.url("/own.xml"))
    web.resync()
    web.resync(http.url("/second.xml"))
    seen = fetched(history, handset, busy, 2, wait=BUSY_S)
    history.check("the files", seen=seen, due=["/own.xml", "/second.xml"])


@requirement("web.upgrade")
def test_two_upgrades_that_are_asked_for_meanwhile_are_both_attempted(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    busy = busy_phone(history, handset, http, web)
    web.upgrade(http.url("/one.loads"))
    web.upgrade(http.url("/other.loads"))
    seen = fetched(history, handset, busy, 2, wait=BUSY_S)
    history.check("the files", seen=seen, due=["/one.loads", "/other.loads"])


# -- upgrades that fail --------------------------------------------------------------------------------


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay", "web.upgrade")
def test_an_upgrade_that_was_asked_for_and_failed_is_tried_again_whatever_resyncs_come_between(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    provision(dhcp, tftp, Resync_Periodic="700")
    delays = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "1500"}
    synced = next_transfer(history, handset, boot_to_lease(history, handset, **delays))
    history.sleep(handset.timing.step)
    path = f"/firmware/{NEWER}.loads"
    web.upgrade(f"http://{http.address}{path}")
    failed = expect_failed_upgrade(history, handset, synced, path)
    spare = handset.timing.late + 1
    for _ in range(2):
        again = history.expect(
            ProvisioningRequest, after=failed, path=path, not_before=1499, within=1500 + spare
        )
        failed = history.wait(
            type(failed), after=again, transfer=again.transfer, within=handset.timing.give_up
        )
    serve_load(http, NEWER)
    again = history.expect(
        ProvisioningRequest, after=failed, path=path, not_before=1499, within=1500 + spare
    )
    history.wait(
        ProvisioningRequest, after=again, path=f"/firmware/{NEWER}.sbn", within=soon(handset)
    )


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.load", "web.upgrade")
def test_after_a_command_that_failed_another_one_is_obeyed_and_then_the_rule_of_a_profile(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    delays = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "5000"}
    asked = idle_phone(history, handset, **delays)
    server = f"tftp://{tftp.address}"
    web.upgrade(f"{server}/missing.loads")
    expect_failed_upgrade(history, handset, asked, "/missing.loads")
    history.sleep(handset.timing.step)
    web.upgrade(f"{server}/{handset.identity.swver}.loads")
    history.sleep(60)
    path = serve_load(tftp, ANOTHER)
    profile = flat_profile(Upgrade_Rule=f"{server}{path}")
    tftp.serve("/profile.xml", profile)
    again = history.mark()
    web.resync(f"{server}/profile.xml")
    synced = next_transfer(history, handset, again)
    expect_upgrade(history, handset, synced, path)


@needs("test_loads")
@requirement("upgrade.rule", "web.upgrade")
def test_a_command_that_failed_and_is_not_tried_again_leaves_the_rule_of_a_profile_its_turn(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, **QUIET)
    server = f"tftp://{tftp.address}"
    web.upgrade(f"{server}/missing.loads")
    expect_failed_upgrade(history, handset, asked, "/missing.loads")
    history.sleep(60)
    path = serve_load(tftp, ANOTHER)
    tftp.serve("/profile.xml", flat_profile(Upgrade_Rule=f"{server}{path}"))
    again = history.mark()
    web.resync(f"{server}/profile.xml")
    expect_upgrade(history, handset, next_transfer(history, handset, again), path)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.enable", "upgrade.error_retry_delay")
def test_a_profile_with_upgrade_enable_no_ends_the_retries(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}/missing.loads"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="700")
    delays = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "3000"}
    synced = next_transfer(history, handset, boot_to_lease(history, handset, **delays))
    failed = expect_failed_upgrade(history, handset, synced, "/missing.loads")
    provision(dhcp, tftp, Upgrade_Enable="No", Resync_Periodic="0")
    synced = expect_resyncs(history, handset, failed, (600, 710), requirement="resync.periodic")
    history.expect_none(ProvisioningRequest, after=synced, within=7200)


@reading(upgrade_reattempt="after-failure", empty_element=("set-empty", "default"))
@requirement("upgrade.rule", "upgrade.error_retry_delay")
def test_a_profile_that_empties_upgrade_rule_ends_the_retries(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}/missing.loads"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="700")
    delays = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "3000"}
    synced = next_transfer(history, handset, boot_to_lease(history, handset, **delays))
    failed = expect_failed_upgrade(history, handset, synced, "/missing.loads")
    provision(dhcp, tftp, Upgrade_Rule="", Resync_Periodic="0")
    synced = expect_resyncs(history, handset, failed, (600, 710), requirement="resync.periodic")
    history.expect_none(ProvisioningRequest, after=synced, within=7200)


# -- a load that runs already -------------------------------------------------------------------------


@needs("test_loads")
@requirement("upgrade.load")
def test_the_load_that_runs_is_not_installed_from_a_file_of_another_name(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    path = serve_load(tftp, handset.identity.swver, name="current")
    rule = f"tftp://{tftp.address}{path}"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="700")
    delays = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "0"}
    synced = next_transfer(history, handset, boot_to_lease(history, handset, **delays))
    looked = expect_failed_upgrade(history, handset, synced, path)
    # Neither its image nor, since the rule is as it was, the same file again.
    expect_resyncs(history, handset, looked, (600, 710), 700, 700, requirement="upgrade.load")
    seen = [each.path for each in history.all(ProvisioningRequest, after=looked)]
    history.check("files of a load", seen=[p for p in seen if "firmware" in p], due=[])
