"""``hil expand``, held to the chapter "Macro Expansion Variables"."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("template", "values", "expansion"),
    [
        # The chapter's own examples.
        ("$(A:2)", ["GPP_A=ABCDEF"], "CDEF"),
        ("$(A:2:3)", ["GPP_A=ABCDEF"], "CDE"),
        ("$$", [], "$"),
        ("$MA", [], "000e08aabbcc"),
        ("$MAU", [], "000E08AABBCC"),
        ("$MAC", [], "00:0e:08:aa:bb:cc"),
        ("$SN", [], "88012BA01234"),
        ("$CCERT", [], "Installed"),
        # "An unrecognized name is not translated, and the form remains unchanged".
        ("$NOBODY $(NOBODY:1)", [], "$NOBODY $(NOBODY:1)"),
        # Parameters go by XML name or macro name.
        ("$A$(A)", ["A=x"], "xx"),
        ("$UID1", ["User_ID_1_=1001"], "1001"),
        ("$MAC", ["MA=001122334455"], "00:11:22:33:44:55"),
        ("$SCHEME://$SERVIP:$PORT$PATH", ["SCHEME=http", "SERVIP=192.0.2.1", "PORT=80", "PATH=/x"],
         "http://192.0.2.1:80/x"),
        # A value is not expanded again, may hold an equals sign, and the last of a name counts.
        ("$A", ["A=$MA"], "$MA"),
        ("$A", ["A=b=c"], "b=c"),
        ("$A", ["A=1", "GPP_A=2"], "2"),
        ("$A", ["A="], ""),
        # Keys are for the options of rules only.
        ("$SA", ["GPP_SA=secret"], "$SA"),
        ("", [], ""),
    ],
)  # fmt: skip
def test_expansion(hil, template, values, expansion):
    answer = hil("expand", template, *(word for value in values for word in ("-p", value)))
    assert (answer.code, answer.out, answer.err) == (0, expansion + "\n", "")


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("NOBODY=1", "neither a parameter's XML name nor a macro's name"),
        ("MA=xyz", "no MAC address"),
        ("CCERT=maybe", "Installed or Not Installed"),
        ("Resync_Random_Delay=-1", "Resync_Random_Delay cannot be"),
        ("=1", "is not NAME=VALUE"),
    ],
)
def test_a_value_that_cannot_be_is_refused(refused, value, complaint):
    assert complaint in refused("expand", "$MA", "-p", value)


def test_the_console_script_returns_octets_that_are_no_text_as_they_came():
    script = Path(sys.executable).with_name("hil")
    done = subprocess.run(
        [script, "expand", b"\xff$(A:0:1)", "-p", "A=\N{SNOWMAN}!"],
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == b"\xff\xe2\x98\x83\n"
