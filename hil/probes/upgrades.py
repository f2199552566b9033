"""Experiments about firmware upgrades. None brings a load: each has one asked for that is not there."""

from __future__ import annotations

from hil.endpoints.syslog import SyslogEndpoint
from hil.history import events as ev
from hil.probes.probe import Probe
from hil.probes.scene import Scene

_LOAD = "/firmware/sip7832.99-0-1MPP0001-1.loads"
_ALONE = {
    "Resync_On_Reset": "No",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "0",
}


def _able(scene: Scene) -> None:
    """A precondition: the phone asks for a load that its rule names in full."""
    lease = scene.settled(Upgrade_Rule=scene.url(_LOAD), **_ALONE)
    scene.control(_LOAD in scene.asked(lease), "an upgrade by a rule that names its server")


def _missing_server(scene: Scene) -> None:
    _able(scene)
    scene.offer(option_66=scene.tftp.address)
    lease = scene.settled(Upgrade_Rule=_LOAD, **_ALONE)
    if _LOAD in scene.asked(lease):
        scene.fits("dhcp", seen="the load was asked of the server that DHCP names")


def _options(scene: Scene) -> None:
    _able(scene)
    rule = f"[--uid user --pwd word] {scene.http.url(_LOAD)}"
    lease = scene.settled(Upgrade_Rule=rule, **_ALONE)
    if _LOAD in scene.asked(lease):
        scene.fits("uid-pwd", seen="the load was asked for although the rule has options")


def _reattempt(scene: Scene) -> None:
    rule = scene.url(_LOAD)
    scene.settled(Upgrade_Rule=rule, **_ALONE | {"Upgrade_Error_Retry_Delay": "60"})
    scene.pass_time(90)


def _after_failure(scene: Scene) -> None:
    scene.serve()
    rule = scene.url(_LOAD)
    scene.settled(Upgrade_Rule=rule, **_ALONE | {"Resync_After_Upgrade_Attempt": "Yes"})


def _peer_log(scene: Scene) -> None:
    bench = scene.bench
    server = SyslogEndpoint(
        bench.place, bench.clock, bench.history, bench.admission, port=5140, name="peer-log"
    )
    bench.clock.run(server.start())
    try:
        lease = scene.settled(
            Upgrade_Rule=scene.url(_LOAD),
            Syslog_Server=bench.syslog.address,
            Peer_Firmware_Sharing="Yes",
            Peer_Firmware_Sharing_Log_Server=f"{server.address}:{server.port}",
            **_ALONE,
        )
        if not scene.history.all(ev.SyslogMessage, after=lease, port=server.port):
            scene.fits("unspecified", seen="nothing came to the log server of peer sharing")
    finally:
        bench.clock.run(server.close())


PROBES = (
    Probe("upgrade_missing_server", _missing_server),
    Probe("upgrade_options", _options),
    Probe("upgrade_reattempt", _reattempt, 150, timer_s=60),
    Probe("resync_after_failed_upgrade", _after_failure),
    Probe("peer_sharing_log", _peer_log, capability="peer_firmware_sharing"),
)
