"""Resync_At by a clock that is set again: by a time server, or by a lease with another offset."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints import faults
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, TransferEnded
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs, first_resync, next_transfer
from hil.testing.calls import Telephone
from hil.testing.clock import (
    GMT,
    expect_no_resync_until,
    expect_resync_at,
    serve_at,
    synced,
    told,
    utc,
)

HOUR = 3600

# -- time servers ------------------------------------------------------------------------------------


@requirement("resync.at.clock")
@pytest.mark.parametrize("shift", [HOUR // 2, -HOUR // 2])
def test_the_time_is_that_of_the_clock_as_it_was_set_last(
    shift: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    ntp.shift(shift)
    told(history, handset, history.mark(), within=4 * HOUR)
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@requirement("resync.at.clock")
def test_a_clock_that_is_put_back_over_the_time_shows_it_twice_and_it_counts_once(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    ntp.shift(-3 * HOUR)
    told(history, handset, last, within=2 * HOUR)
    if reference.interpretations.resync_at_overlap == "both":
        last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@reading(resync_at_dst="wall-clock", resync_at_overlap="first")
@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("start", "due"), [("07:00", "2026-03-03 07:30"), ("08:00", "2026-03-02 07:30")]
)
def test_a_clock_that_is_put_back_shows_the_time_anew_if_it_has_not_shown_it_before(
    start: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    """What somebody asks for in between is another resync, and changes nothing of it."""
    serve_at(dhcp, tftp, ntp, f"2026-03-02 {start}")
    synced(history, handset, Resync_At__HHmm_="0730")
    history.sleep(HOUR)
    mark = history.mark()
    web.resync()
    last = next_transfer(history, handset, mark)
    ntp.shift(-3 * HOUR)
    told(history, handset, last, within=2 * HOUR)
    expect_resync_at(history, handset, ntp, last, due)


@reading(resync_at_dst="wall-clock", forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.at.clock", "resync.idle")
@pytest.mark.parametrize("talk_s", [HOUR, 360])
def test_a_time_whose_resync_had_to_wait_for_a_call_has_had_its_resync(
    talk_s: int, telephone: Telephone, ntp: NtpEndpoint, history: History, reference: Phone
) -> None:
    ntp.set(utc("2026-03-01 07:00"))
    timed = {"Resync_At__HHmm_": "0730", "Primary_NTP_Server": ntp.address}
    last = telephone.synced(Forced_Resync_Delay="0", **timed, **GMT)
    last = expect_resync_at(history, telephone.handset, ntp, last, "2026-03-01 07:30")
    expect_no_resync_until(history, ntp, last, "2026-03-02 07:25")
    call = telephone.talk()
    telephone.expect_none(talk_s)
    last = telephone.expect(telephone.hang_up(call), (0, 600))
    ntp.shift(-3 * HOUR)
    told(history, telephone.handset, last, within=2 * HOUR)
    if reference.interpretations.resync_at_overlap == "both":
        last = expect_resync_at(history, telephone.handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, telephone.handset, ntp, last, "2026-03-03 07:30")


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
@pytest.mark.parametrize(("delay", "most"), [("600", 600), ("36000", 36_000)])
def test_a_clock_that_is_put_forward_over_the_time(
    delay: str,
    most: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay=delay)
    mark = history.mark()
    ntp.shift(8 * HOUR)
    changed = told(history, handset, mark, within=2 * HOUR)
    if reference.interpretations.resync_at_gap == "at-change":
        last = expect_resyncs(history, handset, changed, (0, most))
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30", within=most)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_a_clock_that_is_set_within_the_range_counts_from_then_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay="65535")
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_At_Random_Delay="600"))
    expect_no_resync_until(history, ntp, last, "2026-03-02 07:30")
    ntp.shift(HOUR // 2)
    told(history, handset, history.mark(), within=2 * HOUR)
    ntp.silent()
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 08:00", within=18.5 * HOUR)
    for day in ("03", "04"):
        last = expect_resync_at(history, handset, ntp, last, f"2026-03-{day} 07:30")


@requirement("resync.at", "resync.at.clock")
def test_a_clock_that_was_set_runs_on_when_the_server_falls_silent(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    ntp.silent()
    for day in ("02", "03"):
        last = expect_resync_at(history, handset, ntp, last, f"2026-03-{day} 07:30")


@requirement("resync.at.clock", "resync.at")
def test_a_phone_that_was_never_told_the_time_waits_for_it(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="4000")
    ntp.inject(faults.Silence())
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    last = first_resync(history, handset, up)
    if reference.interpretations.resync_at_no_clock == "periodic":
        expect_resyncs(history, handset, last, 4000, 4000, 4000)
    else:
        expect_no_resync_until(history, ntp, last, "2026-03-03 12:00")


@requirement("resync.at.clock")
def test_a_phone_that_is_told_the_time_late_goes_by_it_from_then_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="0")
    ntp.unsynchronized()
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    last = first_resync(history, handset, up)
    expect_no_resync_until(history, ntp, last, "2026-03-02 09:00")
    ntp.reset()
    ntp.set(utc("2026-03-02 09:00"))
    tftp.serve(DEFAULT_PATH, flat_profile())
    told(history, handset, history.mark(), within=2 * HOUR)
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


# -- a lease -----------------------------------------------------------------------------------------


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock", "dhcp.renewal")
@pytest.mark.parametrize(("hours", "due"), [(2, "2026-03-02 05:30"), (-2, "2026-03-02 09:30")])
def test_the_time_offset_of_a_renewed_lease_counts(
    hours: int,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = renewed(history, handset, dhcp, tftp, ntp, hours)[0]
    expect_resync_at(history, handset, ntp, last, due)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock", "dhcp.renewal")
def test_a_time_offset_that_lets_the_clock_jump_over_the_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last, changed = renewed(history, handset, dhcp, tftp, ntp, 8)
    if reference.interpretations.resync_at_gap == "at-change":
        last = expect_resyncs(history, handset, changed, (0, 600))
    expect_resync_at(history, handset, ntp, last, "2026-03-02 23:30")


def renewed(
    history: History,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    hours: int,
) -> tuple[TransferEnded, DhcpMessage]:
    """Resync_At is 07:30, and a renewal brings another offset from UTC than the lease before it."""
    times = {"lease_time": 48 * HOUR, "t2": 40 * HOUR}
    servers = {"option_66": tftp.address, "ntp": ntp.address}
    dhcp.offer(**servers, **times, t1=HOUR, time_offset=0)
    last = synced(history, handset, Resync_At__HHmm_="0730", Ignore_DHCP_Time_Offset="No")
    dhcp.offer(**servers, **times, t1=36 * HOUR, time_offset=hours * HOUR)
    ack = history.wait(DhcpMessage, after=last, kind="ACK", within=2 * HOUR)
    return last, ack
