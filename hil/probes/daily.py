"""Experiments about Resync_At. They take days, which pass at once where the time is virtual."""

from __future__ import annotations

from hil.history import Moment
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.probes.probe import Probe
from hil.probes.scene import Scene
from hil.testing.clock import utc

_HOUR = 3600.0
_DAY = 24 * _HOUR
_DAYS = 75
"""Of windows that differ by one minute in eleven, so many in a row are never in the shorter one by
chance: one in 1,200."""

NEW_YORK = {
    "Time_Zone": "GMT-05:00",
    "Daylight_Saving_Time_Enable": "Yes",
    "Daylight_Saving_Time_Rule": "start=3/8/7/2;end=11/1/7/2;save=1",
}
"""From the second Sunday of March at 2 to the first Sunday of November at 2 an hour is added."""


def _rounding(scene: Scene) -> None:
    scene.serve()
    scene.clock("2026-03-02 07:00")
    lease = scene.settled(Resync_At__HHmm_="0730", Resync_At_Random_Delay="601")
    seen: list[float] = []
    while len(seen) < _DAYS and max(seen, default=0.0) <= 600 + scene.handset.timing.late:
        before = len(seen)
        scene.pass_time(_DAY)
        seen = _after_the_time(scene, lease)
        if len(seen) == before:
            return
    if len(seen) >= _DAYS and max(seen) <= 600 + scene.handset.timing.late:
        scene.fits("nearest-minute", seen=f"{len(seen)} days, the longest delay {max(seen):.0f} s")


def _after_the_time(scene: Scene, lease: Moment) -> list[float]:
    """The delays of the daily resyncs, counted from half past seven."""
    started = scene.bench.ntp.utc_ns - scene.history.now()
    requests = scene.history.all(ev.ProvisioningRequest, after=lease)
    return [((each.at + started) / NANOSECONDS - 7.5 * _HOUR) % _DAY for each in requests][1:]


def _zero_delay(scene: Scene) -> None:
    scene.serve()
    scene.clock("2026-03-02 07:00")
    lease = scene.settled(Resync_At__HHmm_="0730", Resync_At_Random_Delay="0")
    scene.pass_time(2 * _DAY)
    seen = _after_the_time(scene, lease)
    if len(seen) >= 2 and max(seen) <= scene.handset.timing.step + scene.handset.timing.late:
        scene.fits("disabled", seen=f"{len(seen)} days, the longest delay {max(seen):.3f} s")


def _able(scene: Scene) -> None:
    """A precondition: the phone resyncs at a time that a profile brings and nobody doubts."""
    scene.serve(Resync_At__HHmm_="0730")
    scene.clock("2026-03-02 07:20")
    lease = scene.settled()
    scene.pass_time(_HOUR / 2)
    scene.control(len(scene.asked(lease)) > 1, "a resync at half past seven")


def _midnight(scene: Scene) -> None:
    _able(scene)
    scene.serve(Resync_At__HHmm_="2400")
    scene.clock("2026-03-02 23:50")
    scene.settled()
    scene.pass_time(_HOUR)


def _minutes(scene: Scene) -> None:
    _able(scene)
    scene.serve(Resync_At__HHmm_="0960")
    scene.clock("2026-03-02 09:50")
    scene.settled()
    scene.pass_time(_HOUR)


def _no_clock(scene: Scene) -> None:
    scene.serve()
    scene.settled(Resync_At__HHmm_="0730", Resync_Periodic="60")
    scene.pass_time(90)


def _daylight(scene: Scene) -> None:
    scene.serve()
    scene.clock("2026-03-07 11:00")
    scene.settled(Resync_At__HHmm_="0730", **NEW_YORK)
    scene.pass_time(2 * _DAY)


def _gap(scene: Scene) -> None:
    scene.serve()
    scene.clock("2026-03-08 05:00")
    scene.settled(Resync_At__HHmm_="0230", **NEW_YORK)
    scene.pass_time(12 * _HOUR)


def _overlap(scene: Scene) -> None:
    scene.serve()
    scene.clock("2026-11-01 04:00")
    scene.settled(Resync_At__HHmm_="0130", **NEW_YORK)
    scene.pass_time(12 * _HOUR)


def _dhcp_daylight(scene: Scene) -> None:
    scene.serve()
    scene.offer(ntp=scene.bench.ntp.address, time_offset=-5 * 3600)
    for ignored in ("Yes", "No"):
        # By its own offset the phone has summer time without any doubt.
        scene.bench.ntp.set(utc("2026-07-01 10:00"))
        parameters = {"Ignore_DHCP_Time_Offset": ignored, "Resync_At__HHmm_": "0730"}
        scene.settled(**NEW_YORK | parameters)
        scene.pass_time(4 * _HOUR)


PROBES = (
    Probe("resync_at_rounding", _rounding, _DAYS * _DAY),
    Probe("resync_at_zero_delay", _zero_delay, 2 * _DAY),
    Probe("resync_at_2400", _midnight, _HOUR),
    Probe("resync_at_minutes", _minutes, _HOUR),
    Probe("resync_at_no_clock", _no_clock, 120, timer_s=60),
    Probe("resync_at_dst", _daylight, 2 * _DAY),
    Probe("resync_at_gap", _gap, _DAY / 2),
    Probe("resync_at_overlap", _overlap, _DAY / 2),
    Probe("dhcp_offset_daylight", _dhcp_daylight, _DAY / 4),
)
