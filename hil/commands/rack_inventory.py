"""The inventory that ``hil rack`` writes: where everything of a rack of virtual handsets is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hil.commands.testbed_authority import CERTIFICATE, KEY

if TYPE_CHECKING:
    from hil.virtual.rack import RackSetup

_SUBNET = "198.51.100.0/24"  # TEST-NET-2 (RFC 5737)


def inventory_text(
    setup: RackSetup,
    snmp_port: int,
    consoles: list[str],
    authority: Path | None,
    client_roots: Path | None,
) -> str:
    """An inventory of the rack, whose switch answers at ``snmp_port``.

    ``authority`` is the directory of the one that its phones trust, ``client_roots`` the file of the
    root of the certificates that they show.
    """
    access = setup.access
    lines = [
        "# A rack of virtual handsets, made by `hil rack`.",
        "name: virtual-rack",
        "kind: rack",
        "",
        "network:",
        f"  interface: {setup.interface or setup.cable}",
        f"  attach: {setup.attach}",
        f"  subnet: {_SUBNET}",
        "",
        *_authority_lines(authority, client_roots),
        "pdus:",
        "  - name: poe1",
        "    driver: poe",
        f"    host: {access.address}",
        f"    port: {snmp_port}",
        f"    read_community: {access.read_community}",
        f"    write_community: {access.write_community}",
        "",
        "handsets:",
    ]
    for slot, console in zip(setup.slots, consoles, strict=True):
        lines += [
            f"  - name: {slot.name}",
            f'    mac: "{slot.identity.mac}"',
            f"    serial: {slot.identity.serial}",
            f"    power: {{pdu: poe1, outlet: {slot.port}}}",
            f"    console: {{url: {console}}}",
            *([] if slot.vlan is None else [f"    vlan: {slot.vlan}"]),
            *([] if slot.certificate else ["    client_certificate: no"]),
            "    minimum_off_s: 0.2",
            '    parameters: {Network_Startup_Delay: "0"}',
            "    timing:",
            "      {early: 0.2, late: 1.0, boot: 10, lease: 20, step: 1, message: 1, store: 1,",
            "       restart: 5}",
        ]
    return "\n".join(lines) + "\n"


def _authority_lines(authority: Path | None, client_roots: Path | None) -> list[str]:
    if authority is None:
        return []
    directory = authority.absolute()
    lines = [
        "authority:",
        f"  certificate: {_quoted(directory / CERTIFICATE)}",
        f"  key: {{file: {_quoted(directory / KEY)}}}",
    ]
    if client_roots is not None:
        lines.append(f"  client_roots: {_quoted(client_roots.absolute())}")
    return [*lines, ""]


def _quoted(path: Path) -> str:
    """A path as a scalar of YAML, of which JSON's texts are some."""
    return json.dumps(str(path))
