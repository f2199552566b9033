"""Network namespaces held by nothing but descriptors of this process.

A namespace that is only open lives as long as the process, whatever ends it: no name in /run, no
interface left behind. Root makes namespaces directly. An ordinary user first enters a user
namespace of which it is root; `enter` does that in place, and has to be called before the process
starts a second thread (unshare(2) refuses it later).

A socket stays in the namespace that it was opened in, so one thread can serve sockets of many.
`Namespace.entered` switches the calling thread there and back; nothing may be awaited inside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from hil.errors import NamespaceError

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21

_QUIET_SYSCTLS = {
    # A new namespace takes after the machine, which may be a router. First, for it sets others.
    "net/ipv4/ip_forward": "0",
    # What a kernel says by itself at moments of its own choosing has no place on this wire.
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/ip_unprivileged_port_start": "0",
    # A port that nobody listens on says so each time, not once a second.
    "net/ipv4/icmp_ratelimit": "0",
}


class Namespace:
    """A network namespace, or with descriptor None the one that the process started in."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> Namespace:
        """A new, empty namespace with its loopback down; NamespaceError if the kernel refuses."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _unshare(CLONE_NEWNET)
            made = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            for name, value in _QUIET_SYSCTLS.items():
                with contextlib.suppress(FileNotFoundError):
                    Path("/proc/sys", name).write_text(value)
            _setns(home)
        finally:
            os.close(home)
        return cls(made)

    @classmethod
    def host(cls) -> Namespace:
        """The namespace that the process is in; for real interfaces."""
        return cls(None)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread into the namespace for the time of the block."""
        if self.descriptor is None:
            yield
            return
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.descriptor)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Open a non-blocking socket in the namespace."""
        with self.entered():
            opened = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
        opened.setblocking(False)
        return opened

    def close(self) -> None:
        """Let go of the namespace; the kernel frees it when its last socket is closed."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def enter() -> None:
    """Make sure that this process may make namespaces, through a user namespace if it must.

    Raises NamespaceError with the remedy where the kernel forbids it.
    """
    if _capable():
        return
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise NamespaceError(
            "the virtual network needs a user namespace, which has to be entered before threads run",
            evidence=f"{threads} threads in this process",
            next_step="run through `hil certify`, or load hil.pytest_plugin first, or run as root",
        )
    user, group = os.geteuid(), os.getegid()
    _unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    except OSError as error:
        raise NamespaceError(
            "the kernel gave a user namespace but no rights in it",
            evidence=str(error),
            next_step=(
                "allow it: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and "
                "later), or run as root"
            ),
        ) from error
    if not _capable():
        raise NamespaceError(
            "the kernel gave a user namespace without CAP_SYS_ADMIN",
            evidence="CapEff in /proc/self/status",
            next_step="sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root",
        )


def _capable() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            mask = int(line.split()[1], 16)
            return bool(mask >> _CAP_SYS_ADMIN & 1) and bool(mask >> _CAP_NET_ADMIN & 1)
    return False


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) == 0:
        return
    code = ctypes.get_errno()
    remedy = {
        errno.EPERM: (
            "allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 and "
            "kernel.apparmor_restrict_unprivileged_userns=0, where the kernel has them; in a "
            "container, grant CAP_SYS_ADMIN and CAP_NET_ADMIN; or run as root"
        ),
        errno.ENOSPC: "raise user.max_user_namespaces and user.max_net_namespaces with sysctl",
        errno.EINVAL: "the process has several threads, or the kernel lacks namespaces",
    }
    raise NamespaceError(
        "the kernel does not allow a new namespace",
        evidence=f"unshare: {os.strerror(code)}",
        next_step=remedy.get(code, "run as root"),
    )


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise NamespaceError("cannot switch namespaces", evidence=f"setns: {os.strerror(code)}")
