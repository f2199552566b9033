"""An upgrade waits until no line is active."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import ProvisioningRequest, TransferEnded
from hil.marks import needs, reading, requirement
from hil.testing import DEFAULT_PATH
from hil.testing.calls import Telephone
from hil.testing.upgrades import check_load, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
QUIET = {"Resync_Periodic": "0", "Resync_After_Upgrade_Attempt": "No"}


def wait_for_failure(telephone: Telephone, after: Moment) -> None:
    """The first attempt of an upgrade comes to nothing, because the load is not there yet."""
    within = telephone.handset.boot_limit + telephone.handset.timing.give_up
    telephone.history.wait(TransferEnded, after=after, path=PATH, within=within)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.idle")
def test_a_retry_does_not_begin_in_a_call(telephone: Telephone, web: PhoneWeb) -> None:
    rule = f"tftp://{telephone.tftp.address}{PATH}"
    up, _ = telephone.boot(
        Resync_On_Reset="No", Upgrade_Rule=rule, Upgrade_Error_Retry_Delay="300", **QUIET
    )
    wait_for_failure(telephone, up)
    serve_load(telephone.tftp, NEWER)
    call = telephone.talk()
    telephone.expect_none(3600)
    idle = telephone.hang_up(call)
    expect_upgrade(telephone.history, telephone.handset, idle, PATH)
    check_load(telephone.history, telephone.handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.idle")
def test_an_upgrade_that_is_asked_for_does_not_begin_in_a_call(
    telephone: Telephone, tftp: TftpEndpoint, web: PhoneWeb
) -> None:
    serve_load(tftp, NEWER)
    telephone.boot(Resync_On_Reset="No", **QUIET)
    call = telephone.talk()
    web.upgrade(f"tftp://{tftp.address}{PATH}")
    telephone.expect_none(3600)
    expect_upgrade(telephone.history, telephone.handset, telephone.hang_up(call), PATH)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.idle")
def test_of_two_calls_the_last_one_counts(telephone: Telephone, web: PhoneWeb) -> None:
    rule = f"tftp://{telephone.tftp.address}{PATH}"
    up, _ = telephone.boot(
        (1, 2), Resync_On_Reset="No", Upgrade_Rule=rule, Upgrade_Error_Retry_Delay="300", **QUIET
    )
    wait_for_failure(telephone, up)
    serve_load(telephone.tftp, NEWER)
    first, second = telephone.talk(line=1), telephone.talk(line=2)
    telephone.expect_none(1200)
    telephone.hang_up(first)
    telephone.expect_none(1200)
    expect_upgrade(telephone.history, telephone.handset, telephone.hang_up(second), PATH)


@needs("test_loads")
@reading(
    forced_resync_delay=("idle-countdown", "due-plus-delay"), upgrade_reattempt="after-failure"
)
@requirement("upgrade.idle", "resync.forced_delay")
def test_forced_resync_delay_is_for_resyncs_alone(telephone: Telephone, history: History) -> None:
    rule = f"tftp://{telephone.tftp.address}{PATH}"
    synced = telephone.synced(
        Upgrade_Rule=rule,
        Upgrade_Error_Retry_Delay="300",
        Forced_Resync_Delay="14400",
        Resync_After_Upgrade_Attempt="No",
        Resync_Periodic="600",
    )
    wait_for_failure(telephone, synced)
    serve_load(telephone.tftp, NEWER)
    call = telephone.talk()
    telephone.expect_none(3600)
    idle = telephone.hang_up(call)
    expect_upgrade(telephone.history, telephone.handset, idle, PATH)
    asked = history.all(ProvisioningRequest, after=idle, path=DEFAULT_PATH)
    history.check("resyncs", seen=len(asked), due=0, requirement="resync.forced_delay")
