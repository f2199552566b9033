"""The reference opens no socket, reads no clock and draws no random number (docs: the five ideas)."""

import subprocess
import sys

import pytest

# Run apart, because the poison would reach pytest's own clock.
POISONED = """
import os, random, secrets, socket, time

# Everything of the standard library that the room uses is loaded before the well is poisoned.
from hil.reference import {modules}
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.identity import Identity
from hil.reference.schedules import Schedule
from hil.reference.rules import DefaultServer, resolve

def poison(module, *names):
    for name in names:
        def touched(*args, _what=f"{{module.__name__}}.{{name}}", **kwargs):
            raise SystemExit(f"the reference touched {{_what}}")
        setattr(module, name, touched)

poison(time, "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep", "localtime")
poison(random, "random", "randint", "uniform", "choice", "getrandbits", "Random")
poison(secrets, "token_bytes", "randbelow")
poison(os, "urandom", "getenv")
poison(socket, "socket", "getaddrinfo", "create_connection", "gethostname")
{control}
table = MacroTable(Identity("000e08aabbcc"), Parameters().updated({{"Resync_Periodic": "2400+30"}}))
assert str(table.parameters.schedule("Resync_Periodic").windows(2)[1]) == "2400 to 2430 s"
rule = '($SWVER ge sip7832.11-0-1MPP-312)? (a = "$MA";)! [--key $SA] /$PSN.xml | /x'
outcome = resolve(rule, lookup=table.lookup, server=DefaultServer("192.168.1.1"))
assert outcome.url == "tftp://192.168.1.1:69/7832-3PCC.xml", outcome
print("pure")
"""

MODULES = (
    "expansion, expressions, identity, macros, parameters, "
    "rules, schedules, urls, versions, windows"
)


def run(control=""):
    program = POISONED.format(modules=MODULES, control=control)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_rules_schedules_and_parameters_work_with_clock_chance_and_network_poisoned():
    result = run()
    assert (result.returncode, result.stdout.strip()) == (0, "pure"), result.stderr


@pytest.mark.parametrize("touch", ["time.time()", "random.random()", "socket.socket()"])
def test_the_poison_works(touch):
    result = run(control=touch)
    assert result.returncode != 0
    assert "the reference touched" in result.stderr
