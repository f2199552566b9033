"""Equivalent mutants of what a phone fetches: loads, answers, and where they come from."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent
from hil.adequacy.mutants.equivalent_reasons import CHECKED, LIMIT

_DIGEST = "a file of another size has another digest, too; which of the two is told is no behaviour"
_NAMED = (
    "the published rules name .loads files; what a phone makes of a path that ends otherwise no text "
    "says, and no test may rest on it"
)
_UNASKABLE = (
    "no server can be asked for such a thing, so the phone fails as well, for another reason"
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
)
