"""The small grammar that SIP's header fields share (RFC 3261 section 25.1).

It knows tokens, quoted strings, parameters and lists.
White space is free between the parts of a value; quoted strings and addresses in angle brackets
hide the separators inside them. What cannot be read raises `RemoteProtocolError`.
"""

from __future__ import annotations

import re

from hil.errors import LocalProtocolError, RemoteProtocolError

Parameters = tuple[tuple[str, str | None], ...]
"""In the order of the message: names in lower case, values unquoted, None where there is none."""

TOKENS = r"[A-Za-z0-9\-.!%*_+`'~]+"
_TOKEN = re.compile(TOKENS)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HIDES = re.compile('["<>]')
_NUMBER = re.compile(r"[0-9]{1,10}")
_LINE_END = re.compile(r"[\r\n]")
LARGEST_NUMBER = 2**32 - 1
"""The most that a delta-seconds or a Max-Forwards can be (RFC 3261 section 20.19)."""


def is_token(text: str) -> bool:
    """Whether the text is a token, all of it."""
    return _TOKEN.fullmatch(text) is not None


def split(text: str, separator: str) -> list[str]:
    """Cut at each ``separator`` outside quoted strings and angle brackets; the parts are stripped."""
    if not _HIDES.search(text):
        return [part.strip() for part in text.split(separator)]
    marks = re.compile(f'["<>{re.escape(separator)}]')
    parts: list[str] = []
    start = at = 0
    inside = False
    while (mark := marks.search(text, at)) is not None:
        at = mark.end()
        match mark.group():
            case '"' if not inside:
                quoted = _QUOTED.match(text, mark.start())
                if quoted is None:
                    raise RemoteProtocolError("a quoted string does not end")
                at = quoted.end()
            case "<":
                if inside:
                    raise RemoteProtocolError("an angle bracket inside another")
                inside = True
            case ">":
                if not inside:
                    raise RemoteProtocolError("an angle bracket closes that was never opened")
                inside = False
            case character if character == separator and not inside:
                parts.append(text[start : mark.start()].strip())
                start = at
    if inside:
        raise RemoteProtocolError("an angle bracket is never closed")
    parts.append(text[start:].strip())
    return parts


def parse_parameters(parts: list[str]) -> Parameters:
    """Read what followed each semicolon."""
    found: list[tuple[str, str | None]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not is_token(name):
            raise RemoteProtocolError(f"no parameter: {part[:40]!r}")
        found.append((name, unquote(value.strip()) if equals else None))
        if equals and not value.strip():
            raise RemoteProtocolError(f"the parameter {name} has an empty value")
    return tuple(found)


def write_parameters(parameters: Parameters) -> str:
    """``;name=value`` for each; a value that is no token or host is quoted."""
    return "".join(
        f";{name}" if value is None else f";{name}={_value(value)}" for name, value in parameters
    )


def parameter(parameters: Parameters, name: str) -> str | None:
    """The value of the first parameter of this name; empty where it has none, None if absent."""
    for known, value in parameters:
        if known == name:
            return value or ""
    return None


def with_parameter(parameters: Parameters, name: str, value: str | None) -> Parameters:
    """The parameters with one replaced where it stands, or added at the end."""
    if any(known == name for known, _ in parameters):
        return tuple((known, value if known == name else old) for known, old in parameters)
    return (*parameters, (name, value))


def quote(text: str) -> str:
    """Write a quoted string."""
    if _LINE_END.search(text):
        raise LocalProtocolError("a quoted string with a line end in it")
    escaped = re.sub(r'(["\\\0])', r"\\\1", text)
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """Take a quoted string's content; any other text is its own."""
    if not text.startswith('"'):
        return text
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        raise RemoteProtocolError(f"a broken quoted string: {text[:40]!r}")
    return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)


def number(text: str, what: str, *, most: int = LARGEST_NUMBER) -> int:
    """Read an unsigned decimal number; ``what`` names it in the error."""
    if _NUMBER.fullmatch(text) is None or int(text) > most:
        raise RemoteProtocolError(f"{what} is {text[:24]!r}, not a number up to {most}")
    return int(text)


def _value(text: str) -> str:
    plain = re.fullmatch(rf"(?:{TOKENS}|\[?[0-9A-Fa-f:.]+\]?)", text)
    return text if plain else quote(text)
