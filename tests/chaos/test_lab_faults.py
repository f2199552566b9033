"""Each fault of power, endpoints and disk is seen by its own detector, and blamed on the lab."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import scenario

from hil.chaos.catalogue import FAULTS, faults
from hil.chaos.disk_faults import DISK_FAULTS
from hil.chaos.endpoint_faults import ENDPOINT_FAULTS
from hil.chaos.fault import SOURCE, LabFaultKind, Remedy, Scene
from hil.chaos.power_faults import POWER_FAULTS
from hil.endpoints.http import HttpEndpoint
from hil.errors import LabError, UsageError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge
from hil.net.unread import unread
from hil.reference.profile_builder import flat_profile
from hil.testbed.virtual_bench import VirtualBench

NAMES = ("resync.on_reset",)
TOLD = {
    "pdu-says-off-stays-on": "the outlet says it was off, but the handset's link never went down",
    "pdu-says-on-stays-off": "the outlet says on, but the handset's link is down",
    "pdu-says-error-did-it": "a command that was refused had been obeyed",
    "pdu-late": "the outlet says it was off, but the handset's link never went down",
    "pdu-dead": "did not switch off",
    "outlet-wrong-dead": "the outlet says it was off, but the handset's link never went down",
    "outlet-wrong-live": "the outlet says it was off, but the handset's link never went down",
    "outlet-shared": "the handset's link and its power do not go together",
}


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    with contextlib.closing(scenario.make_bench(0.0)) as made:
        yield made


@pytest.fixture(scope="module")
def lasting_bench() -> Iterator[VirtualBench]:
    with contextlib.closing(scenario.make_bench(0.0)) as made:
        yield made


def arm(bench: VirtualBench, fault: LabFaultKind) -> Remedy:
    async def armed() -> Remedy:
        return fault.arm(Scene(bench))

    return bench.clock.run(armed())


def mend(bench: VirtualBench, remedy: Remedy) -> None:
    async def mended() -> None:
        remedy()

    bench.clock.run(mended())


def resync(bench: VirtualBench) -> None:
    """Boot, and see the resync."""
    bench.tftp.serve("/7832-3PCC.xml", flat_profile(Resync_Periodic="0"))
    bench.dhcp.offer(option_66=bench.tftp.address)
    up = bench.handset.boot(Resync_Random_Delay="0")
    bench.history.wait(ev.TransferEnded, after=up, within=100)


def judged(bench: VirtualBench, test: Callable[[], None]) -> tuple[Judgement, list[str]]:
    """Run a test as the plugin would; its verdict, and what struck in it."""
    lab_error = unmet = ""
    started = bench.begin("test", NAMES)
    try:
        test()
    except LabError as error:
        lab_error = str(error)
    except Unmet as error:
        unmet = str(error) if error.precondition else ""
    ended = bench.end("test", linger=True)
    events = bench.events_of(started, ended)
    conduct = Conduct(NAMES, unmet=unmet, lab_error=lab_error)
    notes = [e.text for e in events if isinstance(e, ev.Note) and e.source == SOURCE]
    return judge(events, conduct, bench.reference_phone(), bench.timing), notes


@pytest.mark.parametrize("fault", POWER_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_power_is_the_labs(bench: VirtualBench, fault: LabFaultKind) -> None:
    remedies: list[Remedy] = []

    def test() -> None:
        resync(bench)
        remedies.append(arm(bench, fault))
        bench.history.sleep(1)
        if fault.name != "outlet-shared":
            bench.handset.power_cycle()
        bench.history.sleep(60)

    told, notes = judged(bench, test)
    assert notes, "the fault did not come to pass"
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)
    assert any(TOLD[fault.name] in remark for remark in told.remarks), told.remarks

    mend(bench, remedies.pop())
    bench.history.sleep(60)
    assert judged(bench, lambda: resync(bench))[0].word is Word.PASS


def test_an_answer_of_the_pdu_that_is_lost_is_no_fault(bench: VirtualBench) -> None:
    from hil.virtual.pdu import HONEST, PduManner

    def test() -> None:
        resync(bench)
        # Silent for one request: the second attempt is answered.
        bench.site.pdu.behave(PduManner(dead=True), lambda what: bench.site.pdu.behave(HONEST))
        bench.handset.power_cycle()
        bench.history.wait(ev.TransferEnded, within=100, count=2)

    assert judged(bench, test)[0].word is not Word.ERROR


GONE = [fault for fault in ENDPOINT_FAULTS if not fault.needs]


@pytest.mark.parametrize("fault", GONE, ids=lambda fault: fault.name)
def test_an_endpoint_that_is_gone_is_found_at_the_end_of_the_test(
    lasting_bench: VirtualBench, fault: LabFaultKind
) -> None:
    bench, name = lasting_bench, fault.name.removesuffix("-gone")
    started = bench.begin("test", NAMES)
    arm(bench, fault)
    bench.end("test")
    assert [e.evidence for e in bench.history.all(ev.LabFault, after=started)] == [name]

    bench.clock.run(bench.endpoint(name).start())
    started = bench.begin("next", NAMES)
    bench.end("next")
    assert not bench.history.all(ev.LabFault, after=started)


def test_an_endpoint_that_a_test_brings_along_is_looked_after(lasting_bench: VirtualBench) -> None:
    bench = lasting_bench
    surroundings = (bench.place, bench.clock, bench.history, bench.admission)
    server = HttpEndpoint(*surroundings, port=8080)
    with bench.serving("http-8080", server):
        started = bench.begin("test", NAMES)
        bench.clock.run(server.close())
        bench.end("test")
    assert [e.evidence for e in bench.history.all(ev.LabFault, after=started)] == ["http-8080"]
    started = bench.begin("next", NAMES)
    bench.end("next")
    assert not bench.history.all(ev.LabFault, after=started)


@pytest.mark.parametrize("name", ["dhcp", "tftp", "http"])
def test_an_endpoint_that_hangs_is_found_by_what_it_leaves(bench: VirtualBench, name: str) -> None:
    (fault,) = faults((f"{name}-hangs",))

    def test() -> None:
        arm(bench, fault)
        bench.http.serve("/a.xml", flat_profile())
        bench.dhcp.offer(option_66=bench.tftp.address)
        rule = bench.http.url("/a.xml") if name == "http" else "/$PSN.xml"
        bench.handset.boot(Resync_Random_Delay="0", Profile_Rule=rule)
        bench.history.sleep(100)

    told, notes = judged(bench, test)
    assert notes == [f"struck for good: {name} does not take what has arrived"]
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)
    assert any(f"does not take what arrives: {name}: " in remark for remark in told.remarks)


def test_an_endpoint_that_hangs_while_nobody_speaks_to_it_disturbs_nobody(
    bench: VirtualBench,
) -> None:
    (fault,) = faults(("ntp-hangs",))

    def test() -> None:
        arm(bench, fault)
        resync(bench)

    told, notes = judged(bench, test)
    assert (told.word, notes) == (Word.PASS, [])


def test_a_disk_that_is_full_leaves_no_later_test_with_evidence(tmp_path: Path) -> None:
    (fault,) = DISK_FAULTS
    with contextlib.closing(scenario.make_bench(0.0, tmp_path)) as bench:
        assert judged(bench, lambda: resync(bench))[0].word is Word.PASS

        def test() -> None:
            resync(bench)
            arm(bench, fault)

        for each in (test, lambda: resync(bench)):
            told, _ = judged(bench, each)
            assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)
            assert any("No space left on device" in remark for remark in told.remarks)


def test_a_bench_without_a_disk_cannot_fill_it(bench: VirtualBench) -> None:
    (fault,) = DISK_FAULTS
    with pytest.raises(LabError, match="no disk"):
        arm(bench, fault)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_what_waits_at_a_socket_is_told_until_it_is_taken(kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as server, socket.socket(socket.AF_INET, kind) as peer:
        server.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        assert unread(server.fileno()) == ""
        peer.connect(server.getsockname())
        if kind == socket.SOCK_STREAM:
            assert unread(server.fileno()) == "1 connection(s) that nobody accepts"
            server.accept()[0].close()
        else:
            peer.send(b"hello")
            assert unread(server.fileno()) == "a message of 5 octets that nobody reads"
            server.recv(16)
        assert unread(server.fileno()) == ""


def test_every_fault_has_a_name_of_its_own_words_and_a_detector() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.words and fault.detector and fault.instants for fault in FAULTS)
    assert faults(("pdu-dead", "pdu-dead")) == tuple(f for f in FAULTS if f.name == "pdu-dead")
    with pytest.raises(UsageError, match="no fault of the laboratory is called 'gremlins'"):
        faults(("gremlins",))
