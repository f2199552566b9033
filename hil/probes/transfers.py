"""Experiments about DHCP options that name a server, and about redirects."""

from __future__ import annotations

from hil.probes.probe import Probe
from hil.probes.profiles import SALT
from hil.probes.rules import follow
from hil.probes.scene import Scene
from hil.reference.profile_builder import encrypt, flat_profile

_MOST = 25


def _dhcp_server_name(scene: Scene) -> None:
    scene.http.serve("/named.xml", flat_profile())
    scene.offer(option_160=scene.http.url("/named.xml"), option_66=scene.tftp.address)
    if "/named.xml" in _unconfigured(scene, "160,66"):
        scene.fits("any-form", seen="the URL of option 160 was asked for")


def _dhcp_vendor_content(scene: Scene) -> None:
    scene.http.serve("/vendor.xml", flat_profile())
    scene.offer(option_43={1: scene.http.url("/vendor.xml")}, option_66=scene.tftp.address)
    if "/vendor.xml" in _unconfigured(scene, "43,66"):
        scene.fits("text", seen="the URL in option 43 was asked for")


def _unconfigured(scene: Scene, options: str) -> list[str]:
    """Boot a phone whose Profile_Rule nobody has set; what it asks for, one of ``options`` at least."""
    order = {"DHCP_Option_To_Use": options}
    up = scene.handset.boot(Resync_Random_Delay="0", Resync_Error_Retry_Delay="0", **order)
    lease = scene.leased(up)
    scene.pass_time(scene.settling)
    asked = scene.asked(lease)
    scene.control(bool(asked), "a request to the server of one option or of the other")
    return asked


def _redirect_limit(scene: Scene) -> None:
    for number in range(_MOST):
        scene.http.redirect(f"/{number}.xml", scene.http.url(f"/{number + 1}.xml"))
    follow(scene, scene.http.url("/0.xml"))
    scene.pass_time(_MOST * scene.handset.timing.step)


def _redirect_options(scene: Scene) -> None:
    scene.http.redirect("/old.cfg", scene.http.url("/new.cfg"))
    scene.http.serve("/new.cfg", encrypt(flat_profile(), "secret", salt=SALT))
    follow(scene, f"[--key secret] {scene.http.url('/old.cfg')}")


def _redirect_macros(scene: Scene) -> None:
    scene.http.redirect("/old.xml", scene.http.url("/$MA.xml"))
    follow(scene, scene.http.url("/old.xml"))


PROBES = (
    Probe("dhcp_server_name", _dhcp_server_name),
    Probe("dhcp_vendor_content", _dhcp_vendor_content),
    Probe("redirect_limit", _redirect_limit),
    Probe("redirect_options", _redirect_options),
    Probe("redirect_macros", _redirect_macros),
)
