"""Equivalent mutants of what a phone fetches: loads, answers, and where they come from."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent
from hil.adequacy.mutants.equivalent_reasons import (
    CHECKED,
    LIMIT,
    NARROWER,
    OVERWRITTEN,
    READING,
    RUNS_IN_ORDER,
)

_DIGEST = "a file of another size has another digest, too; which of the two is told is no behaviour"
_NAMED = (
    "the published rules name .loads files; what a phone makes of a path that ends otherwise no text "
    "says, and no test may rest on it"
)
_UNASKABLE = (
    "no server can be asked for such a thing, so the phone fails as well, for another reason"
)
_MEASURED = "a phone measures a file of a load while it comes, and keeps no octet of it to measure"
_NO_BODY = (
    "the phone's HTTP client hands over no body of such an answer, and an empty one is as little a "
    "profile or a load as none"
)
_OWN_MACROS = (
    "whether a URL is another one that differs only by a macro of the phone's own attempts, timers and "
    "lines no text says, and no test may rest on it"
)
_NO_ORDER = (
    "all of it is done before the phone reboots; no text says whether it tells of the load before or "
    "after it has installed it"
)
_SHOWN = (
    "that an attempt is over shows on the status page alone: what that says where there was nothing to "
    "do no text tells, and after a success the phone reboots"
)

UPGRADES: tuple[Equivalent, ...] = (
    Equivalent("loads", "*", "branch", "* > MAX_*", "False", LIMIT),
    Equivalent("loads", "*", "bound", "* > MAX_*", "*", LIMIT),
    Equivalent("loads", "*", "off-by-one", "MAX_*", "*", LIMIT),
    Equivalent("loads", "check_member", "branch", "size != member.size", "False", _DIGEST),
    Equivalent(
        "loads",
        "_signed_lines",
        "branch",
        "len(trusted_key) != _PUBLIC_KEY_SIZE",
        "False",
        "the key that a phone carries has its length; another one is for who checks loads by hand",
    ),
    Equivalent("loads", "load_name", "branch", "name if name != file and *", "name", _NAMED),
    Equivalent("loads", "load_name", "connective", "name != file and *", "*", _NAMED),
    Equivalent("urls", "DefaultServer.__post_init__", "statement", "*", "*", CHECKED),
    Equivalent("urls", "DefaultServer.__post_init__", "off-by-one", "1", "0", CHECKED),
    Equivalent("urls", "DefaultServer.__post_init__", "off-by-one", "65535", "65536", CHECKED),
    Equivalent("urls", "resolve_url", "branch", "not slash", "False", _UNASKABLE),
    Equivalent("urls", "check_host", "off-by-one", "253", "254", _UNASKABLE),
    Equivalent("responses", "Document.measured", "branch", "self.size is None", "False", _MEASURED),
    Equivalent("responses", "Document.measured", "order", "len(self.body)*", "*", _MEASURED),
    Equivalent("responses", "meaning", "negation", "'$' in *", "*", READING),
    Equivalent("responses", "_http_meaning", "bound", "*answer.status < 300", "*<= 300", _NO_BODY),
    Equivalent("responses", "_http_meaning", "off-by-one", "300", "301", _NO_BODY),
    Equivalent(
        "responses",
        "_http_meaning",
        "off-by-one",
        "200",
        "199",
        "an answer below 200 is never the last one (RFC 9110 section 15.2)",
    ),
    Equivalent(
        "versions",
        "Version.parse",
        "off-by-one",
        "0",
        "-1",
        "revisions are counted from 1: none at all is less than any of them, as 0 or as -1",
    ),
    Equivalent("upgrade_rules", "resolve_upgrade", "*", "source.host is not None", "*", READING),
    Equivalent(
        "upgrade_rules", "resolve_upgrade", "branch", "source is not None*", "False", READING
    ),
    Equivalent(
        "upgrade_rules", "resolve_upgrade", "statement", "server = *source.host*", "*", READING
    ),
    Equivalent(
        "upgrade", "began", "branch", "each.action is Action.UPGRADE", "True", RUNS_IN_ORDER
    ),
    Equivalent("upgrade", "_nothing_to_do", "off-by-one", "0", "*", OVERWRITTEN),
    Equivalent(
        "upgrade",
        "considered",
        "*",
        "upgrades.due is not None and upgrades.due.latest == *",
        "False",
        NARROWER,
    ),
    Equivalent(
        "upgrade", "considered", "statement", "earliest = upgrades.due.earliest", "*", NARROWER
    ),
    Equivalent("upgrade", "considered", "off-by-one", "FOREVER", "*", NARROWER),
    Equivalent(
        "upgrade", "_key", "update", "replace(phone, *", "*upgrades=Upgrades()*", _OWN_MACROS
    ),
    Equivalent(
        "upgrade",
        "concluded",
        "statement",
        "phone = replace(phone, attempt=attempt)",
        "*",
        "a load names at least one file, and while that was fetched the attempt had the load already",
    ),
    Equivalent("upgrade", "_installed", "order", "*", "*", _NO_ORDER),
    Equivalent("upgrade", "_installed", "negation", "True", "False", _SHOWN),
    Equivalent(
        "upgrade",
        "_nothing_to_do",
        "update",
        "*failures=0*",
        "*=settled, failed=None)",
        OVERWRITTEN,
    ),
    Equivalent("upgrade", "_nothing_to_do", "negation", "True", "False", _SHOWN),
    Equivalent("upgrade", "_nothing_to_do", "result", "*Finished*", "(phone, ())", _SHOWN),
)
