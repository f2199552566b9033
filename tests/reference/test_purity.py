"""The reference opens no socket, reads no clock and draws no random number (docs: the five ideas)."""

import subprocess
import sys
from pathlib import Path

import pytest

import hil.reference

# Run apart, because the poison would reach pytest's own clock.
POISONED = """
import importlib, os, pkgutil, random, secrets, socket, time

# Everything of the standard library that the room uses is loaded before the well is poisoned.
import hil.reference
MODULES = [found.name for found in pkgutil.iter_modules(hil.reference.__path__)]
for name in MODULES:
    importlib.import_module(f"hil.reference.{{name}}")
from hil.reference.profile_builder import compress, encrypt, flat_profile
import hil.reference.machine as machine
from hil.reference.phone import *
from hil.reference.responses import HttpAnswer, NoAnswer, TftpAnswer
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import decode
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
{scenario}
print("pure:", *MODULES)
"""

RULES = """
table = MacroTable(Identity("000e08aabbcc"), Parameters().updated({"Resync_Periodic": "2400+30"}))
assert str(table.parameters.schedule("Resync_Periodic").windows(2)[1]) == "2400 to 2430 s"
rule = '($SWVER ge sip7832.11-0-1MPP-312)? (a = "$MA";)! [--key $SA] /$PSN.xml | /x'
outcome = resolve(rule, lookup=table.lookup, server=DefaultServer("192.168.1.1"))
assert outcome.url == "tftp://192.168.1.1:69/7832-3PCC.xml", outcome
"""

PROFILES = """
body = encrypt(compress(flat_profile(GPP_A="x")), "secret", salt=b"12345678")
assert decode(body, key="secret").parameters == {"GPP_A": "x"}
"""

LIFE = """
SECOND = 1_000_000_000
phone = Phone(Identity("000e08aabbcc"), Parameters().updated({
    "Resync_Random_Delay": "40", "Syslog_Server": "logs.example", "Profile_Rule_B":
    "[--uid u --pwd p] http://prov.example/$MA.xml", "Resync_Error_Retry_Delay": "60,120"}))
told = []

def happens(happening):
    global phone
    phone, duties = machine.advance(phone, happening)
    told.extend(type(duty).__name__ for duty in duties)

happens(PoweredOn(0))
happens(Leased(SECOND, "192.0.2.16", {66: b"192.0.2.1"}))
assert (phone.due.earliest, phone.due.latest) == (SECOND, 41 * SECOND)
happens(Began(30 * SECOND))
happens(Answered(31 * SECOND, TftpAnswer(flat_profile(Resync_Periodic="2400+30"))))
happens(Located(32 * SECOND, "192.0.2.7"))
happens(Answered(33 * SECOND, HttpAnswer(401)))
happens(Located(33 * SECOND, "192.0.2.7"))
happens(Answered(34 * SECOND, HttpAnswer(302, location="https://prov.example/y")))
happens(Located(35 * SECOND, "192.0.2.7"))
happens(Answered(36 * SECOND, NoAnswer("silence")))
assert phone.due.earliest == 96 * SECOND, phone.due
happens(Began(96 * SECOND))
happens(Answered(97 * SECOND, TftpAnswer(flat_profile(Profile_Rule_B=""))))
assert (phone.due.earliest, phone.due.latest) == (2497 * SECOND, 2527 * SECOND), phone.due
happens(PoweredOff(3000 * SECOND))
assert told == ["Log", "Retrieve", "Apply", "Locate", "Retrieve", "Locate", "Retrieve", "Locate",
                "Retrieve", "Log", "Finished", "Log", "Retrieve", "Apply", "Log", "Finished"], told
"""


def run(scenario="", control=""):
    program = POISONED.format(scenario=scenario, control=control)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("scenario", [RULES, PROFILES, LIFE], ids=["rules", "profiles", "life"])
def test_it_works_with_clock_chance_and_network_poisoned(scenario):
    result = run(scenario)
    assert (result.returncode, result.stdout.startswith("pure:")) == (0, True), result.stderr


def test_every_module_of_the_room_is_loaded_before():
    loaded = set(run().stdout.split()[1:])
    room = Path(hil.reference.__file__).parent
    assert loaded == {path.stem for path in room.glob("[a-z]*.py")}
    assert {"resync", "profiles", "decisions"} <= loaded


@pytest.mark.parametrize("touch", ["time.time()", "random.random()", "socket.socket()"])
def test_the_poison_works(touch):
    result = run(control=touch)
    assert result.returncode != 0
    assert "the reference touched" in result.stderr
