"""An inventory begun: what was found as YAML with comments, and where somebody has to fill it in.

What is not known has a value that `hil.testbed.inventory.load` accepts and a mark that says what to put
there instead, so an inventory can be checked from the first minute on. Foreign text stands in
comments alone, made harmless; no secret is ever written, only where it is to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from hil.testbed.checks import MOST_OUTLETS
from hil.testbed.discovery.sighting import Device, harmless
from hil.testbed.discovery.switch import Switch, SwitchPort

MARK = "FILL IN:"
"""What a comment begins with where something is to be filled in."""

READ_VARIABLE, WRITE_VARIABLE = "SW1_READ_COMMUNITY", "SW1_WRITE_COMMUNITY"
"""Where the switch's communities are kept: names of environment variables."""

SNMP_PORT = 161
"""Where a switch answers SNMP (RFC 3417, section 3.1), unless it was told otherwise."""
_SWITCH, _PDU = "sw1", "pdu"
_DOCUMENTATION_MAC = "00:00:5e:00:53:01"
# A port where more than a phone and a device behind it were learned leads to another switch.
_MOST_BEHIND = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an inventory is made from.

    ``devices`` are all that were seen, ``chosen`` MAC addresses that are phones whatever they say.
    ``host`` is the address of the ``switch``, ``version`` its SNMP's and ``snmp_port`` its UDP port.
    """

    name: str
    interface: str | None
    devices: Sequence[Device]
    chosen: frozenset[str] = frozenset()
    host: IPv4Address | None = None
    version: str = "v2c"
    switch: Switch | None = None
    snmp_port: int = SNMP_PORT

    def port(self, device: Device) -> SwitchPort | None:
        """The switch's port that a device hangs on, unless it leads to another switch."""
        if self.switch is None or device.interface is None:
            return None
        port = self.switch.ports.get(device.interface)
        return None if port is None or port.addresses > _MOST_BEHIND else port

    def is_phone(self, device: Device) -> bool:
        """Whether it gets an entry: chosen, called a phone, or fed by a port of its own."""
        port = self.port(device)
        return device.mac in self.chosen or device.phone or (port is not None and port.powered)

    @property
    def phones(self) -> list[Device]:
        """The devices that get an entry, by port."""
        found = [device for device in self.devices if self.is_phone(device)]
        return sorted(found, key=lambda d: (d.interface is None, d.interface or 0, d.mac))

    @property
    def others(self) -> list[Device]:
        """Devices of which something was heard, and which are no phones."""
        return [d for d in self.devices if not self.is_phone(d) and d.sources != "bridge table"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place to fill in: its ``line`` in the file, from 1, and what belongs there."""

    line: int
    what: str


@dataclass
class _Page:
    lines: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        self.lines += lines

    def fill(self, line: str, what: str) -> None:
        self.lines.append(f"{line}   # {MARK} {what}")
        self.gaps.append(Gap(len(self.lines), what))

    def remark(self, text: str, indent: str = "") -> None:
        self.lines.append(f"{indent}# {text}")


def write(proposal: Proposal, schema: str) -> tuple[str, list[Gap]]:
    """The inventory's text, and its places to fill in; ``schema`` is where editors find the schema."""
    page = _Page()
    page.say(f"# yaml-language-server: $schema={schema}")
    page.remark(
        "A rack as `hil testbed init` found it. `hil testbed check` says what is wrong with"
    )
    page.remark(f"it; places that nobody could find out are marked {MARK!r}.")
    page.say("", f"name: {_quoted(proposal.name)}", "kind: rack", "")
    _network(page, proposal)
    _power(page, proposal)
    page.say("", "handsets:")
    for number, phone in enumerate(proposal.phones):
        _handset(page, proposal, phone, number)
    if not proposal.phones:
        _nobody(page)
    if proposal.others:
        page.say("")
        page.remark(
            "Seen as well, and taken for no phones (--mac MAC makes one of them a handset):"
        )
        for device in proposal.others:
            page.remark(f"  {device.mac}  {device.sources}: {device.remarks}".rstrip(": "))
    return "\n".join(page.lines) + "\n", page.gaps


def _network(page: _Page, proposal: Proposal) -> None:
    page.say("network:")
    if proposal.interface is None:
        page.fill("  interface: eth1", "the interface of this machine that leads to the phones")
    else:
        page.say(f"  interface: {_quoted(proposal.interface)}")
    if _by_vlan(proposal):
        page.say("  attach: vlan            # each phone's port is in a VLAN of its own")
    else:
        page.remark(
            "attach: plain gives the interface to one phone at a time, vlan wants a VLAN", "  "
        )
        page.remark("a phone.", "  ")
        page.say("  attach: macvlan")
    page.fill("  subnet: 192.0.2.0/24", "the phones' own network, if it must not be this one")
    page.say("")


def _by_vlan(proposal: Proposal) -> bool:
    vlans = [_vlan(proposal, phone) for phone in proposal.phones]
    return len(vlans) > 1 and None not in vlans and len(set(vlans)) == len(vlans)


def _vlan(proposal: Proposal, phone: Device) -> int | None:
    port = proposal.port(phone)
    return phone.vlan or (port.vlan if port is not None else None)


def _power(page: _Page, proposal: Proposal) -> None:
    page.say("pdus:")
    fed = [port for phone in proposal.phones if (port := proposal.port(phone)) and port.poe]
    if proposal.host is not None:
        page.say(f"  - name: {_SWITCH}", "    driver: poe", f"    host: {proposal.host}")
        if proposal.snmp_port != SNMP_PORT:
            page.say(f"    port: {proposal.snmp_port}")
        if any(port.poe_by == "cisco" for port in fed):
            page.say("    numbering: cisco")
        page.say(
            f"    version: {proposal.version}",
            f"    read_community: {{env: {READ_VARIABLE}}}",
            f"    write_community: {{env: {WRITE_VARIABLE}}}",
        )
    dark = len(proposal.phones or [None]) - len(fed)
    for number, start in enumerate(range(0, dark, MOST_OUTLETS), 1):
        page.say(f"  - name: {_PDU}{number}")
        page.fill("    driver: snmp", "how their power is switched, if it is no PDU with SNMP")
        page.fill("    model: apc-rpdu", "its model")
        page.fill("    host: 192.0.2." + str(9 + number), "its address")
        page.say(f"    outlets: {min(MOST_OUTLETS, max(8, dark - start))}")


def _handset(page: _Page, proposal: Proposal, phone: Device, number: int) -> None:
    port = proposal.port(phone)
    said = f"{phone.sources}: {phone.remarks}" if phone.remarks else phone.sources
    page.remark(said, "  ")
    page.say(f"  - name: p{number + 1:02}", f"    mac: {phone.mac}")
    if phone.model is not None:
        page.say(f"    model: {phone.model}")
    if phone.serial is None:
        page.fill(f"    serial: unknown-{number + 1}", "the serial number on the phone's label")
    else:
        page.say(f"    serial: {_quoted(phone.serial)}")
    if phone.hwver is not None:
        page.say(f"    hwver: {_quoted(phone.hwver)}")
    if phone.swver is not None:
        page.say(f"    firmware: {{swver: {phone.swver}}}")
    _wire(page, proposal, phone, number)
    classes = (phone.poe_class, None if port is None else port.poe_class)
    poe_class = next((each for each in classes if each is not None), None)
    if poe_class is not None:
        page.say(f"    capabilities: {{poe_class: {poe_class}}}")


def _wire(page: _Page, proposal: Proposal, phone: Device, number: int) -> None:
    """The handset's outlet and VLAN."""
    port = proposal.port(phone)
    if port is not None and port.poe is not None:
        state = "delivers power" if port.powered else "delivers no power now"
        outlet = port.poe if port.poe_by == "number" else _quoted(port.name)
        told = f"{harmless(port.name)} {harmless(port.alias)}".strip()
        line = f"    power: {{pdu: {_SWITCH}, outlet: {outlet}}}"
        if port.poe_by == "number":
            page.fill(line, f"whether this is {told}: only the numbers are alike")
        else:
            page.say(f"{line}   # {told}, {state}")
    else:
        before = [p for p in proposal.phones[:number] if not _fed(proposal, p)]
        pdu, dark = divmod(len(before), MOST_OUTLETS)
        page.fill(f"    power: {{pdu: {_PDU}{pdu + 1}, outlet: {dark + 1}}}", "its outlet")
    if _by_vlan(proposal):
        page.say(f"    vlan: {_vlan(proposal, phone)}")


def _fed(proposal: Proposal, phone: Device) -> bool:
    port = proposal.port(phone)
    return port is not None and port.poe is not None


def _nobody(page: _Page) -> None:
    page.remark("Nobody was seen that might be a phone.", "  ")
    page.say("  - name: p01")
    page.fill(f"    mac: {_DOCUMENTATION_MAC}", "the MAC address on the phone's label")
    page.fill("    serial: unknown-1", "the serial number on the phone's label")
    page.fill(f"    power: {{pdu: {_PDU}1, outlet: 1}}", "its outlet")


def _quoted(text: str) -> str:
    """A text that YAML takes as it is, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def environment(proposal: Proposal) -> Iterable[str]:
    """The variables that the inventory refers to."""
    return () if proposal.host is None else (READ_VARIABLE, WRITE_VARIABLE)
