"""The command line of hil, with virtual handsets that are prepared as racked ones are.

Nobody writes into their flash: they are told what to hold, by their own web page (`RackRestorer`), and
nothing of theirs can be reached that could not be on a rack.
"""

from __future__ import annotations

from hil.cli import main
from hil.clients.web import PhoneWeb
from hil.testbed.control import HandsetControl
from hil.testbed.rack_restorer import RackRestorer
from hil.testbed.site import Surroundings
from hil.testbed.stand_ins import StandIns
from hil.testbed.virtual_bench import VirtualSite

furnish_as_ever = VirtualSite.furnish


def furnish(site: VirtualSite, with_: Surroundings) -> HandsetControl:
    control = furnish_as_ever(site, with_)
    web = PhoneWeb(site.wire.place, site.clock, with_.history, lambda: with_.admission.address)
    stand_ins = StandIns(
        site.wire, site.clock, with_.history, with_.admission, with_.entry.shown_psn
    )
    control._restorer = RackRestorer(
        site.clock,
        with_.history,
        with_.servers,
        stand_ins,
        web,
        with_.admission,
        with_.timing,
        with_.phone,
    )
    return control


VirtualSite.furnish = furnish
VirtualSite.provides = frozenset({"neighbour_frames", "screen_operator"})

if __name__ == "__main__":
    main()
