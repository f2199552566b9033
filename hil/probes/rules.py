"""Experiments about profile rules: what of them is followed, and what becomes of one that fails.

Where a reading makes a rule succeed and another makes it fail, Profile_Rule_B tells: a failure
interrupts the sequence, so that its file is asked for only after a success.
"""

from __future__ import annotations

from hil.probes.probe import Probe
from hil.probes.scene import Scene

AFTER = "/after.xml"


def follow(scene: Scene, rule: str, **parameters: str) -> None:
    """Have the phone follow this Profile_Rule after its boot, and `AFTER` once it has succeeded."""
    scene.settled(
        **{"Profile_Rule": rule, "Profile_Rule_B": scene.serve(AFTER)} | parameters,
    )


def _fnf_accepted(scene: Scene) -> None:
    follow(scene, scene.url("/missing.xml"), Resync_Fails_On_FNF="No")


def _failed_rule(scene: Scene) -> None:
    scene.serve("/old.xml", GPP_A="new")
    scene.serve("/new.xml")
    scene.settled(
        GPP_A="old",
        Profile_Rule=scene.url("/$A.xml"),
        Profile_Rule_B=scene.url("/missing.xml"),
    )
    scene.resync()


def _version_mismatch(scene: Scene) -> None:
    one, two = scene.serve("/one.xml"), scene.serve("/two.xml")
    follow(scene, f"($SWVER ge 2.0.6)? {one} | {two}")


def _type_mismatch(scene: Scene) -> None:
    one, two = scene.serve("/one.xml"), scene.serve("/two.xml")
    follow(scene, f'("one" eq 1)? {one} | {two}')


def _expansion_order(scene: Scene) -> None:
    one, two = scene.serve("/one.xml"), scene.serve("/two.xml")
    follow(scene, "$A", GPP_A=f'("1" eq "2")? {one} | {two}')


def _secret_macros(scene: Scene) -> None:
    scene.http.serve("/guarded.xml", b"<flat-profile></flat-profile>")
    scene.http.require_basic("/guarded.xml", "user", "word")
    rule = f"[--uid user --pwd $SA] {scene.http.url('/guarded.xml')}"
    follow(scene, rule, GPP_SA="word")


def _srv_missing(scene: Scene) -> None:
    scene.bench.dns.answer("files.example", scene.http.address)
    scene.http.serve("/probe.xml", b"<flat-profile></flat-profile>")
    follow(scene, f"[--srv] {scene.http.url('/probe.xml', host='files.example')}")


PROBES = (
    Probe("fnf_accepted", _fnf_accepted),
    Probe("failed_rule", _failed_rule),
    Probe("version_mismatch", _version_mismatch),
    Probe("type_mismatch", _type_mismatch),
    Probe("expansion_order", _expansion_order),
    Probe("secret_macros", _secret_macros),
    Probe("srv_missing", _srv_missing),
)
