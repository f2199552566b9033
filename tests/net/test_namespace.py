"""Namespaces: where the kernel forbids them, the error says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from hil.errors import NamespaceError
from hil.net.namespace import Namespace, enter

IN_A_USER_NAMESPACE = """
import os
from pathlib import Path
from hil.errors import NamespaceError
from hil.net import namespace
user, group = os.geteuid(), os.getegid()
namespace._unshare(namespace.CLONE_NEWUSER | namespace.CLONE_NEWNET)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {user} 1")
Path("/proc/self/gid_map").write_text(f"0 {group} 1")
"""


def told(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_USER_NAMESPACE + code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_ordinary_user_makes_namespaces_inside_one_of_its_own() -> None:
    code = "namespace.enter(); space = namespace.Namespace.create(); print(space.descriptor > 2)"
    assert told(code) == "True\n"


def test_a_kernel_that_allows_no_more_namespaces_says_which_limit_to_raise() -> None:
    code = """
Path("/proc/sys/user/max_net_namespaces").write_text("0")
try:
    namespace.Namespace.create()
except NamespaceError as error:
    print(error)
"""
    text = told(code)
    assert "the kernel does not allow a new namespace" in text
    assert "next: raise user.max_user_namespaces and user.max_net_namespaces" in text


def test_a_process_with_threads_is_told_to_enter_earlier() -> None:
    code = """
import threading
stop = threading.Event()
threading.Thread(target=stop.wait, daemon=True).start()
namespace._capable = lambda: False
try:
    namespace.enter()
except NamespaceError as error:
    print(error)
stop.set()
"""
    text = told(code)
    assert "2 threads in this process" in text
    assert "hil certify" in text


def test_a_socket_stays_where_it_was_opened_and_the_thread_comes_back() -> None:
    enter()
    home = os.stat("/proc/thread-self/ns/net").st_ino  # noqa: PTH116
    space = Namespace.create()
    with space.entered():
        assert os.stat("/proc/thread-self/ns/net").st_ino != home  # noqa: PTH116
        assert {name for _, name in socket.if_nameindex()} >= {"lo"}
    assert os.stat("/proc/thread-self/ns/net").st_ino == home  # noqa: PTH116
    with space.socket(socket.AF_INET, socket.SOCK_DGRAM) as apart, pytest.raises(OSError):
        # The loopback of a new namespace is down, so nothing can be reached from there.
        apart.connect(("127.0.0.1", 9))
    space.close()


def test_a_descriptor_that_is_no_namespace_is_a_typed_error() -> None:
    enter()
    with open(os.devnull) as other:  # noqa: PTH123
        wrong = Namespace(os.dup(other.fileno()))
        with pytest.raises(NamespaceError, match="setns"), wrong.entered():
            pass
        wrong.close()
