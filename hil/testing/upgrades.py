"""Steps that tests of upgrades share: loads that are served, and what becomes of them."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history import events as ev
from hil.loads import NONE, Flaws, load_files
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, soon

FIRMWARE = "/firmware"
"""The directory that `serve_load` puts a load into."""

ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
"""A phone that asks for nothing but what its Upgrade_Rule says."""


def boot_to_upgrade(
    history: History,
    handset: HandsetControl,
    rule: str,
    syslog: SyslogEndpoint,
    **parameters: str,
) -> ev.DhcpMessage:
    """Boot a phone that follows this Upgrade_Rule `ALONE`, and tells ``syslog`` of it.

    The DHCPACK, a precondition, is returned.
    """
    given = ALONE | {"Upgrade_Rule": rule, "Syslog_Server": syslog.address} | parameters
    return boot_to_lease(history, handset, **given)


def serve_load(
    server: TftpEndpoint | HttpEndpoint,
    version: str,
    size: int = 20_000,
    *,
    name: str = "",
    model: str = "7832",
    flaws: Flaws = NONE,
) -> str:
    """Serve a test load in `FIRMWARE`; returns the path of its .loads file.

    That has the load's name unless it is given another ``name``.
    """
    manifest, image = load_files(version, size, model=model, flaws=flaws).items()
    path = f"{FIRMWARE}/{name or version}.loads"
    server.serve(path, manifest[1])
    server.serve(f"{FIRMWARE}/{image[0]}", image[1])
    return path


def expect_upgrade(
    history: History,
    handset: HandsetControl,
    after: Moment,
    path: str,
    *,
    requirement: str = "",
) -> ev.DhcpMessage:
    """Expect the phone to fetch the load at ``path`` soon and to boot; returns the DHCPACK then."""
    asked = history.expect(
        ev.ProvisioningRequest,
        after=after,
        path=path,
        within=soon(handset),
        requirement=requirement,
    )
    return expect_reboot(history, handset, asked, requirement=requirement)


def expect_failed_upgrade(
    history: History, handset: HandsetControl, after: Moment, path: str
) -> ev.TransferEnded:
    """Expect the phone to ask for the file at ``path`` soon; returns the end of the transfer."""
    asked = history.expect(ev.ProvisioningRequest, after=after, path=path, within=soon(handset))
    return history.wait(
        ev.TransferEnded, after=asked, transfer=asked.transfer, within=handset.timing.give_up
    )


def check_load(
    history: History, handset: HandsetControl, web: PhoneWeb, load: str, *, requirement: str = ""
) -> None:
    """Check that the phone runs this load, a step later, by its own status page."""
    history.sleep(handset.timing.step)
    seen = web.status().product.swver
    history.check("the load that runs", seen=seen, due=load, requirement=requirement)
