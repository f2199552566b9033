"""DHCP client and server with each other over a link that loses, doubles and reorders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from dhcp_steps import ADDRESS, SERVER, client
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.wire.dhcp import decode, encode
from hil.wire.dhcp_client import Bound, DhcpClient, Event, LeaseLost, Renewed, Send, State
from hil.wire.dhcp_server import DhcpServer, ServerConfig

SECOND = 1_000_000_000
GRANT = ServerConfig(
    server=SERVER, pool=(ADDRESS,), netmask=IPv4Address("255.255.255.0"), lease_time=3600
)

fates = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 90_000)), max_size=60)


def converse(
    link: Any, machine: DhcpClient, server: DhcpServer, until: Callable[[int], bool]
) -> list[tuple[int, Event]]:
    """Let the two talk until ``until(now)``, and return what the client's events were and when."""
    record: list[tuple[int, Event]] = []
    now = 0

    def perform(events: Iterable[Event]) -> None:
        for event in events:
            record.append((now, event))
            if isinstance(event, Send):
                link.send("server", encode(event.message), now)

    perform(machine.start(now))
    while not until(now):
        arrival, deadline = link.next_arrival(), machine.next_deadline()
        now = max(now, min(at for at in (arrival, deadline) if at is not None))
        if arrival is None or (deadline is not None and deadline < arrival):
            perform(machine.timeout(now))
            continue
        to, data = link.take()
        if to == "client":
            perform(machine.receive(data, now))
            continue
        for answer in server.receive(decode(data), now):
            link.send("client", encode(answer), now)
    return record


@given(fates)
@settings(deadline=None, max_examples=100)
def test_client_and_server_agree_on_a_lease_under_loss_duplication_and_reordering(
    new_link: Any, fates: list[tuple[int, int]]
) -> None:
    machine, server = client(), DhcpServer(GRANT)
    record = converse(
        new_link(fates),
        machine,
        server,
        lambda now: machine.state is State.BOUND or now > 100_000 * SECOND,
    )
    assert isinstance(record[-1][1], Bound)
    assert machine.lease is not None
    assert machine.lease.address == ADDRESS
    assert server.binding is not None
    assert server.binding.confirmed
    assert machine.lease.term is not None
    assert server.binding.expires is not None
    assert machine.lease.term.expires <= server.binding.expires


@given(fates, st.sampled_from([60, 600, 3600]))
@settings(deadline=None, max_examples=40)
def test_through_a_day_the_client_never_holds_an_address_that_the_server_gave_up(
    new_link: Any, fates: list[tuple[int, int]], seconds: int
) -> None:
    machine, server = client(), DhcpServer(replace(GRANT, lease_time=seconds))

    def stop(now: int) -> bool:
        if machine.lease is not None and machine.lease.term is not None:
            binding = server.binding
            assert binding is not None
            assert binding.expires is not None
            assert machine.lease.term.expires <= binding.expires
            assert now <= machine.lease.term.expires
        return now > 86_400 * SECOND

    record = converse(new_link(fates), machine, server, stop)
    kinds = [type(event) for _, event in record if not isinstance(event, Send)]
    held = [kind for kind in kinds if kind is not Renewed]
    assert held == [Bound, LeaseLost] * (len(held) // 2) + [Bound] * (len(held) % 2)
    assert kinds[-1] in (Renewed, Bound)
