"""/admin/upgrade?: a firmware upgrade that is asked for by the phone's web page."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, TftpRequest
from hil.loads import load_files
from hil.marks import needs, quick, requirement
from hil.testbed.control import HandsetControl
from hil.testing import expect_reboot, fetched, idle_phone, soon

NEWER = "sip7832.11-3-2MPP0001-610"
QUIET = {"Resync_After_Upgrade_Attempt": "No"}


@pytest.fixture(scope="module")
def load() -> Mapping[str, bytes]:
    """A load of two small files that the phone does not run yet."""
    return load_files(NEWER, 20_000)


@needs("test_loads")
@requirement("web.upgrade")
def test_the_phone_fetches_and_runs_the_load_that_the_command_names(
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    load: Mapping[str, bytes],
) -> None:
    for name, body in load.items():
        http.serve(f"/firmware/{name}", body)
    asked = idle_phone(history, handset, **QUIET)
    web.upgrade(f"http://{http.address}/firmware/{NEWER}.loads")
    first = fetched(history, handset, asked, 1)
    history.check("the load", seen=first, due=[f"/firmware/{NEWER}.loads"])
    expect_reboot(history, handset, asked)
    history.sleep(handset.timing.step)
    history.check("the software version", seen=web.status().product.swver, due=NEWER)


@needs("test_loads")
@requirement("web.upgrade")
def test_without_a_protocol_and_a_server_the_load_comes_by_tftp_from_the_host_that_asks(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    load: Mapping[str, bytes],
) -> None:
    dhcp.offer(option_66="192.0.2.99")
    for name, body in load.items():
        tftp.serve(f"/{name}", body)
    asked = idle_phone(history, handset, **QUIET)
    web.upgrade(f"/{NEWER}.loads")
    history.expect(TftpRequest, after=asked, path=f"/{NEWER}.loads", within=soon(handset))
    expect_reboot(history, handset, asked)


@needs("test_loads")
@quick
@requirement("web.upgrade")
def test_without_a_rule_upgrade_rule_is_followed_at_once(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    load: Mapping[str, bytes],
) -> None:
    rule = f"tftp://{tftp.address}/{NEWER}.loads"
    idle_phone(history, handset, Upgrade_Rule=rule, Upgrade_Error_Retry_Delay="86400", **QUIET)
    for name, body in load.items():
        tftp.serve(f"/{name}", body)
    asked = history.mark()
    web.upgrade()
    history.expect(TftpRequest, after=asked, path=f"/{NEWER}.loads", within=soon(handset))
    expect_reboot(history, handset, asked)


@requirement("web.upgrade")
def test_a_rule_of_the_command_may_have_conditions_and_macros(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="lab", Upgrade_Error_Retry_Delay="0", **QUIET)
    server = f"http://{http.address}"
    web.upgrade(
        f"($SWVER ge {NEWER})? {server}/newest.loads | ($SWVER lt {NEWER})? {server}/$A/x.loads"
    )
    history.check("the load", seen=fetched(history, handset, asked, 1), due=["/lab/x.loads"])


@requirement("web.upgrade")
def test_provision_enable_no_does_not_matter_to_an_upgrade(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(
        history, handset, Provision_Enable="No", Upgrade_Error_Retry_Delay="0", **QUIET
    )
    web.upgrade(f"tftp://{tftp.address}/{NEWER}.loads")
    history.expect(TftpRequest, after=asked, path=f"/{NEWER}.loads", within=soon(handset))


@needs("test_loads")
@requirement("web.upgrade", "upgrade.enable")
def test_with_upgrade_enable_no_the_command_has_no_effect(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    load: Mapping[str, bytes],
) -> None:
    for name, body in load.items():
        tftp.serve(f"/{name}", body)
    asked = idle_phone(history, handset, Upgrade_Enable="No", **QUIET)
    web.upgrade(f"tftp://{tftp.address}/{NEWER}.loads")
    history.expect_none(ProvisioningRequest, after=asked, within=7200)


@requirement("upgrade.load", "web.upgrade")
def test_the_load_that_runs_already_is_not_fetched_and_the_next_command_is_obeyed(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, Upgrade_Error_Retry_Delay="0", **QUIET)
    web.upgrade(f"tftp://{tftp.address}/{handset.identity.swver}.loads")
    history.expect_none(ProvisioningRequest, after=asked, within=60)
    again = history.mark()
    web.upgrade(f"tftp://{tftp.address}/{NEWER}.loads")
    history.expect(TftpRequest, after=again, path=f"/{NEWER}.loads", within=soon(handset))
