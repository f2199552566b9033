"""The addresses of the machine itself, which a rack's network must not have.

The kernel answers ARP for each of its addresses at every interface (arp_ignore 0, RFC 1122's weak host
model). On a LAN that benches share with the machine's own interface, the machine would speak up
for a lab's or a phone's address, and frames would go to it that belong to another.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from socket import AF_INET

from hil.errors import LabError
from hil.net.attachment import Wiring
from hil.net.namespace import Namespace
from hil.net.rtnetlink import connected


def refuse_own_addresses(wiring: Wiring, host: Namespace | None = None) -> None:
    """LabError where the machine would answer for an address of this wire; not inside a loop."""
    if wiring.attach != "macvlan":
        # A wire of its own leads past the machine.
        return
    with connected(host or Namespace.host()) as route:
        own = {IPv4Address(each.get("local") or each.get("address")): each.get("label") or ""
               for each in route.get_addr(family=AF_INET)}  # fmt: skip
    for address, whose in ((wiring.address, "the lab"), (wiring.handset_address, "the handset")):
        if address in own:
            raise LabError(
                f"this machine has the address that is meant for {whose}",
                evidence=f"{address} is on {own[address]}; the machine answers ARP for it everywhere",
                next_step="give the rack another network: subnet: in the inventory",
                concerns=wiring.interface,
            )
