"""Experiments about lines: how a NOTIFY is answered and obeyed, and where a line registers."""

from __future__ import annotations

from hil.endpoints.sip_settings import Shown
from hil.history import events as ev
from hil.probes.probe import Probe
from hil.probes.scene import QUIET, Scene
from hil.testing.sip import account, backup, boot_registered, registered

_UNKNOWN = "hil-unknown-event"


def _registered(scene: Scene, **parameters: str) -> None:
    """Boot with line 1 registered, a precondition, and without a resync of its own."""
    sip = scene.bench.sip
    own = QUIET | {"Resync_On_Reset": "No", "Profile_Rule": scene.serve()} | account(sip)
    up = scene.handset.boot(**own | parameters)
    registered(scene.history, scene.handset, up)
    scene.pass_time(scene.handset.timing.step)


def _notify_challenge(scene: Scene) -> None:
    _registered(scene, **{"Auth_Resync-Reboot_1_": "Yes"})
    final = scene.bench.sip.notify(_UNKNOWN, credentials=Shown.NONE)
    if final.challenged or final.status == 401:
        scene.fits("challenge-first", seen="an event that no phone knows was challenged")
    else:
        scene.fits("event-first", seen=f"an event that no phone knows was answered {final.status}")


def _notify_refusal(scene: Scene) -> None:
    _registered(scene, **{"Auth_Resync-Reboot_1_": "No", "Resync_From_SIP": "No"})
    codes = [scene.bench.sip.notify(event).status for event in (_UNKNOWN, "resync")]
    said = f"an unknown event was answered {codes[0]}, one that is forbidden {codes[1]}"
    same = codes[0] if codes[0] == codes[1] else "unspecified"
    scene.fits("unspecified", same, seen=said)


def _check_sync(scene: Scene) -> None:
    _registered(scene, **{"Auth_Resync-Reboot_1_": "No"})
    scene.control(bool(_notified(scene, "resync")), "a resync that a NOTIFY has asked for")
    if _notified(scene, "check-sync"):
        scene.fits("optional", "supported", seen="a resync followed it")
    else:
        scene.fits("optional", "unsupported", seen="no resync followed it")


def _notified(scene: Scene, event: str) -> list[str]:
    """What the phone asks for after a NOTIFY of this event."""
    mark = scene.history.mark()
    scene.bench.sip.notify(event)
    scene.pass_time(scene.settling)
    return scene.asked(mark)


def _dual_registration(scene: Scene) -> None:
    bench = scene.bench
    boot_registered(bench.history, bench.handset, bench.sip, **backup(bench.sip))
    mark = scene.history.mark()
    scene.pass_time(scene.handset.timing.boot + scene.settling)
    if scene.history.all(ev.SipMessage, after=mark, source="backup-sip", method="REGISTER"):
        scene.fits("either", seen="the line registered with its backup although nothing had failed")


PROBES = (
    Probe("notify_challenge", _notify_challenge),
    Probe("notify_refusal", _notify_refusal),
    Probe("check_sync", _check_sync),
    Probe("dual_registration", _dual_registration, 90),
)
