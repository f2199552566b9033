"""Steps that tests of what a phone tells its syslog server share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hil.history import History, Moment
from hil.history.events import SyslogMessage
from hil.testbed.control import HandsetControl
from hil.testing import soon


def texts(history: History, after: Moment) -> list[str]:
    """The texts of all messages since a moment."""
    return [each.text for each in history.all(SyslogMessage, after=after)]


def check_messages(
    history: History, handset: HandsetControl, after: Moment, due: Sequence[str]
) -> None:
    """Check that these are all messages since a moment, once the last has had its time to arrive."""
    history.sleep(handset.timing.message)
    history.check("the messages", seen=texts(history, after), due=list(due))


def check_counts(
    history: History, handset: HandsetControl, after: Moment, kinds: Mapping[str, str], due: int
) -> None:
    """Check that so many messages of each kind came; ``kinds`` are their words by requirement."""
    history.sleep(handset.timing.message)
    for clause, words in kinds.items():
        seen = history.all(SyslogMessage, after=after, text=re.compile(words))
        history.check(f"messages {words!r}", seen=len(seen), due=due, requirement=clause)


def expect_message(
    history: History, handset: HandsetControl, after: Moment, text: str
) -> SyslogMessage:
    """Expect a message of this text about what the phone was asked for, or owes, just now."""
    within = soon(handset) + handset.timing.message
    return history.expect(SyslogMessage, after=after, text=text, within=within)


def expect_failure_told(
    history: History, handset: HandsetControl, failed: Moment, words: str, *, success: str
) -> None:
    """Expect the default message of a failure, ``words`` and a reason, and none of success.

    ``success`` is the requirement that a message of success would break.
    """
    told = re.compile(f"^CP-7832-3PCC {handset.identity.mac} -- {words}: .")
    history.expect(SyslogMessage, after=failed, text=told, within=handset.timing.message)
    successful = re.compile("Successful")
    history.expect_none(
        SyslogMessage, after=failed, text=successful, within=60, requirement=success
    )
