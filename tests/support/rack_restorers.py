"""The restorer of a rack for the handset of a virtual bench, so that it is prepared as a racked one."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.testbed.rack_restorer import RackRestorer
from hil.testbed.restorer import Ladder
from hil.testbed.stand_ins import StandIns
from hil.testbed.virtual_bench import VirtualBench


def install(bench: VirtualBench, stand_ins: StandIns, ladder: Ladder | None = None) -> RackRestorer:
    """Have the bench's handset told by its own web page what to hold, and by nothing else."""
    restorer = RackRestorer(
        bench.clock,
        bench.history,
        bench.servers,
        stand_ins,
        PhoneWeb(bench.place, bench.clock, bench.history, lambda: bench.admission.address),
        bench.admission,
        bench.timing,
        bench.reference_phone(),
        ladder=ladder,
    )
    bench.handset._restorer = restorer
    return restorer
