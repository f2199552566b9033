"""The file that a rule names tells of the others: what is wrong in it must not be installed, however
well it is signed.

These are test loads, whose format is `hil.reference.loads`; no vendor's load is made here.
"""

from __future__ import annotations

import hashlib
import re

from hil.clients.web import PhoneWeb
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Mark
from hil.history.events import DhcpMessage, Direction, SyslogMessage
from hil.marks import requirement
from hil.reference.load_builder import sign
from hil.testbed.control import HandsetControl
from hil.testing import expect_reboot, idle_phone, soon
from hil.testing.upgrades import check_load

NEWER = "sip7832.11-3-2MPP0001-610"
FIRST, SECOND = b"the first part", b"the second part"
FORMAT, MODEL, VERSION = "hil test load 1", "model 7832", f"version {NEWER}"


def member(name: str, content: bytes, size: int | None = None) -> str:
    """The line that tells of a file."""
    digest = hashlib.sha256(content).hexdigest()
    return f"member {name} {len(content) if size is None else size} {digest}"


def signed(*lines: str) -> bytes:
    """These lines, and their signature by the key that test phones trust."""
    return sign("".join(f"{line}\n" for line in lines).encode("latin-1"))


WHOLE = (FORMAT, MODEL, VERSION, member("a.sbn", FIRST), member("b.sbn", SECOND))
WRONG = (
    signed("hil test load 2", *WHOLE[1:]),
    signed(FORMAT, VERSION, *WHOLE[3:]),
    signed(FORMAT, MODEL, *WHOLE[3:]),
    signed(FORMAT, MODEL),
    signed(FORMAT),
    signed(FORMAT, MODEL, VERSION),
    signed(*WHOLE, "and so on"),
    signed(FORMAT, MODEL, VERSION, member("sub/a.sbn", FIRST)),
    signed(FORMAT, MODEL, VERSION, member("other.loads", FIRST)),
    signed(FORMAT, MODEL, VERSION, member("a.sbn", FIRST), member("a.sbn", FIRST)),
    signed(FORMAT, MODEL, VERSION, member("a.sbn", FIRST), member("empty.sbn", b"")),
    signed(FORMAT, MODEL, VERSION, member("a.sbn", FIRST, len(FIRST) + 1)),
    signed(FORMAT, MODEL, VERSION, member("a.sbn", FIRST, len(FIRST) - 1)),
    signed(FORMAT, MODEL, VERSION, member("a.sbn", FIRST), member("b.sbn", FIRST)),
    signed(FORMAT, MODEL, VERSION + "\xe9", member("a.sbn", FIRST)),
    signed(FORMAT, "model 8832", *WHOLE[2:]),
    signed(*WHOLE) + b"\n",
    signed(*WHOLE).replace(b"signature ", b"Signature "),
    signed(*WHOLE).replace(b"-610", b"-611"),
    signed(*WHOLE)[:-2] + b"x\n",
    sign("".join(f"{line}\n" for line in WHOLE).encode(), bytes(32)),
)


@requirement("upgrade.corrupt_load")
def test_what_is_wrong_in_a_manifest(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    _serve(tftp)
    begin = _idle(history, handset, syslog)
    for manifest in WRONG:
        tftp.serve("/firmware/x.loads", manifest)
        asked = history.mark()
        web.upgrade(f"tftp://{tftp.address}/firmware/x.loads")
        history.expect(
            SyslogMessage,
            after=asked,
            within=soon(handset) + handset.timing.give_up,
            text=re.compile("^failed <.+>$"),
        )
    history.expect_none(
        DhcpMessage, after=begin, direction=Direction.RECEIVED, kind="DISCOVER", within=300
    )
    check_load(history, handset, web, handset.identity.swver)


@requirement("upgrade.load")
def test_a_load_of_several_files_whose_name_has_no_release(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    _serve(tftp)
    _idle(history, handset, syslog)
    tftp.serve("/firmware/x.loads", signed(FORMAT, MODEL, "version sip7832.next", *WHOLE[3:]))
    asked = history.mark()
    web.upgrade(f"tftp://{tftp.address}/firmware/x.loads")
    expect_reboot(history, handset, asked)
    check_load(history, handset, web, "sip7832.next")


def _serve(tftp: TftpEndpoint) -> None:
    for name, content in {
        "a.sbn": FIRST,
        "b.sbn": SECOND,
        "sub/a.sbn": FIRST,
        "other.loads": FIRST,
        "empty.sbn": b"",
    }.items():
        tftp.serve(f"/firmware/{name}", content)


def _idle(history: History, handset: HandsetControl, syslog: SyslogEndpoint) -> Mark:
    return idle_phone(
        history,
        handset,
        Resync_After_Upgrade_Attempt="No",
        Upgrade_Error_Retry_Delay="0",
        Log_Upgrade_Request_Msg="",
        Log_Upgrade_Failure_Msg="failed <$ERR>",
        Syslog_Server=syslog.address,
    )
