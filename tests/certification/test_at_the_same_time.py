"""Several things ask for a resync: which of them it is that begins, and what is left of the others."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest
from hil.lab_time import NANOSECONDS
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs
from hil.testing.clock import GMT, expect_resync_at, seconds_until, serve_at, synced, told

HOUR = 3600


@reading(random_delay_unit="seconds")
@requirement("macros.prvst", "resync.random_delay")
def test_a_resync_after_boot_up_that_comes_before_resync_at_is_no_periodic_one(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    for state in ("0", "1"):
        tftp.serve(f"/state{state}.cfg", flat_profile())
    # The random delay may last until a quarter of an hour after midnight.
    delays = {"Resync_Random_Delay": "65535", "Resync_At__HHmm_": "2355"}
    up = handset.boot(**GMT, **delays, Profile_Rule="/state$PRVST.cfg")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    told(history, handset, up)
    daily = seconds_until(history, ntp, "2026-03-02 23:55", lease)
    late = handset.timing.late + handset.timing.step
    request = history.expect(ProvisioningRequest, after=lease, within=daily + 600 + late)
    before = (request.at - lease.at) / NANOSECONDS < daily - 1
    history.check(
        "the file",
        seen=request.path,
        due="/state0.cfg before 23:55, either one from then on",
        passed=request.path == "/state0.cfg" or not before,
    )


@requirement("resync.at.overrides_periodic", "resync.periodic")
@reading(empty_element=("set-empty", "default"), resync_at_dst="wall-clock")
def test_a_list_of_resync_periodic_begins_when_resync_at_is_emptied(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_Periodic="600,1200,1800")
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_At__HHmm_=""))
    last = expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")
    expect_resyncs(history, handset, last, 600, 1200, 1800)


@requirement("resync.at", "resync.error_retry_delay")
def test_resync_at_comes_although_retries_go_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    tftp.remove(DEFAULT_PATH)
    up = handset.boot(
        **GMT,
        Resync_Random_Delay="0",
        Resync_At__HHmm_="0730",
        Resync_Error_Retry_Delay="20000",
        Profile_Rule="/state$PRVST.cfg",
    )
    first = history.wait(ProvisioningRequest, after=up, within=handset.boot_limit)
    told(history, handset, up)
    failed = expect_resync_at(history, handset, ntp, first, "2026-03-02 07:30")
    asked = [each.path for each in history.all(ProvisioningRequest, after=up)]
    history.check("the files", seen=asked, due=["/state0.cfg", "/state1.cfg"])
    expect_resyncs(history, handset, failed, 20_000)
