"""What an exception in a test says: a finding, an unmet precondition, the lab, or a crash."""

from __future__ import annotations

import traceback

from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word
from hil.marks import NotApplicable


def conduct_of(names: tuple[str, ...], error: BaseException | None) -> Conduct:
    """How a test that names these requirements went, by the exception that it ended with."""
    match error:
        case None:
            return Conduct(names)
        case Unmet():
            # A failed check is in the history already; a precondition is only here.
            return Conduct(names, unmet=str(error) if error.precondition else "")
        case LabError():
            return Conduct(names, lab_error=str(error))
        case NotApplicable():
            return Conduct(names, not_applicable=str(error))
        case _:
            place = traceback.extract_tb(error.__traceback__)[-1:]
            where = "".join(f" ({frame.filename}:{frame.lineno})" for frame in place)
            text = "".join(traceback.format_exception_only(error)).strip()
            return Conduct(names, crash=f"the test itself failed: {text}{where}")


def unstarted(conduct: Conduct) -> Judgement:
    """The verdict of a test that ended before the handset was given to it."""
    if conduct.unmet:
        return Judgement(Word.INCONCLUSIVE, ev.Cause.DEVICE, remarks=(conduct.unmet,))
    if conduct.lab_error:
        return Judgement(Word.ERROR, ev.Cause.LAB, remarks=(conduct.lab_error,))
    return Judgement(
        Word.ERROR, ev.Cause.TEST, remarks=(conduct.crash or "the test did not start",)
    )
