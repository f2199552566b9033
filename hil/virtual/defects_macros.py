"""Defects of what a phone puts in the place of a macro."""

from __future__ import annotations

import re

from hil.reference.macros import SECRET_NAMES, MacroTable
from hil.virtual.defect import Defect
from hil.virtual.deviations import LookUp, expanding, following, looking_up, reading_templates

_SUBSTRING = re.compile(r"\$\((\w+):(\d+)(?::(\d+))?\)")


def _offset_from_one(template: str) -> str:
    def counted(found: re.Match[str]) -> str:
        length = "" if found[3] is None else f":{found[3]}"
        return f"$({found[1]}:{max(0, int(found[2]) - 1)}{length})"

    return _SUBSTRING.sub(counted, template)


def _length_as_end(template: str) -> str:
    def counted(found: re.Match[str]) -> str:
        if found[3] is None:
            return found[0]
        return f"$({found[1]}:{found[2]}:{max(0, int(found[3]) - int(found[2]))})"

    return _SUBSTRING.sub(counted, template)


def _unknown_as_empty(right: LookUp, table: MacroTable, name: str, secrets: bool) -> str | None:
    value = right(table, name, secrets)
    return "" if value is None and name not in SECRET_NAMES else value


def _next_register(right: LookUp, table: MacroTable, name: str, secrets: bool) -> str | None:
    following = chr(ord(name) + 1) if name in tuple("ABCDEFGHIJKLMNO") else name
    return right(table, following, secrets)


def _secrets_everywhere(right: LookUp, table: MacroTable, name: str, _secrets: bool) -> str | None:
    return right(table, name, True)


DEFECTS = (
    Defect(
        "parentheses-unknown",
        "macros.forms",
        "does not know the form $(NAME)",
        reading_templates(lambda text: re.sub(r"\$\((\w+)\)", r"$$(\1)", text)),
    ),
    Defect(
        "double-dollar-kept",
        "macros.dollar",
        "leaves $$ as it is",
        reading_templates(lambda text: text.replace("$$", "$$$$")),
    ),
    Defect(
        "expanded-again",
        "macros.forms",
        "expands the text of a macro once more",
        following(lambda rule, table: table.expand(rule)),
    ),
    Defect(
        "substring-from-one",
        "macros.substring",
        "counts the offset of $(NAME:p) from 1",
        reading_templates(_offset_from_one),
    ),
    Defect(
        "substring-length-is-end",
        "macros.substring",
        "takes q in $(NAME:p:q) for the end instead of the length",
        reading_templates(_length_as_end),
    ),
    Defect(
        "unknown-macro-empty",
        "macros.unknown",
        "expands an unrecognised name to nothing",
        looking_up(_unknown_as_empty),
    ),
    Defect(
        "registers-shifted",
        "macros.general_purpose",
        "expands $A to GPP_B, $B to GPP_C, and so on",
        looking_up(_next_register),
    ),
    Defect(
        "registers-of-32-characters",
        "general.registers",
        "keeps the first 32 characters of GPP_A to GPP_P",
        expanding(*"ABCDEFGHIJKLMNOP", to=lambda table, value: value[:32]),
    ),
    Defect(
        "registers-lower-case",
        "general.registers",
        "makes the letters of GPP_A to GPP_P small",
        expanding(*"ABCDEFGHIJKLMNOP", to=lambda table, value: value.lower()),
    ),
    Defect(
        "secrets-empty",
        "macros.secrets",
        "expands $SA to $SD to nothing in --key",
        expanding(*SECRET_NAMES, to=lambda table, value: ""),
    ),
    Defect(
        "secrets-everywhere",
        "macros.secrets",
        "expands $SA to $SD outside --key, too",
        looking_up(_secrets_everywhere),
    ),
    Defect(
        "mac-upper-case",
        "macros.mac",
        "expands $MAC in upper case",
        expanding("MAC", to=lambda table, value: value.upper()),
    ),
    Defect(
        "mau-lower-case",
        "macros.mac",
        "expands $MAU in lower case",
        expanding("MAU", to=lambda table, value: value.lower()),
    ),
    Defect(
        "ma-with-colons",
        "macros.mac",
        "expands $MA with colons",
        expanding("MA", to=lambda table, value: table.identity.mac),
    ),
    Defect(
        "default-rule-uses-pn",
        "rules.default",
        "asks for /$PN.xml where /$PSN.xml is the default",
        expanding("PSN", to=lambda table, value: table.identity.pn),
    ),
    Defect(
        "pn-without-prefix",
        "macros.identity",
        "says in $PN what $PSN stands for",
        expanding("PN", to=lambda table, value: table.lookup("PSN") or ""),
    ),
    Defect(
        "sn-is-mac",
        "macros.sn",
        "says its MAC address in $SN",
        expanding("SN", to=lambda table, value: table.identity.ma),
    ),
    Defect(
        "swver-is-release",
        "macros.swver",
        "says the release instead of the load in $SWVER",
        expanding("SWVER", to=lambda table, value: table.identity.version),
    ),
    Defect(
        "ccert-not-installed",
        "macros.ccert",
        "says Not Installed in $CCERT although it has a client certificate",
        expanding("CCERT", to=lambda table, value: "Not Installed"),
    ),
    Defect(
        "ip-unknown",
        "macros.address",
        "says 0.0.0.0 in $IP",
        expanding("IP", to=lambda table, value: "0.0.0.0"),
    ),
    Defect(
        "user-ids-swapped",
        "macros.user_id",
        "says the user id of line 2 in $UID1",
        expanding("UID1", to=lambda table, value: table.parameters.raw("User_ID_2_")),
    ),
    Defect(
        "prvst-always-zero",
        "macros.prvst",
        "says 0 in $PRVST whatever the cause of the resync",
        expanding("PRVST", to=lambda table, value: "0"),
    ),
    Defect(
        "prvst-retry-as-periodic",
        "macros.prvst",
        "says 1 in $PRVST for a retry",
        expanding("PRVST", to=lambda table, value: value.replace("2", "1")),
    ),
    Defect(
        "prvtmr-always-zero",
        "macros.prvtmr",
        "says 0 in $PRVTMR however long ago the last attempt was",
        expanding("PRVTMR", to=lambda table, value: "0"),
    ),
    Defect(
        "servip-is-host",
        "macros.target",
        "says the host's name in $SERVIP",
        expanding("SERVIP", to=lambda table, value: table.context.serv or value),
    ),
    Defect(
        "serv-is-address",
        "macros.target",
        "says the server's address in $SERV",
        expanding("SERV", to=lambda table, value: table.context.servip or value),
    ),
    Defect(
        "path-without-slash",
        "macros.target",
        "leaves the slash at its beginning out of $PATH",
        expanding("PATH", to=lambda table, value: value.removeprefix("/")),
    ),
    Defect(
        "port-only-if-named",
        "macros.target",
        "says 0 in $PORT where the URL names no port",
        expanding("PORT", to=lambda table, value: "0" if value in ("69", "80", "443") else value),
    ),
)
