"""Resync_Periodic: when the next resync follows a successful one."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest
from hil.marks import reading, requirement
from hil.pace.timers import Pace
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs, first_resync, provision


@requirement("resync.periodic")
def test_an_integer_is_the_seconds_to_the_next_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    period = pace.timer("Resync_Periodic", 3000, quick=5)
    provision(dhcp, tftp, Resync_Periodic=str(period))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, period, period)


@requirement("resync.periodic.default", "resync.periodic")
def test_the_default_is_3600_seconds(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    synced = first_resync(history, handset, handset.boot())
    expect_resyncs(history, handset, synced, 3600, 3600)


@requirement("resync.periodic.list", "resync.periodic")
def test_a_list_is_taken_element_by_element(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delays = pace.timers("Resync_Periodic", (600, 1200, 300), quick=(4, 8, 2))
    provision(dhcp, tftp, Resync_Periodic=" , ".join(map(str, delays)))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, *delays)


@reading(list_exhaustion="repeat-last")
@requirement("resync.periodic.list", "resync.periodic")
def test_the_last_element_of_a_list_is_repeated(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delays = pace.timers("Resync_Periodic", (600, 1200, 300), quick=(4, 8, 2))
    provision(dhcp, tftp, Resync_Periodic=",".join(map(str, delays)))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, *delays, *[delays[-1]] * 3)


@requirement("resync.periodic.range", "resync.periodic")
def test_a_range_is_the_earliest_second_and_how_many_more(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="2400+30")
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, *[(2400, 2430)] * 8)


@reading(list_exhaustion="repeat-last")
@requirement("resync.periodic.range", "resync.periodic")
def test_each_element_of_a_list_may_be_a_range(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="1800+300,3600+600")
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, (1800, 2100), (3600, 4200), (3600, 4200))


@requirement("resync.periodic.zero", "resync.periodic")
def test_zero_disables_periodic_resyncs(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.expect_none(ProvisioningRequest, after=synced, within=86_400)


@requirement("resync.periodic")
def test_an_empty_value_disables_periodic_resyncs(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    synced = first_resync(history, handset, handset.boot(Resync_Periodic=""))
    history.expect_none(ProvisioningRequest, after=synced, within=86_400)


@requirement("resync.periodic")
def test_a_profile_sets_the_time_to_the_resync_that_follows_it(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    first, then = pace.timers("Resync_Periodic", (600, 1500), quick=(2, 5))
    provision(dhcp, tftp, Resync_Periodic=str(first))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_Periodic=str(then)))
    expect_resyncs(history, handset, synced, first, then, then)


@requirement("resync.periodic.list", "resync.periodic")
def test_another_list_begins_with_its_first_element(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delays = pace.timers(
        "Resync_Periodic", (600, 1200, 300, 900, 1800, 100), quick=(4, 8, 3, 6, 10, 2)
    )
    old, new = delays[:3], delays[3:]
    provision(dhcp, tftp, Resync_Periodic=",".join(map(str, old)))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    again = expect_resyncs(history, handset, synced, old[0])
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_Periodic=",".join(map(str, new))))
    expect_resyncs(history, handset, again, old[1], *new)


@requirement("resync.periodic")
def test_two_days_of_periodic_resyncs_keep_their_hour(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="3600")
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, *[3600] * 48)


@requirement("resync.periodic.first_success")
def test_without_a_first_resync_there_is_no_periodic_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_On_Reset="No", Resync_Periodic="600")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=86_400)


@requirement("resync.periodic.first_success")
def test_a_first_resync_that_fails_does_not_start_the_periodic_timer(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Periodic="600", Resync_Error_Retry_Delay="0")
    failed = first_resync(history, handset, up)
    history.expect_none(ProvisioningRequest, after=failed, within=86_400)
