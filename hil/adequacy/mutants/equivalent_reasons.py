"""Why mutants cannot show, where one reason holds for many of them."""

from __future__ import annotations

TYPES = (
    "a guard that the type checker asks for: whoever calls this has made sure, and no phone gets here "
    "without"
)
BESIDES = (
    "what may come besides is for the judge, who cannot know it: the phone begins what is due, and "
    "does nothing that is only allowed"
)
LATE = (
    "a phone begins what it has missed at once, however late it might have; the end of that window is "
    "for the judge"
)
DOUBT = "the spread of an instant is the judge's doubt; a phone knows when it did what, and it is 0"
RUNS_IN_ORDER = (
    "the phone tells its machine only what it waits for: an attempt begins while nothing else is under "
    "way, an answer comes to a request; a history can have it otherwise"
)
NARROWER = (
    "the phone begins within a part of the time that it is allowed, which no text forbids; each moment "
    "of the whole is as right"
)
READING = (
    "this is asked for by a reading that is not the default one, or by a defect; under the default "
    "readings both come to the same"
)
CLAUSE = "by which clause something is due is for the judge's findings, and changes no moment of it"
THAT_VERY_INSTANT = (
    "it differs only if two things happen at the same nanosecond, which nobody can bring about"
)
BELOW_A_SECOND = (
    "a difference of at most some seconds in a range of ten minutes and more, in which each moment is "
    "as right: it shows in one of some hundred days"
)
NEAR_ENOUGH = (
    "any year near enough will do, since the changes of the years before and after it are looked at"
)
LIMIT = (
    "a limit of our own against what is hostile; nothing published says where it lies, and no test may "
    "rest on it"
)
CHECKED = "no such value gets here: it was refused before, when it was set or when it was read"
FROM_NOTHING = "a boot begins with nothing of what was under way before it"
ONE_ADDRESS = (
    "a phone looks up all addresses at once; that more become known while the first is asked is for "
    "the judge, who sees only the packets"
)
OVERWRITTEN = "what is left out here is done anyway, before anything can come of it"
FOR_PEOPLE = "how a wrong value is told to people; no phone says it"
