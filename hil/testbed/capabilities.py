"""What a handset and its place in the lab are able to do, declared with values that have types.

The specification's phone has every feature, so a feature counts as there unless its entry says no;
what the lab provides counts as absent unless its entry says that it is there. A value of None is one
that nobody has stated. `Capabilities` is the one table of names, types and meanings: a name that it
does not have is an error of the inventory.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hil.testbed.entry import Entry, Seconds

FactoryReset = Literal["none", "menu", "keys", "web", "console"]
"""How a phone is taken back to its factory settings; ``none`` is not at all."""


class Capabilities(Entry):
    """What a test may rely on, and what it must declare NOT_APPLICABLE."""

    https: bool = Field(
        default=True,
        description="yes or no: whether the phone fetches profiles over HTTPS; on a rack it needs an "
        "authority, which the phone is seen to trust before the first test, and yes says that it "
        "was given to the phone",
    )
    client_certificate: bool = Field(
        default=False,
        description="yes or no: whether the laboratory can verify the certificate that the phone shows "
        "over HTTPS; a rack can where the authority's client_roots are given",
    )
    peer_firmware_sharing: bool = Field(
        default=True,
        description="yes or no: whether the phone has Peer_Firmware_Sharing and shares loads with "
        "its neighbours",
    )
    poe_class: int | None = Field(
        default=None,
        ge=0,
        le=8,
        description="the power class that the phone shows a PoE switch, 0 to 8 (IEEE 802.3bt)",
    )
    minimum_timer_s: Seconds | None = Field(
        default=None,
        description="the smallest value that the firmware allows a timer of resyncs, upgrades, reports "
        "or registrations, 0 s or more",
    )
    console: bool | None = Field(
        default=None,
        description="yes or no: whether the phone's serial console is wired, as its key console says",
    )
    screen_operator: bool = Field(
        default=False,
        description="yes or no: whether somebody or something can press the phone's keys",
    )
    flash_access: bool = Field(
        default=False,
        description="yes or no: whether the phone's memory can be written from outside, and so hold "
        "what no profile can say, such as a blank at the end of a value; a virtual one's can",
    )
    test_loads: bool = Field(
        default=False,
        description="yes or no: whether the phone installs hil's own test loads, which no vendor has "
        "signed; a virtual one does",
    )
    neighbour_frames: bool = Field(
        default=False,
        description="yes or no: whether the phone's CDP and LLDP frames reach the laboratory, which a "
        "switch in between forwards only if it is told to",
    )
    factory_reset: FactoryReset = Field(
        default="none",
        description="how it is taken back to factory settings: none, menu (by its screen), keys (held "
        "while it boots), web (its own pages) or console",
    )

    def declared(self) -> dict[str, bool | int | float | str]:
        """Every capability whose value is known, stated or by default."""
        values = self.model_dump()
        return {name: value for name, value in values.items() if value is not None}
