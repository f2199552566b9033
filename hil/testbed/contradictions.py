"""What is wrong between the entries of an inventory: what two of them claim, or one relies on.

`contradictions` takes plain data, as a file has it or as the models dump it, that may be wrong in any
other way as well; what has the wrong shape takes no part (`hil.testbed.plain`). So one reading of a
file finds everything. Each kind of contradiction is a function of its own: what is taken twice
(`hil.testbed.sharing`), which outlet feeds whom (`hil.testbed.feeds`), and here the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hil.power.snmp_models import APC_RPDU, MODELS
from hil.testbed.checks import Wrong
from hil.testbed.feeds import miswired
from hil.testbed.networks import Network, Wired, disagreements
from hil.testbed.plain import Listed, entries, truth
from hil.testbed.sharing import taken_twice

_OPERATED = ("menu", "keys")
"""Ways to factory settings by the phone's own keys."""

_NOT_APC = tuple(model.name for model in MODELS if model.name != APC_RPDU.name)
_WIRED = TypeAdapter(Wired)


def contradictions(document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find what is wrong between entries.

    No handset; names, MAC addresses, serial numbers, outlets, devices, serial lines, addresses and
    VLANs that are taken twice; PDUs that are not there, outlets that a PDU does not have, and what
    SNMP needs of a PDU's entry; what `hil.testbed.networks.disagreements` finds of addresses and
    VLANs; capabilities that the rest of the entry, or a rack without an authority, denies.
    """
    pdus, handsets = entries(document, "pdus"), entries(document, "handsets")
    virtual = document.get("kind") == "virtual"
    if document.get("handsets") in ([], ()):
        yield Wrong(("handsets",), "there is no handset", "a list of one handset or more")
    yield from taken_twice(pdus, handsets)
    yield from miswired(pdus, handsets, virtual=virtual)
    for pdu in pdus:
        yield from _unusable(pdu)
        if virtual and pdu.value("driver") == "snmp" and pdu.value("model") in _NOT_APC:
            yield pdu.wrong(("model",), "a virtual PDU is an apc-rpdu", APC_RPDU.name)
    for handset in handsets:
        yield from _incapable(handset)
    if document.get("kind") == "rack":
        yield from _disconnected(document, handsets)
        for handset in handsets:
            yield from _unsigned(handset, document.get("authority"))


def _unusable(pdu: Listed) -> Iterator[Wrong]:
    """Find what would keep both ends of SNMP from talking to each other."""
    if pdu.value("version") == "v3" and pdu.value("user") is None:
        remedy = "give user, or version v1 or v2c"
        yield pdu.wrong(("version",), "SNMPv3 needs a user", remedy)
    if "read_community" not in pdu.values and "write_community" not in pdu.values:
        return
    reads = pdu.values.get("read_community", "public")
    if reads == pdu.values.get("write_community", "private"):
        problem = "the read and the write community are the same"
        remedy = "two different ones: who may read may not switch"
        yield pdu.wrong(("write_community",), problem, remedy)


def _disconnected(document: Mapping[str, Any], handsets: Sequence[Listed]) -> Iterator[Wrong]:
    """Find where the network and its handsets do not go together, as far as they can be read."""
    listed = document.get("handsets")
    if not isinstance(listed, list | tuple) or not isinstance(document.get("network"), Mapping):
        return
    try:
        network = Network.model_validate(document["network"])
    except ValidationError:
        return
    wired: dict[str | int, Wired] = {}
    for handset in handsets:
        try:
            wired[handset.place[1]] = _WIRED.validate_python(
                (handset.value("vlan"), handset.value("address"))
            )
        except ValidationError:
            continue
    # What cannot be read is wrong itself, and must not seem to be absent.
    for wrong in disagreements(network, [wired.get(i, Wired()) for i in range(len(listed))]):
        if wrong.place[0] != "handsets" or wrong.place[1] in wired:
            yield wrong


def _incapable(handset: Listed) -> Iterator[Wrong]:
    """Find capabilities that the rest of the entry denies."""
    wired = handset.value("console") is not None
    declared = truth(handset.value("capabilities", "console"))
    reset = handset.value("capabilities", "factory_reset")
    if declared is not None and declared is not wired:
        problem = "console: no, and yet a console is described"
        if not wired:
            problem = "console: yes, and no console is described"
        remedy = "console with its url, or leave this out"
        yield handset.wrong(("capabilities", "console"), problem, remedy)
    pressed = truth(handset.value("capabilities", "screen_operator"))
    if reset in _OPERATED and not pressed:
        problem = f"factory_reset: {reset} needs somebody who presses keys"
        remedy = "screen_operator: yes, or another way"
        yield handset.wrong(("capabilities", "factory_reset"), problem, remedy)
    if reset == "console" and not wired:
        problem = "factory_reset: console needs a console"
        remedy = "console with its url, or another way"
        yield handset.wrong(("capabilities", "factory_reset"), problem, remedy)


def _unsigned(handset: Listed, authority: object) -> Iterator[Wrong]:
    """Find capabilities for which a rack has not the certificates."""
    if truth(handset.value("capabilities", "https")) and authority is None:
        problem = "https: yes, and there is no authority that the phone could trust"
        remedy = "authority: as `hil testbed authority` makes it"
        yield handset.wrong(("capabilities", "https"), problem, remedy)
    verified = isinstance(authority, Mapping) and authority.get("client_roots") is not None
    if truth(handset.value("capabilities", "client_certificate")) and not verified:
        problem = "client_certificate: yes, and nothing to verify it by"
        remedy = "authority: client_roots, the roots of the phones' manufacturer"
        yield handset.wrong(("capabilities", "client_certificate"), problem, remedy)
