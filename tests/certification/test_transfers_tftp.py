"""Profiles over TFTP: what goes wrong on the way, and that nothing but the whole file counts.

That a profile was applied shows in the Resync_Periodic that it brings (600 s); that a transfer was
taken for a failure, in the retry after Resync_Error_Retry_Delay (300 s). A server may leave out any
option that a client proposes, and lower its blksize and windowsize (RFC 2347, 2348 and 7440).
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import DuplicateBlock, LoseBlock, Silence, TftpError, Truncate
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import FaultInjected, Outcome, TftpRequest, TransferEnded
from hil.marks import needs, quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, boot_to_lease, expect_resyncs, first_resync
from hil.testing.upgrades import expect_upgrade, serve_load
from hil.wire.tftp_server import Limits

LESS_GRANTED = {
    "no-options": Limits(options=frozenset()),
    "smaller-blksize": Limits(max_blksize=64),
    "no-blksize": Limits(options=frozenset(("windowsize", "tsize", "timeout"))),
    "no-windowsize": Limits(options=frozenset(("blksize", "tsize", "timeout"))),
    "smaller-windowsize": Limits(max_windowsize=2),
}
"""What a server may grant less than our own usually does."""

LONG_PROFILE = b"".join(
    (
        b"<flat-profile>\n<!-- ",
        b"filler " * 3000,
        b"-->\n<Resync_Periodic>600</Resync_Periodic>\n</flat-profile>\n",
    )
)


@requirement("transfer.tftp")
def test_a_profile_of_many_blocks_is_applied(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    dhcp.offer(option_66=tftp.address)
    synced = first_resync(history, handset, handset.boot())
    expect_resyncs(history, handset, synced, 600)


@requirement("transfer.tftp")
@pytest.mark.parametrize("limits", LESS_GRANTED.values(), ids=LESS_GRANTED)
def test_a_profile_is_applied_whatever_options_the_server_leaves_out_or_lowers(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    limits: Limits,
) -> None:
    tftp.limit(limits)
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    dhcp.offer(option_66=tftp.address)
    synced = first_resync(history, handset, handset.boot())
    expect_resyncs(history, handset, synced, 600)


@needs("test_loads")
@quick
@requirement("transfer.tftp")
@pytest.mark.parametrize("limits", LESS_GRANTED.values(), ids=LESS_GRANTED)
def test_a_load_is_installed_whatever_options_the_server_leaves_out_or_lowers(
    handset: HandsetControl, tftp: TftpEndpoint, history: History, limits: Limits
) -> None:
    tftp.limit(limits)
    path = serve_load(tftp, "sip7832.11-3-2MPP0001-610")
    alone = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **alone)
    expect_upgrade(history, handset, lease, path, requirement="transfer.tftp")


@quick
@requirement("transfer.tftp")
def test_a_read_request_without_an_answer_is_repeated(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_Periodic="600"))
    tftp.inject(Silence(), nth=1)
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay="0")
    asked = history.wait(TftpRequest, after=up, within=handset.boot_limit + 60)
    within = handset.timing.give_up
    history.expect(TransferEnded, after=asked, outcome=Outcome.COMPLETE, within=within)


@requirement("transfer.tftp")
def test_a_lost_block_is_made_good(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    tftp.inject(LoseBlock(3))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot()
    synced = first_resync(history, handset, up)
    expect_resyncs(history, handset, synced, 600)
    history.wait(FaultInjected, after=up, fault="LoseBlock", within=handset.boot_limit + 60)


@requirement("transfer.tftp")
def test_a_duplicated_block_counts_once(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    tftp.inject(DuplicateBlock(3))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot()
    synced = first_resync(history, handset, up)
    expect_resyncs(history, handset, synced, 600)
    history.wait(FaultInjected, after=up, fault="DuplicateBlock", within=handset.boot_limit + 60)


@requirement("transfer.tftp", "resync.error_retry_delay")
def test_an_error_in_the_middle_of_a_file_is_a_failure(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    tftp.inject(TftpError(0, "disk error", block=3))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    history.wait(FaultInjected, after=up, fault="TftpError", within=handset.boot_limit + 60)
    expect_resyncs(history, handset, failed, 300)


@requirement("transfer.tftp", "resync.failure")
def test_a_file_that_ends_early_is_a_failure(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve(DEFAULT_PATH, LONG_PROFILE)
    tftp.inject(Truncate(10_000))
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    history.wait(FaultInjected, after=up, fault="Truncate", within=handset.boot_limit + 60)
    expect_resyncs(history, handset, failed, 300)
