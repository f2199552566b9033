"""Experiments about when a resync begins: delays, retries, triggers, calls, and what forbids one."""

from __future__ import annotations

from hil.history import events as ev
from hil.probes.probe import Probe
from hil.probes.scene import Scene
from hil.testing.calls import Telephone

_BOOTS = 5
"""A phone that waits up to 20 seconds does not begin within one second so many times in a row, but for
one in three million."""


def _resync_trigger(scene: Scene) -> None:
    # The first resync fails, so that nothing is synchronized when the trigger turns true.
    scene.settled(Resync_Trigger_1="$PRVTMR ge 60")
    scene.pass_time(80)
    scene.serve()
    scene.resync()
    scene.pass_time(80)


def _random_delay_unit(scene: Scene) -> None:
    scene.serve()
    delays = []
    for _ in range(_BOOTS):
        lease = scene.settled(Resync_Random_Delay="1")
        scene.pass_time(20)
        delays += scene.asked_at(lease)[:1]
    longest = max(delays, default=20.0)
    if len(delays) == _BOOTS and longest <= 1 + scene.handset.timing.step:
        scene.fits("seconds", seen=f"{_BOOTS} boots, the longest delay of them {longest:.3f} s")


def _forced_resync_delay(scene: Scene) -> None:
    bench = scene.bench
    telephone = Telephone(bench.history, bench.handset, bench.dhcp, bench.tftp, bench.sip)
    for talks in (90, 300):
        telephone.synced(Resync_Periodic="60", Forced_Resync_Delay="120")
        call = telephone.talk()
        scene.pass_time(talks)
        telephone.hang_up(call)
        scene.pass_time(150)


def _list_exhaustion(scene: Scene) -> None:
    scene.settled(Resync_Error_Retry_Delay="20,60")
    scene.pass_time(20 + 60 + 60 + 4 * scene.settling)


def _list_restart(scene: Scene) -> None:
    scene.settled(Resync_Error_Retry_Delay="20,60,300")
    scene.pass_time(20 + scene.settling)
    scene.serve()
    scene.resync()
    scene.tftp.remove("/probe.xml")
    scene.resync()
    scene.pass_time(60 + scene.settling)


def _resync_after_update(scene: Scene) -> None:
    scene.serve()
    scene.settled()
    mark = scene.history.mark()
    scene.bench.web.submit(GPP_A="new")
    within = scene.handset.timing.restart + scene.handset.timing.lease
    scene.history.wait(ev.DhcpMessage, kind="ACK", after=mark, within=within)
    scene.pass_time(scene.settling)


def _provision_disabled(scene: Scene) -> None:
    scene.serve()
    scene.settled()
    scene.control(bool(scene.asked(scene.resync())), "a resync that the web page was asked for")
    scene.settled(Provision_Enable="No")
    if not scene.asked(scene.resync()):
        scene.fits("blocks-all", seen="a resync that the web page was asked for did not begin")


PROBES = (
    Probe("resync_trigger", _resync_trigger, 240),
    Probe("random_delay_unit", _random_delay_unit, 240),
    Probe("forced_resync_delay", _forced_resync_delay, 900, timer_s=60),
    Probe("list_exhaustion", _list_exhaustion, 240, timer_s=20),
    Probe("list_restart", _list_restart, 180, timer_s=20),
    Probe("resync_after_update", _resync_after_update),
    Probe("provision_disabled", _provision_disabled),
)
