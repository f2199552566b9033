"""An interface made upon one of the machine's: an 802.1Q child, or a macvlan.

It is made straight in the namespace that it is for, so its name collides with nobody's and it is gone
with the namespace. What the kernel answers where it refuses is put into words here.
"""

from __future__ import annotations

import errno
from pathlib import Path

from hil.errors import LabError, NamespaceError
from hil.net.namespace import Namespace
from hil.net.rtnetlink import connected

_ARPHRD_ETHER = 1
_IFF_UP = 0x1
_EVERYBODY = 4_294_967_295


class InUseError(Exception):
    """Somebody else has the wire, perhaps for a moment only."""


def make_vlan(parent: str, host: Namespace, vlan: int, name: str, namespace: Namespace) -> None:
    """Make ``name`` in ``namespace``: VLAN 1 to 4094 (IEEE 802.1Q) of ``parent`` in ``host``.

    `InUseError` if the VLAN of that interface is taken, otherwise the errors of `parent_index`, and
    NamespaceError where the kernel has no 802.1Q.
    """
    _make(parent, host, name, namespace, {"kind": "vlan", "vlan_id": vlan})


def make_macvlan(parent: str, host: Namespace, mac: str, name: str, namespace: Namespace) -> None:
    """Make ``name`` in ``namespace``: a macvlan in bridge mode upon ``parent``, with its own ``mac``.

    That another one has the same MAC address turns out when it is set up (EADDRINUSE).
    """
    _make(
        parent, host, name, namespace, {"kind": "macvlan", "macvlan_mode": "bridge", "address": mac}
    )


def _make(
    parent: str, host: Namespace, name: str, namespace: Namespace, kind: dict[str, object]
) -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    index = parent_index(parent, host, up=True)
    try:
        with connected(host) as route:
            route.link(
                "add",
                ifname=name,
                link=index,
                net_ns_fd=namespace.descriptor,
                # Nothing is left to the hardware to cut up, so a capture has frames as on the wire.
                gso_max_segs=1,
                **kind,
            )
    except NetlinkError as error:
        raise _refused(parent, str(kind["kind"]), error.code, str(error)) from error


def parent_index(name: str, host: Namespace, *, up: bool) -> int:
    """The index of the machine's interface, which is Ethernet and, for a child, ``up``.

    LabError if there is none such, with those that are there. For one that need not be up and is not
    there that is an `InUseError`, since another bench may have borrowed it.
    """
    with connected(host) as route:
        links = {link.get("ifname"): link for link in route.get_links()}
    link = links.get(name)
    if link is None:
        missing = _missing(name, sorted(map(str, links)))
        raise missing if up else InUseError(str(missing)) from missing
    if link["ifi_type"] != _ARPHRD_ETHER:
        raise LabError(
            "phones cannot hang on this interface",
            evidence="it is no Ethernet interface",
            next_step="name the Ethernet interface that leads to the phones",
            concerns=name,
        )
    if up and not link["flags"] & _IFF_UP:
        raise LabError("the interface is down", next_step=f"ip link set {name} up", concerns=name)
    return int(link["index"])


def _missing(name: str, present: list[str]) -> LabError:
    uid_map = Path("/proc/self/uid_map").read_text().split()
    if int(uid_map[2]) < _EVERYBODY:
        step = "run as root: an ordinary user's run sees no interface of the machine"
    else:
        step = "correct network: interface: in the inventory, or plug the adapter in"
    return LabError(
        "there is no such interface",
        evidence="there are " + ", ".join(present),
        next_step=step,
        concerns=name,
    )


def unsupported(kind: str, evidence: str, concerns: str) -> NamespaceError:
    """That the kernel knows no interfaces of a kind, such as ``vlan`` or ``macvlan``."""
    module = "8021q" if kind == "vlan" else kind
    return NamespaceError(
        f"the kernel has no {kind} interfaces",
        evidence=evidence,
        next_step=f"modprobe {module}",
        concerns=concerns,
    )


def _refused(parent: str, kind: str, code: int, evidence: str) -> Exception:
    """What it means that the kernel does not make a child."""
    if code == errno.EEXIST:
        return InUseError(f"a {kind} of {parent}: {evidence}")
    if code == errno.EOPNOTSUPP:
        return unsupported(kind, evidence, parent)
    step = "leave the interface to the phones: it belongs to a bridge or bond"
    if code == errno.EPERM:
        step = "run as root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN"
    return LabError(
        f"the kernel makes no {kind} interface",
        evidence=evidence,
        next_step=step,
        concerns=parent,
    )
