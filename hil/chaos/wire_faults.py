"""Faults on the wire and around it: DHCP servers, bridges, links, captures and the date.

Each is real: another server answers in a namespace of its own, frames cross a relay that does not
carry them all, the kernel takes a link down, the kernel's ring for the capture is full. The date is
the exception, since it belongs to the machine and not to the bench: the witness reads another clock.
"""

from __future__ import annotations

import contextlib
import random
import socket
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hil.chaos.fault import Instant, LabFaultKind, Remedy, Scene
from hil.endpoints.admission import Admission
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay
from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.net.interface import Place
from hil.net.interposer import Interposer
from hil.net.relay import Manner
from hil.net.virtual import SUBNET, VirtualPort
from hil.testbed.virtual_bench import VirtualBench

_RIVAL_MAC = "02:00:5e:00:02:77"
_RIVAL_ADDRESS = SUBNET[250]
_RIVAL_LEASE = SUBNET[66]
_LATER_S = 0.05
_BUILDING_S = 10.0
_FLAP_S = 0.5
_SMALL_RING = 32
_BURST = 200
# Of the two EtherTypes for local experiments the one that is no barrier; no stack takes it.
_UNHEARD = b"\x88\xb6"
_ADDRESSED = (b"\x08\x00", b"\x08\x06")
_OCCASION = "dhcp"


# -- a second DHCP server --------------------------------------------------------------------------


def _second_server(after_s: float) -> Callable[[Scene], Remedy]:
    """A server on another port of the bridge that takes the handset for its own client."""

    def arm(scene: Scene) -> Remedy:
        bench = scene.bench
        port = _another_port(bench)
        history = History(bench.clock)
        place = Place(port.far, _RIVAL_ADDRESS, SUBNET.netmask)
        admission = Admission(bench.entry.mac)
        rival = DhcpEndpoint(place, bench.clock, history, admission, handset_address=_RIVAL_LEASE)
        if after_s:
            rival.inject(Delay(after_s))

        def spoken(event: ev.Event) -> None:
            if isinstance(event, ev.DhcpMessage) and event.direction is ev.Direction.SENT:
                scene.struck(f"a second DHCP server sends an {event.kind} of {event.yiaddr}")

        history.follow(spoken)
        loop = bench.clock.loop
        starting = loop.create_task(rival.start())

        def remedy() -> None:
            starting.cancel()
            loop.create_task(rival.close())
            port.far.down()

        return remedy

    return arm


def _another_port(bench: VirtualBench) -> VirtualPort:
    # In a thread of its own: pyroute2 does not run inside a loop.
    with ThreadPoolExecutor(1) as worker:
        port = worker.submit(bench.site.network.add_handset, _RIVAL_MAC).result(_BUILDING_S)
    port.far.up()
    port.far.configure(_RIVAL_ADDRESS, SUBNET.netmask)
    port.probe.round_trip()
    return port


# -- a bad bridge ----------------------------------------------------------------------------------


def _bridge(copies: int, plan: Callable[[], Callable[[bool], bool]]) -> Callable[[Scene], Remedy]:
    """A bridge over which a frame that the plan picks crosses ``copies`` times instead of once."""

    def arm(scene: Scene) -> Remedy:
        picks = plan()

        def manner(frame: bytes, to_handset: bool) -> int:
            if frame[12:14] not in _ADDRESSED or not picks(to_handset):
                return 1
            way = "to" if to_handset else "from"
            scene.struck(f"a frame {way} the handset crosses the bridge {copies} times")
            return copies

        return _interposed(scene.bench, manner)

    return arm


def _interposed(bench: VirtualBench, manner: Manner) -> Remedy:
    return Interposer(bench.site.network, bench.site.network.ports[0], manner).remove


def _first(count: int, *, to_handset: bool) -> Callable[[], Callable[[bool], bool]]:
    """The next ``count`` frames of one direction."""

    def plan() -> Callable[[bool], bool]:
        left = iter(range(count))
        return lambda toward: toward is to_handset and next(left, None) is not None

    return plan


def _tenth() -> Callable[[bool], bool]:
    chance = random.Random("a tenth")  # noqa: S311
    return lambda toward: chance.random() < 0.1


# -- links, capture, date --------------------------------------------------------------------------


def _flap(scene: Scene) -> Remedy:
    """The switch takes the port down and up again, while the power stays as it is."""
    near = scene.bench.site.network.ports[0].near
    if near.running:
        near.down()
        scene.struck("the switch takes the handset's port down for a moment")
    back = scene.bench.clock.loop.call_later(_FLAP_S, near.up)

    def remedy() -> None:
        back.cancel()
        near.up()

    return remedy


def _full_ring(scene: Scene) -> Remedy:
    """A capture with a small ring meets a burst that it cannot take."""
    bench = scene.bench
    near = bench.site.network.ports[0].near
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the capture closes it
    bench.site.witnesses.capture(file, slots=_SMALL_RING)
    mac = bytes.fromhex(near.mac.replace(":", ""))
    frame = (mac + mac + _UNHEARD).ljust(60, b"\0")
    sent = 0
    sender = near.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # A link that is down takes none.
    with sender, contextlib.suppress(OSError):
        for _ in range(_BURST):
            sender.sendto(frame, (near.name, 0))
            sent += 1
    if sent > _SMALL_RING:
        scene.struck(f"{sent} frames at once, with room for {_SMALL_RING} in the capture's ring")
    return _nothing


def _step(seconds: float) -> Callable[[Scene], Remedy]:
    """Somebody sets the date."""

    def arm(scene: Scene) -> Remedy:
        witness = scene.bench.site.witnesses.date
        before = witness.date
        witness.date = lambda: time.time_ns() + round(seconds * NANOSECONDS)
        scene.struck(f"the date jumps by {seconds:+g} s")

        def remedy() -> None:
            witness.date = before

        return remedy

    return arm


def _nothing() -> None:
    """The bench closes its captures itself."""


_WATCHED = "a witness hears all DHCP servers at the lab's interface and the handset's port"
_COUNTED = "frames are counted at both ends of the wire"
_COMPARED = "the date is held against CLOCK_MONOTONIC"
_INSIDE = (Instant.MIDWAY, Instant.LATE)

WIRE_FAULTS = (
    LabFaultKind(
        "dhcp-second-server",
        "a second DHCP server on the wire answers the handset, too",
        _WATCHED,
        _second_server(0.0),
        (Instant.BEFORE, Instant.MIDWAY),
        needs=_OCCASION,
    ),
    LabFaultKind(
        "dhcp-second-server-late",
        "a second DHCP server on the wire answers after ours",
        _WATCHED,
        _second_server(_LATER_S),
        (Instant.BEFORE,),
        needs=_OCCASION,
    ),
    LabFaultKind(
        "bridge-loses-one-to",
        "the bridge loses one frame to the handset",
        _COUNTED,
        _bridge(0, _first(1, to_handset=True)),
    ),
    LabFaultKind(
        "bridge-loses-one-from",
        "the bridge loses one frame from the handset",
        _COUNTED,
        _bridge(0, _first(1, to_handset=False)),
    ),
    LabFaultKind(
        "bridge-loses-burst",
        "the bridge loses eight frames from the handset in a row",
        _COUNTED,
        _bridge(0, _first(8, to_handset=False)),
    ),
    LabFaultKind("bridge-loses-tenth", "the bridge loses a tenth", _COUNTED, _bridge(0, _tenth)),
    LabFaultKind(
        "bridge-duplicates-one",
        "the bridge sends one frame to the handset twice",
        _COUNTED,
        _bridge(2, _first(1, to_handset=True)),
    ),
    LabFaultKind(
        "bridge-duplicates-tenth", "the bridge sends a tenth twice", _COUNTED, _bridge(2, _tenth)
    ),
    LabFaultKind(
        "link-flaps",
        "the handset's switch port goes down and comes up again",
        "changes of the link are counted and held against the power commands",
        _flap,
        _INSIDE,
    ),
    LabFaultKind(
        "capture-drops",
        "the capture has no room for all frames",
        "the kernel counts what it did not give the capture",
        _full_ring,
        _INSIDE,
    ),
    LabFaultKind(
        "clock-steps-forward", "the date is set an hour on", _COMPARED, _step(3600.0), _INSIDE
    ),
    LabFaultKind(
        "clock-steps-back", "the date is set back two seconds", _COMPARED, _step(-2.0), _INSIDE
    ),
)
"""The rows of this field."""
