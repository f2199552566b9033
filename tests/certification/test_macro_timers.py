"""$PRVTMR, $REGTMR1 and $REGTMR2: whole seconds since something happened.

A timer shows the second in which the phone looked at it, so each is held to the second of its stimulus
and what the phone may take from there to its request.
"""

from __future__ import annotations

import math
import re

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import Direction, SipMessage
from hil.marks import reading, requirement
from hil.pace.timers import Pace
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

LINE_1 = {"User_ID_1_": "5001", "Password_1_": "secret"}
LINE_2 = {"User_ID_2_": "5002", "Password_2_": "secret"}

# -- $PRVTMR -----------------------------------------------------------------------------------------


@requirement("macros.prvtmr")
def test_prvtmr_is_250_when_a_resync_is_asked_for_250_seconds_after_the_last(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/first.cfg", flat_profile(Profile_Rule="/after-$PRVTMR.cfg"))
    lease = boot_to_lease(history, handset, Profile_Rule="/first.cfg", Resync_Periodic="0")
    fetched(history, handset, lease, 1)
    history.sleep(250)
    asked = _asked_for(history, handset, web)
    _check_timer(history, handset, "$PRVTMR", asked, 250)


@requirement("macros.prvtmr")
def test_prvtmr_counts_from_an_attempt_that_failed(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/missing-$PRVTMR.cfg",
        Resync_Error_Retry_Delay="600,300",
    )
    asked = fetched(history, handset, lease, 3, wait=900)
    _check_timer(history, handset, "$PRVTMR of the second attempt", asked[1], 600)
    _check_timer(history, handset, "$PRVTMR of the third attempt", asked[2], 300)


# -- $REGTMR1 and $REGTMR2 ---------------------------------------------------------------------------


@requirement("macros.registration")
def test_regtmr1_is_300_when_line_1_lost_its_registration_300_seconds_ago(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    sip.account(1, "5001", "secret")
    binding = _binding(pace)
    up = _resyncs_when_asked(
        history, handset, tftp, "REGTMR1", binding, Proxy_1_=sip.address, **LINE_1
    )
    _registered(history, up)
    _refused(history, sip)
    history.sleep(300)
    asked = _asked_for(history, handset, web)
    _check_timer(history, handset, "$REGTMR1", asked, 300, early=binding)


@requirement("macros.registration")
def test_regtmr2_is_300_when_line_2_lost_its_registration_300_seconds_ago(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    sip.account(1, "5001", "secret")
    backup_sip.account(2, "5002", "secret")
    binding = _binding(pace)
    proxies = {
        "Proxy_1_": f"{sip.address}:{sip.port}",
        "Proxy_2_": f"{backup_sip.address}:{backup_sip.port}",
    }
    up = _resyncs_when_asked(
        history, handset, tftp, "REGTMR2", binding, **proxies, **LINE_1, **LINE_2
    )
    _registered(history, up)
    _registered(history, up, "backup-sip")
    _refused(history, backup_sip, server="backup-sip")
    history.sleep(300)
    asked = _asked_for(history, handset, web)
    _check_timer(history, handset, "$REGTMR2", asked, 300, early=binding)


@requirement("macros.registration")
def test_regtmr1_counts_anew_when_a_line_that_was_registered_again_loses_its_registration(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    sip.account(1, "5001", "secret")
    binding = _binding(pace)
    up = _resyncs_when_asked(
        history,
        handset,
        tftp,
        "REGTMR1",
        binding,
        Proxy_1_=sip.address,
        Reg_Retry_Intvl="200",
        Reg_Retry_Long_Intvl="200",
        **LINE_1,
    )
    _registered(history, up)
    lost = _refused(history, sip)
    _registered(history, lost)
    _refused(history, sip)
    history.sleep(100)
    asked = _asked_for(history, handset, web)
    _check_timer(history, handset, "$REGTMR1", asked, 100, early=binding)


@requirement("macros.registration")
def test_regtmr1_goes_on_counting_while_the_line_is_refused_again(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    sip.account(1, "5001", "secret")
    binding = _binding(pace)
    up = _resyncs_when_asked(
        history,
        handset,
        tftp,
        "REGTMR1",
        binding,
        Proxy_1_=sip.address,
        Reg_Retry_Intvl="100",
        Reg_Retry_Long_Intvl="100",
        **LINE_1,
    )
    _registered(history, up)
    _refused(history, sip, times=3)
    history.sleep(250)
    asked = _asked_for(history, handset, web)
    _check_timer(history, handset, "$REGTMR1", asked, 250, early=binding)


@reading(regtmr_registered="zero")
@requirement("macros.registration")
def test_regtmr1_is_0_while_line_1_is_registered(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    sip.account(1, "5001", "secret")
    binding = _binding(pace)
    up = _resyncs_when_asked(
        history, handset, tftp, "REGTMR1", binding, Proxy_1_=sip.address, **LINE_1
    )
    _registered(history, up)
    history.sleep(300)
    asked = _asked_for(history, handset, web)
    history.check("$REGTMR1", seen=asked, due="/after-0.cfg")


# -- steps -------------------------------------------------------------------------------------------


def _binding(pace: Pace) -> int:
    """Seconds for which each line is registered.

    No text says whether one whose REGISTER is refused has lost its registration at once, or when its
    binding ends.
    """
    return max(pace.timer(f"Register_Expires_{line}_", 30) for line in (1, 2))


def _resyncs_when_asked(
    history: History,
    handset: HandsetControl,
    tftp: TftpEndpoint,
    timer: str,
    binding: int,
    **parameters: str,
) -> Moment:
    """Boot a phone that asks for ``/after-`` and the timer's value, and only when it is asked to.

    Its lines are registered for ``binding`` seconds.
    """
    rule = f"tftp://{tftp.address}/after-${timer}.cfg"
    quiet = {
        "Resync_On_Reset": "No",
        "Resync_Periodic": "0",
        "Resync_Error_Retry_Delay": "0",
        "Register_Expires_1_": str(binding),
        "Register_Expires_2_": str(binding),
    }
    return boot_to_lease(history, handset, Profile_Rule=rule, **quiet | parameters)


def _registered(history: History, after: Moment, server: str = "sip") -> None:
    """Wait until this server has taken the line's registration."""
    _answered(history, after, 200, server)


def _refused(
    history: History, sip: SipEndpoint, *, times: int = 1, server: str = "sip"
) -> SipMessage:
    """Refuse the line's next ``times`` REGISTERs; returns the first refusal."""
    before = history.mark()
    sip.inject(SipStatus(403), nth=range(1, times + 1), name="REGISTER")
    return _answered(history, before, 403, server)


def _answered(history: History, after: Moment, status: int, server: str) -> SipMessage:
    return history.wait(
        SipMessage,
        after=after,
        within=300,
        source=server,
        direction=Direction.SENT,
        method="REGISTER",
        status=status,
    )


def _asked_for(history: History, handset: HandsetControl, web: PhoneWeb) -> str:
    """The path that the phone asks for when it is asked to resync now."""
    before = history.mark()
    web.resync()
    return fetched(history, handset, before, 1)[0]


def _check_timer(
    history: History, handset: HandsetControl, name: str, path: str, due: int, *, early: int = 0
) -> None:
    """Check that the number in ``path`` is ``due``, or more by no more than the phone's own steps.

    ``early`` is by how much less it may be.
    """
    found = re.fullmatch(r"/[a-z]+-([0-9]+)\.cfg", path)
    latest = due + math.ceil(2 * handset.timing.step + handset.timing.late)
    history.check(
        name,
        seen=path,
        due=f"a number from {due - early} to {latest}",
        passed=found is not None and due - early <= int(found[1]) <= latest,
    )
