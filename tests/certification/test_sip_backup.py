"""Try_Backup_RSC, Alternate_Proxy_n_ and Proxy_Fallback_Intvl_n_: the way to the backup and back.

With Dual_Registration_n_ a phone may register with both servers at once, or with the backup when its
proxy fails; the guides allow both. So a line is registered first and left alone for a while. If it has
spoken to its backup by then, it registers with both, and a test looks whether it stays registered
there; if not, a request to the backup is one that the failure has led to.
"""

from __future__ import annotations

import pytest

from hil.endpoints.faults import Fault, Silence
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import quick, requirement
from hil.pace.timers import Pace
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    account,
    backup,
    boot,
    expect_register,
    refusal,
    registered,
)

BACKUP = "backup-sip"
REGISTER = {"direction": Direction.RECEIVED, "method": "REGISTER"}
HOUR = 3600.0


def boot_with_backup(
    history: History, handset: HandsetControl, sip: SipEndpoint, **parameters: str
) -> tuple[SipMessage, bool]:
    """Boot, register and wait a while; the grant, and whether the line is registered with both."""
    lifetime = {"Register_Expires_1_": "600"}
    up = boot(history, handset, sip, **lifetime | backup(sip) | parameters)
    granted = registered(history, handset, up)
    history.sleep(handset.timing.boot + soon(handset))
    return granted, bool(history.all(SipMessage, source=BACKUP, after=up, **REGISTER))


def failed_refresh(
    history: History, handset: HandsetControl, sip: SipEndpoint, granted: SipMessage, fault: Fault
) -> SipMessage:
    """Have every REGISTER to the proxy fail from now on; the next one, which its time brings."""
    sip.inject(fault, name="REGISTER")
    return expect_register(history, handset, granted, 0, 600, requirement="sip.registration")


@requirement("sip.backup")
@pytest.mark.parametrize(("template", "status"), [("503", 503), ("404,5??", 500), ("4*", 486)])
def test_a_code_of_try_backup_rsc_leads_to_the_backup_at_once(
    handset: HandsetControl,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    history: History,
    template: str,
    status: int,
) -> None:
    granted, both = boot_with_backup(history, handset, sip, Try_Backup_RSC=template)
    asked = failed_refresh(history, handset, sip, granted, SipStatus(status))
    if not both:
        history.expect(SipMessage, after=asked, within=2 * soon(handset), source=BACKUP, **REGISTER)
    history.sleep(soon(handset))
    seen = backup_sip.registered(1)
    history.check("line 1 is registered with its backup", seen=seen, due=True)


@requirement("sip.backup")
def test_silence_leads_to_the_backup_after_64_times_t1(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    granted, both = boot_with_backup(history, handset, sip, Try_Backup_RSC="X20")
    asked = failed_refresh(history, handset, sip, granted, Silence())
    if not both:
        expect_register(history, handset, asked, 32, 32, source=BACKUP)
    history.sleep(32 + soon(handset))
    seen = backup_sip.registered(1)
    history.check("line 1 is registered with its backup", seen=seen, due=True)


@requirement("sip.backup")
def test_another_code_does_not_lead_to_the_backup(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    granted, both = boot_with_backup(history, handset, sip, Try_Backup_RSC="503")
    asked = failed_refresh(history, handset, sip, granted, SipStatus(500))
    if both:
        history.check("its binding at the backup", seen=backup_sip.registered(1), due=True)
    else:
        history.expect_none(SipMessage, after=asked, within=HOUR, source=BACKUP, **REGISTER)


@requirement("sip.backup")
def test_without_a_template_nothing_leads_to_the_backup(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    granted, both = boot_with_backup(history, handset, sip)
    asked = failed_refresh(history, handset, sip, granted, SipStatus(503))
    if both:
        history.check("its binding at the backup", seen=backup_sip.registered(1), due=True)
    else:
        history.expect_none(SipMessage, after=asked, within=HOUR, source=BACKUP, **REGISTER)


@requirement("sip.backup")
def test_with_dual_registration_no_the_backup_is_never_asked(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(503), name="REGISTER")
    values = backup(sip) | {"Dual_Registration_1_": "No", "Try_Backup_RSC": "503"}
    refused = refusal(history, handset, boot(history, handset, sip, **values), 503)
    history.expect_none(SipMessage, after=refused, within=HOUR, source=BACKUP)


@quick
@requirement("sip.backup")
def test_the_backup_is_asked_with_the_lines_credentials(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(503), name="REGISTER")
    up = boot(history, handset, sip, **backup(sip) | {"Try_Backup_RSC": "503"})
    history.expect(
        SipMessage,
        after=up,
        within=handset.boot_limit + handset.timing.boot,
        source=BACKUP,
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
        to_user="line1",
    )


@requirement("sip.backup")
def test_every_round_begins_with_the_proxy(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    """Both refuse: half a minute later both are asked again, the proxy first unless both always are."""
    for server in (sip, backup_sip):
        server.inject(SipStatus(503), name="REGISTER")
    values = {"Try_Backup_RSC": "503", "Retry_Reg_RSC": "503"}
    up = boot(history, handset, sip, **backup(sip) | values)
    refused = refusal(history, handset, up, 503, source=BACKUP)
    for _ in range(2):
        expect_register(history, handset, refused, 30, 30)
        refused = refusal(history, handset, refused, 503, source=BACKUP, within=30 + soon(handset))


@requirement("sip.backup")
def test_the_end_of_the_backups_registration_leads_back_to_the_proxy(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    """Proxy_Fallback_Intvl would last an hour."""
    values = {"Try_Backup_RSC": "503", "Proxy_Fallback_Intvl_1_": "3600"}
    granted, both = boot_with_backup(history, handset, sip, **values)
    sip.inject(SipStatus(503), name="REGISTER", nth=1)
    refused = refusal(history, handset, granted, 503, within=600 + soon(handset))
    if not both:
        held = registered(history, handset, refused, source=BACKUP)
        expect_register(history, handset, held, 0, 600)
    history.check("line 1 is registered with its backup", seen=backup_sip.registered(1), due=True)


@requirement("sip.backup")
@pytest.mark.parametrize("interval", [1, 300])
def test_proxy_fallback_intvl_leads_back_to_the_proxy(
    handset: HandsetControl,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    history: History,
    pace: Pace,
    interval: int,
) -> None:
    interval = pace.timer("Proxy_Fallback_Intvl_1_", interval)
    values = {"Try_Backup_RSC": "503", "Proxy_Fallback_Intvl_1_": str(interval)}
    granted, both = boot_with_backup(history, handset, sip, **values)
    sip.inject(SipStatus(503), name="REGISTER", nth=1)
    refused = refusal(history, handset, granted, 503, within=600 + soon(handset))
    if not both:
        held = registered(history, handset, refused, source=BACKUP)
        expect_register(history, handset, held, interval, interval)
    history.check("line 1 is registered with its backup", seen=backup_sip.registered(1), due=True)


@requirement("sip.backup")
def test_a_proxy_that_still_fails_is_looked_at_again_after_the_interval(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    """Between two looks at its proxy the line is registered with the backup."""
    values = {"Try_Backup_RSC": "503", "Proxy_Fallback_Intvl_1_": "300"}
    granted, both = boot_with_backup(history, handset, sip, **values)
    sip.inject(SipStatus(503), name="REGISTER")
    refused = refusal(history, handset, granted, 503, within=600 + soon(handset))
    for _ in range(0 if both else 3):
        held = registered(history, handset, refused, source=BACKUP)
        asked = expect_register(history, handset, held, 300, 300)
        refused = refusal(history, handset, asked, 503, within=soon(handset))
    history.sleep(soon(handset))
    history.check("line 1 is registered with its backup", seen=backup_sip.registered(1), due=True)


@requirement("sip.backup")
def test_the_alternate_outbound_proxy_is_asked_for_the_alternate_proxys_domain(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(503), name="REGISTER")
    values = {
        "Alternate_Proxy_1_": "backup.example",
        "Alternate_Outbound_Proxy_1_": f"{sip.address}:{backup_sip.port}",
        "Dual_Registration_1_": "Yes",
        "Try_Backup_RSC": "503",
    }
    asked = history.expect(
        SipMessage,
        after=boot(history, handset, sip, **account(sip) | values),
        within=handset.boot_limit + handset.timing.boot,
        source=BACKUP,
        **REGISTER,
    )
    history.check("the Request-URI", seen=asked.request_uri, due="sip:backup.example")
