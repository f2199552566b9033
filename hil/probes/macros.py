"""Experiments about macros and messages: what a phone writes where a macro stands."""

from __future__ import annotations

from hil.probes.probe import Probe
from hil.probes.scene import Play, Scene
from hil.testing.calls import Telephone


def _telling(message: str, **parameters: str) -> Play:
    """Have the phone send this as its Log_Request_Msg."""

    def play(scene: Scene) -> None:
        scene.serve()
        server = {"Syslog_Server": scene.bench.syslog.address}
        scene.settled(**server | {"Log_Request_Msg": message} | parameters)

    return play


def _psn(scene: Scene) -> None:
    scene.offer(option_66=scene.tftp.address)
    scene.settled(Profile_Rule="/$PSN.xml")


def _log_success_err(scene: Scene) -> None:
    scene.serve()
    scene.settled(Syslog_Server=scene.bench.syslog.address)


def _timer_before_attempt(scene: Scene) -> None:
    scene.settled(Profile_Rule=scene.url("/$UPGTMR.xml"))


def _regtmr_registered(scene: Scene) -> None:
    bench = scene.bench
    scene.serve("/0.xml")
    telephone = Telephone(bench.history, bench.handset, bench.dhcp, bench.tftp, bench.sip)
    telephone.boot(Profile_Rule=scene.url("/$REGTMR1.xml"), Resync_On_Reset="No")
    scene.pass_time(scene.handset.timing.step)
    scene.resync()


PROBES = (
    Probe("psn", _psn),
    Probe("scheme_case", _telling("[$SCHEME]")),
    Probe("log_default_port", _telling("at $SCHEME://$SERVIP:$PORT$PATH")),
    Probe("log_request_servip", _telling("at [$SERVIP]")),
    Probe("log_success_err", _log_success_err),
    Probe("timer_before_attempt", _timer_before_attempt),
    Probe("regtmr_registered", _regtmr_registered),
    Probe("substring_out_of_range", _telling("[$(A:9)]", GPP_A="abc")),
    Probe("malformed_macro", _telling("[$(A:] $(A", GPP_A="abc")),
    Probe("macro_name_match", _telling("[$MACfoo]")),
)
