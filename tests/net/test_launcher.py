"""The launcher puts a command where it may build networks, and is otherwise not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NETWORK = Path("/proc/self/ns/net")
NOBODY = 65534
UNPRIVILEGED = f"""
import ctypes, os, sys, threading
from hil.net import launcher
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
    # A login would have run a new program; without one, /proc/self stays root's unless dumpable.
    PR_SET_DUMPABLE = 4
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
if sys.argv[1] == "threaded":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
launcher.main(sys.argv[2:])
"""


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", "hil.net.launcher", *command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def run_unprivileged():
    """Runs the launcher as a user without capabilities; as root by becoming nobody first."""
    users = int(Path("/proc/self/uid_map").read_text().split()[2])
    if os.geteuid() == 0 and users <= NOBODY:
        pytest.skip("within a user namespace there is no other user to become; run this as root")

    def launched(*command, threads="alone"):
        return subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, threads, *command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return launched


def test_the_command_is_run_with_its_arguments_and_its_exit_code():
    done = run("sh", "-c", 'echo "$1"; echo two >&2; exit 7', "sh", "one argument")
    assert (done.returncode, done.stdout, done.stderr) == (7, "one argument\n", "two\n")


def test_whoever_may_build_networks_stays_in_the_one_they_are_in():
    if os.geteuid() != 0:
        pytest.skip("this user may not, until a launcher has run")
    assert run("readlink", str(NETWORK)).stdout.strip() == str(NETWORK.readlink())


def test_an_ordinary_user_is_root_of_a_network_of_their_own(run_unprivileged):
    done = run_unprivileged("sh", "-c", f"id -u; readlink {NETWORK}; grep CapEff /proc/self/status")
    user, network, capabilities = done.stdout.splitlines()
    assert user == "0"
    assert network != str(NETWORK.readlink())
    held = int(capabilities.split()[1], 16)
    assert held >> 12 & 1, "CAP_NET_ADMIN"
    assert held >> 21 & 1, "CAP_SYS_ADMIN"


def test_the_loopback_of_that_network_is_up(run_unprivileged):
    # An address is in the routing trie only while its interface is up.
    assert "127.0.0.1" in run_unprivileged("cat", "/proc/net/fib_trie").stdout


def test_what_the_command_starts_is_in_that_network_too(run_unprivileged):
    done = run_unprivileged("sh", "-c", f"readlink {NETWORK}; sh -c 'readlink {NETWORK}; :'")
    first, second = done.stdout.splitlines()
    assert first == second != str(NETWORK.readlink())


def test_a_process_with_threads_comes_too_late_and_is_told_so(run_unprivileged):
    done = run_unprivileged("true", threads="threaded")
    assert done.returncode == 125
    assert "2 threads" in done.stderr
    assert "next: run through" in done.stderr


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ([], 125, "usage: "),
        (["/nonexistent/command"], 127, "/nonexistent/command: no such command"),
        (["/etc/passwd"], 126, "/etc/passwd: Permission denied"),
    ],
)
def test_what_cannot_be_run_has_the_exit_code_of_env(command, code, message):
    done = run(*command)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
