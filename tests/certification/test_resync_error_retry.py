"""Resync_Error_Retry_Delay: when a failed resync is tried again, and what makes a resync fail."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import Silence
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DnsAnswer, ProvisioningRequest
from hil.marks import reading, requirement
from hil.pace.timers import Pace
from hil.testbed.control import HandsetControl
from hil.testing import (
    DEFAULT_PATH,
    expect_reboot,
    expect_resyncs,
    failure_told,
    first_resync,
    next_transfer,
    provision,
)

# -- the delay: the profile is missing ---------------------------------------------------------------


@requirement("resync.error_retry_delay")
def test_an_integer_is_the_seconds_to_the_next_attempt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delay = pace.timer("Resync_Error_Retry_Delay", 300, quick=4)
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay=str(delay))
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, delay, delay)


@requirement("resync.error_retry_delay.list", "resync.error_retry_delay")
def test_a_list_is_taken_element_by_element(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delays = pace.timers("Resync_Error_Retry_Delay", (600, 1200, 300), quick=(4, 8, 2))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay=" , ".join(map(str, delays)))
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, *delays)


@reading(list_exhaustion="repeat-last")
@requirement("resync.error_retry_delay.list", "resync.error_retry_delay")
def test_the_last_element_of_a_list_is_repeated(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delays = pace.timers("Resync_Error_Retry_Delay", (600, 1200, 300), quick=(4, 8, 2))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay=",".join(map(str, delays)))
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, *delays, *[delays[-1]] * 3)


@requirement("resync.error_retry_delay.list", "web.reboot")
def test_after_a_reboot_the_list_starts_from_its_first_element(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    delays = {"Resync_Random_Delay": "0", "Resync_Error_Retry_Delay": "600,1200,300"}
    failed = first_resync(history, handset, handset.boot(**delays))
    expect_resyncs(history, handset, failed, 600)
    history.sleep(60)
    mark = history.mark()
    web.reboot()
    failed = next_transfer(history, handset, expect_reboot(history, handset, mark))
    expect_resyncs(history, handset, failed, 600, 1200)


@requirement("resync.error_retry_delay.range", "resync.error_retry_delay")
def test_a_range_is_the_earliest_second_and_how_many_more(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    failed = first_resync(history, handset, handset.boot(Resync_Error_Retry_Delay="2400+30"))
    expect_resyncs(history, handset, failed, *[(2400, 2430)] * 8)


@reading(list_exhaustion="repeat-last")
@requirement("resync.error_retry_delay.range", "resync.error_retry_delay")
def test_each_element_of_a_list_may_be_a_range(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay="1800+300,3600+600")
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, (1800, 2100), (3600, 4200), (3600, 4200))


@requirement("resync.error_retry_delay.zero", "resync.error_retry_delay")
def test_with_a_delay_of_zero_there_is_no_further_attempt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    failed = first_resync(history, handset, handset.boot(Resync_Error_Retry_Delay="0"))
    history.expect_none(ProvisioningRequest, after=failed, within=86_400)


@reading(list_exhaustion="repeat-last")
@requirement("resync.error_retry_delay.default", "resync.error_retry_delay")
def test_by_default_the_delay_doubles_from_a_minute_to_a_day(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    failed = first_resync(history, handset, handset.boot())
    delays = (60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 61440, 86400, 86400)
    expect_resyncs(history, handset, failed, *delays)


@requirement("resync.error_retry_delay", "resync.periodic")
def test_a_retry_that_succeeds_is_followed_by_a_periodic_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delay = pace.timer("Resync_Error_Retry_Delay", 300, quick=4)
    period = pace.timer("Resync_Periodic", 1200, quick=8)
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay=str(delay))
    failed = first_resync(history, handset, up)
    provision(dhcp, tftp, Resync_Periodic=str(period))
    synced = expect_resyncs(history, handset, failed, delay)
    expect_resyncs(history, handset, synced, period)


@reading(list_restart="after-success")
@requirement("resync.error_retry_delay")
def test_after_a_success_the_list_starts_from_its_first_element(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay="300,900", Resync_Periodic="1200")
    failed = first_resync(history, handset, up)
    second = expect_resyncs(history, handset, failed, 300)
    provision(dhcp, tftp)
    synced = expect_resyncs(history, handset, second, 900)
    tftp.remove(DEFAULT_PATH)
    expect_resyncs(history, handset, synced, 1200, 300, 900)


# -- what makes a resync fail ------------------------------------------------------------------------


@requirement("resync.failure.corrupt", "resync.failure", "resync.error_retry_delay")
def test_a_corrupt_file_is_tried_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delay = pace.timer("Resync_Error_Retry_Delay", 300, quick=4)
    tftp.serve(DEFAULT_PATH, b"this is no profile")
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay=str(delay))
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, delay)


@requirement("resync.failure", "resync.error_retry_delay")
def test_a_server_that_stays_silent_is_tried_again(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    pace: Pace,
) -> None:
    delay = pace.timer("Resync_Error_Retry_Delay", 300, quick=4)
    tftp.inject(Silence())
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Syslog_Server=syslog.address, Resync_Error_Retry_Delay=str(delay))
    failed = failure_told(history, handset, up)
    expect_resyncs(history, handset, failed, delay)


@requirement("resync.error_retry_delay", "resync.failure")
def test_a_server_whose_name_does_not_exist_is_tried_again(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    pace: Pace,
) -> None:
    delay = pace.timer("Resync_Error_Retry_Delay", 300, quick=4)
    provision(dhcp, tftp)
    up = handset.boot(
        Profile_Rule="tftp://nowhere.example/7832-3PCC.xml",
        Syslog_Server=syslog.address,
        Resync_Error_Retry_Delay=str(delay),
    )
    history.wait(DnsAnswer, after=up, rcode="NXDOMAIN", within=handset.boot_limit + 10)
    failed = failure_told(history, handset, up)
    dns.answer("nowhere.example", tftp.address)
    expect_resyncs(history, handset, failed, delay)
