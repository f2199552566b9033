"""A scenario with everything that could race: two transfers, log messages, retries, a power cut."""

from __future__ import annotations

from pathlib import Path

from hil.history import events as ev
from hil.judge import Conduct, judge
from hil.reference.profile_builder import flat_profile
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench

# What differs from run to run although the behaviour is the same.
_VOLATILE = {"seq", "kernel_ns", "at", "data", "peer", "transfer", "connection", "xid", "options"}


def make_bench(delay_ms: float, directory: Path | None = None) -> VirtualBench:
    """A virtual bench whose links hold every frame back."""
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    network = testbed.network.model_copy(update={"delay_ms": delay_ms})
    testbed = testbed.model_copy(update={"network": network})
    return virtual_bench(testbed, testbed.handset(), directory=directory)


def run(bench: VirtualBench) -> tuple[str, list[str]]:
    """Run the scenario once: its verdict, and the order of events."""
    started = bench.begin("scenario", ("resync.periodic",))
    log = bench.syslog.address
    profile = flat_profile(
        Resync_Periodic="600,1200+60",
        Resync_Error_Retry_Delay="30,60",
        Syslog_Server=log,
        Profile_Rule_B="http://192.0.2.1/b.xml",
        Profile_Rule_C="https://prov.example/c.xml",
    )
    bench.tftp.serve("/7832-3PCC.xml", profile)
    bench.http.serve("/b.xml", flat_profile(GPP_A="one"))
    bench.https.serve("/c.xml", flat_profile(GPP_B="two"))
    bench.dns.answer("prov.example", bench.https.address)
    bench.dhcp.offer(option_66=bench.tftp.address)
    bench.handset.boot(Resync_Random_Delay="20")
    bench.history.wait(ev.TransferEnded, path="/c.xml", within=200)
    bench.history.wait(ev.TransferEnded, path="/c.xml", within=4000, count=2)
    bench.http.reset()
    bench.history.wait(ev.TransferEnded, outcome=ev.Outcome.NOT_FOUND, within=4000, count=2)
    bench.handset.power_cycle()
    bench.history.wait(ev.TransferEnded, path="/7832-3PCC.xml", within=200)
    ended = bench.end("scenario")
    events = bench.events_of(started, ended)
    verdict = judge(events, Conduct(("resync.periodic",)), bench.reference_phone(), bench.timing)
    return str(verdict), [_line(event, started.at) for event in events]


def _line(event: ev.Event, start: int) -> str:
    kind = type(event)
    fields = {
        name: getattr(event, name) for name in kind.__struct_fields__ if name not in _VOLATILE
    }
    return f"{event.at - start} {kind.__name__} {fields}"
