"""A bad bridge: a relay that is put between a handset's port and the bridge while both are in use.

::

    br0 ── port1 ── eth0        becomes        br0 ── in1 ═ out1 ── relay ── port1 ── eth0

The handset's link does not notice: its port only changes what it is connected to. Taking the relay
away again restores what was.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.relay import Manner, Relay
from hil.net.virtual import BRIDGE, VirtualNetwork, VirtualPort

_IFF_NOARP = 0x80
_BUDGET_S = 10.0


class Interposer:
    """Has frames between the bridge and ``port`` cross in a ``manner`` from now on.

    May be made and removed inside the bench's loop, which waits meanwhile. LabError if the kernel
    refuses.
    """

    def __init__(self, network: VirtualNetwork, port: VirtualPort, manner: Manner) -> None:
        self._network = network
        self._port = port
        self._inner = f"in-{port.name}"
        outer = f"out-{port.name}"
        self._configure(lambda route: _insert(route, port.name, self._inner, outer))
        ends = Interface(network.namespace, outer), Interface(network.namespace, port.name)
        self._relay = Relay(*ends, 0.0, manner)
        if port.far.running:
            # A bridge forwards a little after a port was added; until then frames would be lost.
            port.probe.round_trip()

    def remove(self) -> None:
        """Connect the port to the bridge again."""
        self._relay.close()
        self._configure(lambda route: _remove(route, self._port.name, self._inner))
        if self._port.far.running:
            self._port.probe.round_trip()

    def _configure(self, work: Any) -> None:
        from pyroute2.netlink.exceptions import NetlinkError

        # In a thread of its own: pyroute2 does not run inside a loop.
        with ThreadPoolExecutor(1) as worker:
            try:
                worker.submit(self._with_route, work).result(_BUDGET_S)
            except (NetlinkError, TimeoutError) as error:
                raise LabError(
                    "a relay cannot be put into the link",
                    evidence=str(error),
                    concerns=self._port.name,
                ) from error

    def _with_route(self, work: Any) -> None:
        from pyroute2 import IPRoute

        with self._network.namespace.entered():
            route = IPRoute()
        with contextlib.closing(route):
            work(route)


def _insert(route: Any, port: str, inner: str, outer: str) -> None:
    (own,) = route.link_lookup(ifname=port)
    (bridge,) = route.link_lookup(ifname=BRIDGE)
    route.link("add", ifname=inner, kind="veth", peer={"ifname": outer})
    (near,) = route.link_lookup(ifname=inner)
    (far,) = route.link_lookup(ifname=outer)
    route.link("set", index=own, master=0)
    for index in (far, own):
        # Else the lab's kernel would answer ARP here as well.
        route.link("set", index=index, flags=_IFF_NOARP, change=_IFF_NOARP)
    route.link("set", index=far, state="up")
    route.link("set", index=near, state="up")
    route.link("set", index=near, master=bridge)


def _remove(route: Any, port: str, inner: str) -> None:
    (own,) = route.link_lookup(ifname=port)
    (near,) = route.link_lookup(ifname=inner)
    (bridge,) = route.link_lookup(ifname=BRIDGE)
    route.link("del", index=near)
    route.link("set", index=own, flags=0, change=_IFF_NOARP)
    route.link("set", index=own, master=bridge)
