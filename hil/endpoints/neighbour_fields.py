"""What a CDP or LLDP announcement says, as the text that events carry and tests compare.

A field that both protocols have bears one name: ``port_id``, ``capabilities``, ``ttl`` (seconds),
``power_mw`` (milliwatts). What is not told is not there. Numbers are decimal; capabilities are the
standards' words in lower case, ``host,phone``; octets that nobody here understands are hexadecimal
under the number of their TLV.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

from hil.wire import cdp, lldp
from hil.wire import lldp_extensions as ext

_INVENTORY = {each.name.lower().replace(" ", "_"): each for each in ext.INVENTORY}
_UNDERSTOOD = {
    (each.organisation, each.subtype)
    for each in (
        *ext.INVENTORY,
        ext.MAC_PHY,
        ext.POWER_VIA_MDI,
        ext.MED_CAPABILITIES,
        ext.NETWORK_POLICY,
        ext.MED_POWER,
    )
}


def cdp_fields(said: cdp.Announcement) -> dict[str, str]:
    """Fields of CDP.

    ``device_id``, ``address``, ``port_id``, ``capabilities``, ``software``, ``platform``,
    ``duplex``, ``power_mw``, ``ttl``, ``version``.
    """
    addresses = None if said.addresses is None else ",".join(map(str, said.addresses))
    duplex = {None: None, True: "full", False: "half"}[said.full_duplex]
    pairs = (
        ("version", str(said.version)),
        ("ttl", str(said.hold_s)),
        ("device_id", said.device_id),
        ("address", addresses),
        ("port_id", said.port_id),
        ("capabilities", _names(said.capabilities)),
        ("software", said.software),
        ("platform", said.platform),
        ("duplex", duplex),
        ("power_mw", None if said.power_mw is None else str(said.power_mw)),
        *((f"tlv_{kind}", value.hex()) for kind, value in said.others),
    )
    return _told(pairs)


def lldp_fields(said: lldp.Lldpdu) -> dict[str, str]:
    """Fields of LLDP; `RemoteProtocolError` if an organisation's TLV makes no sense.

    ``chassis_id``, ``port_id``, ``ttl``, ``port_description``, ``system_name``,
    ``system_description``, ``capabilities``, ``enabled_capabilities``; of IEEE 802.3 ``mau_type``,
    ``autonegotiation`` (its two bits) and ``power_class``; of LLDP-MED ``med_capabilities``,
    ``med_class``, ``network_policy``, ``power_mw`` and the inventory, ``firmware_revision`` and so
    on.
    """
    has, enabled = said.capabilities or (None, None)
    phy, power = ext.MAC_PHY.read(said), ext.POWER_VIA_MDI.read(said)
    med, med_power = ext.MED_CAPABILITIES.read(said), ext.MED_POWER.read(said)
    policies = [_policy(each) for each in ext.NETWORK_POLICY.read_all(said)]
    pairs = (
        ("chassis_id", lldp.chassis_text(said.chassis_id)),
        ("port_id", lldp.port_text(said.port_id)),
        ("ttl", str(said.ttl)),
        ("port_description", said.port_description),
        ("system_name", said.system_name),
        ("system_description", said.system_description),
        ("capabilities", _names(has)),
        ("enabled_capabilities", _names(enabled)),
        ("mau_type", None if phy is None else str(phy.mau_type)),
        ("autonegotiation", None if phy is None else str(phy.autonegotiation)),
        ("power_class", None if power is None else str(power.power_class)),
        ("med_capabilities", None if med is None else _names(med.capabilities)),
        ("med_class", None if med is None else str(med.device_class)),
        ("network_policy", "; ".join(policies) or None),
        ("power_mw", None if med_power is None else str(med_power.power_mw)),
        *((name, each.read(said)) for name, each in _INVENTORY.items()),
        *(
            (f"tlv_{each.organisation.hex()}_{each.subtype}", each.value.hex())
            for each in said.organisational
            if (each.organisation, each.subtype) not in _UNDERSTOOD
        ),
        *((f"tlv_{kind}", value.hex()) for kind, value in said.others),
    )
    return _told(pairs)


def _told(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {name: value for name, value in pairs if value is not None}


def _names(flags: IntFlag | None) -> str | None:
    """The words of the bits that are set; a bit without a word is its number."""
    if flags is None:
        return None
    words = {bit.value: (bit.name or "").lower() for bit in type(flags)}
    bits = (1 << at for at in range(int(flags).bit_length()) if flags & 1 << at)
    return ",".join(words.get(bit, str(bit)) for bit in bits)


def _policy(policy: ext.NetworkPolicy) -> str:
    if policy.unknown:
        return f"application {policy.application} unknown"
    tagged = "tagged" if policy.tagged else "untagged"
    return (
        f"application {policy.application} vlan {policy.vlan} {tagged}"
        f" priority {policy.priority} dscp {policy.dscp}"
    )
