"""Enable_CDP, Enable_LLDP-MED, Network_Startup_Delay."""

from __future__ import annotations

from hil.reference.parameters import Parameters
from hil.reference.profile_builder import flat_profile
from hil.reference.profiles import decode


def test_a_phone_that_nobody_configured_announces_itself_both_ways_after_three_seconds() -> None:
    new = Parameters()
    assert new.flag("Enable_CDP")
    assert new.flag("Enable_LLDP-MED")
    assert new.integer("Network_Startup_Delay") == 3


def test_a_profile_switches_them_off_by_their_xml_names() -> None:
    profile = decode(flat_profile(**{"Enable_CDP": "No", "Enable_LLDP-MED": "No"}))
    configured = Parameters().updated(profile.parameters)
    assert not configured.flag("Enable_CDP")
    assert not configured.flag("Enable_LLDP-MED")


def test_a_delay_that_is_no_number_leaves_the_one_in_force() -> None:
    configured = Parameters().updated({"Network_Startup_Delay": "10"})
    assert (
        configured.updated({"Network_Startup_Delay": "soon"}).integer("Network_Startup_Delay") == 10
    )
