"""What an upgrade ends with: a reboot into the new load, or a phone that boots all the same."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import Stall
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import (
    DhcpMessage,
    HttpRequest,
    LinkChanged,
    ProvisioningRequest,
    TftpRequest,
    TransferEnded,
)
from hil.loads import load_files
from hil.marks import needs, quick, requirement, smoke
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, provision
from hil.testing.upgrades import check_load, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
OLDER = "sip7832.11-0-1MPP-312"
PATH = f"/firmware/{NEWER}.loads"
IMAGE = f"/firmware/{NEWER}.sbn"
RELEASE_OCTETS = 30 << 20
"""As many as a published release has."""
ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}


@needs("test_loads")
@smoke
@quick
@requirement("upgrade.install")
def test_the_phone_reboots_by_itself_into_the_new_load(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, PATH)
    lost = history.all(LinkChanged, after=lease, up=False)
    history.check("losses of power", seen=len(lost), due=0)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.install", "macros.identity")
@pytest.mark.parametrize(
    ("load", "release"), [(NEWER, "11.3.2"), (OLDER, "11.0.1")], ids=["newer", "older"]
)
def test_the_new_load_tells_who_it_is_in_requests_and_rules(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    load: str,
    release: str,
) -> None:
    path = serve_load(tftp, load)
    http.serve("/sip7832.xml", b"")
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"http://{http.address}/$SWVER.xml",
        Upgrade_Rule=f"tftp://{tftp.address}{path}",
        Resync_Error_Retry_Delay="0",
    )
    before = history.expect(HttpRequest, after=lease, within=handset.timing.give_up)
    history.check("$SWVER before", seen=before.path, due=f"/{handset.identity.swver}.xml")
    booted = expect_reboot(history, handset, before)
    after = history.expect(HttpRequest, after=booted, within=handset.timing.give_up)
    history.check(
        "$SWVER after", seen=after.path, due=f"/{load}.xml", requirement="macros.identity"
    )
    agent = f"Cisco-CP-7832-3PCC/{release} ({handset.identity.ma})"
    history.check("User-Agent after", seen=after.header("user-agent"), due=agent)


@needs("test_loads")
@requirement("upgrade.install", "flash.persistence")
def test_parameters_outlive_an_upgrade(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    provision(
        dhcp, tftp, GPP_A="kept", Upgrade_Rule=f"tftp://{tftp.address}{PATH}", Resync_Periodic="0"
    )
    serve_load(tftp, NEWER)
    lease = boot_to_lease(history, handset, GPP_B="too", Resync_After_Upgrade_Attempt="No")
    first = history.wait(TransferEnded, after=lease, within=handset.timing.give_up)
    expect_upgrade(history, handset, first, PATH)
    check_load(history, handset, web, NEWER)
    shown = web.parameters()
    seen = {name: shown.get(name) for name in ("GPP_A", "GPP_B", "Resync_Periodic")}
    history.check(
        "the parameters",
        seen=seen,
        due={"GPP_A": "kept", "GPP_B": "too", "Resync_Periodic": "0"},
        requirement="flash.persistence",
    )


# -- loss of power -----------------------------------------------------------------------------------


@needs("test_loads")
@requirement("upgrade.install")
@pytest.mark.parametrize(
    ("file", "octets"), [(PATH, 0), (PATH, 100), (IMAGE, 0), (IMAGE, 8000), (IMAGE, 19_999)]
)
def test_after_a_loss_of_power_in_the_download_the_old_load_boots_and_upgrades_again(
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    file: str,
    octets: int,
) -> None:
    serve_load(http, NEWER)
    http.inject(Stall(octets), nth=1, name=file)
    rule = f"http://{http.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    history.wait(ProvisioningRequest, after=lease, path=file, within=handset.timing.give_up)
    history.sleep(0.5)
    up = handset.power_cycle()
    again = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    expect_upgrade(history, handset, again, PATH)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.install")
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.09, 0.12, 1.0, 2.5, 5.0])
def test_after_a_loss_of_power_in_the_installation_a_load_boots_and_the_new_one_at_last(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    seconds: float,
) -> None:
    serve_load(tftp, NEWER, 400_000)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    within = handset.timing.give_up
    history.wait(TransferEnded, after=lease, path=IMAGE, within=within)
    history.sleep(seconds)
    up = handset.power_cycle()
    history.expect(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.sleep(handset.timing.restart + handset.boot_limit)
    check_load(history, handset, web, NEWER)


# -- as large as a release ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def release() -> dict[str, bytes]:
    """A load as large as those that are published."""
    return load_files(NEWER, RELEASE_OCTETS)


def serve(server: TftpEndpoint | HttpEndpoint, load: dict[str, bytes]) -> None:
    for name, body in load.items():
        server.serve(f"/firmware/{name}", body)


@needs("test_loads")
@requirement("upgrade.install", "transfer.tftp")
def test_a_release_comes_by_tftp(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    release: dict[str, bytes],
) -> None:
    serve(tftp, release)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    asked = history.expect(TftpRequest, after=lease, path=IMAGE, within=handset.timing.give_up)
    ended = history.wait(TransferEnded, after=asked, path=IMAGE, within=7200)
    history.check("octets", seen=ended.sent, due=RELEASE_OCTETS, requirement="transfer.tftp")
    expect_reboot(history, handset, ended)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.install", "transfer.http")
def test_a_release_comes_by_http(
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    release: dict[str, bytes],
) -> None:
    serve(http, release)
    rule = f"http://{http.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    ended = history.wait(TransferEnded, after=lease, path=IMAGE, within=7200)
    history.check("octets", seen=ended.sent, due=RELEASE_OCTETS, requirement="transfer.http")
    expect_reboot(history, handset, ended)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.install", "transfer.https")
def test_a_release_comes_by_https(
    handset: HandsetControl,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    release: dict[str, bytes],
) -> None:
    serve(https, release)
    dns.answer(HTTPS_NAME, https.address)
    rule = f"https://{HTTPS_NAME}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    ended = history.wait(TransferEnded, after=lease, path=IMAGE, within=7200)
    history.check("octets", seen=ended.sent, due=RELEASE_OCTETS, requirement="transfer.https")
    expect_reboot(history, handset, ended)
    check_load(history, handset, web, NEWER)
