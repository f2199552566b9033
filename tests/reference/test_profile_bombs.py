"""A profile that is made to be too large, too deep or too slow is refused at little cost."""

from __future__ import annotations

import subprocess
import sys
from time import process_time

import pytest
from profile_readings import kind, parameters

from hil.reference.profile_builder import compress, flat_profile
from hil.reference.profiles import MAX_SIZE, decode


def billion_laughs(levels: int = 9) -> bytes:
    lines = ['<!ENTITY lol0 "lol">']
    lines += [f'<!ENTITY lol{n + 1} "{f"&lol{n};" * 10}">' for n in range(levels)]
    return (
        f"<?xml version='1.0'?><!DOCTYPE x [{''.join(lines)}]>"
        f"<flat-profile><A>&lol{levels};</A></flat-profile>"
    ).encode()


BOMBS = {
    "nested entities": billion_laughs(),
    "entities in reverse order": b'<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "'
    + b"y" * 3_000_000
    + b'">]><x>&a;</x>',
    "one long entity, many uses": b'<!DOCTYPE x [<!ENTITY a "'
    + b"y" * 50_000
    + b'">]><x>'
    + b"&a;" * 10_000
    + b"</x>",
    "a loop": b'<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]><x>&a;</x>',
    "in an attribute's default": billion_laughs().replace(
        b"]>", b'<!ATTLIST flat-profile y CDATA "&lol9;">]>'
    ),
    "in an attribute": billion_laughs().replace(b"<A>", b'<A b="&lol9;">'),
    "depth": b"<flat-profile>" + b"<a>" * 100_000,
    "elements": b"<flat-profile>" + b"<a/>" * 900_000 + b"</flat-profile>",
    "gzip": compress(bytes(MAX_SIZE * 20)),
    "gzip of gzip members": compress(b"") + compress(bytes(MAX_SIZE // 2)) * 3,
    "size": b"<" * (MAX_SIZE + 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_too_large(name) -> None:
    assert kind(BOMBS[name]) == "too-large"
    if not BOMBS[name].startswith(b"\x1f\x8b") and len(BOMBS[name]) <= MAX_SIZE:
        assert kind(compress(BOMBS[name])) == "too-large"


def test_bombs_cost_little_memory() -> None:
    # A process of its own, with room for the interpreter and a few times the limit, no more.
    program = """
import resource, sys
from hil.errors import ProfileError
from hil.reference.profiles import decode
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
try:
    decode(sys.stdin.buffer.read())
except ProfileError as error:
    print(error.kind)
"""
    for name in ("nested entities", "elements", "gzip", "in an attribute's default"):
        done = subprocess.run(
            [sys.executable, "-c", program], input=BOMBS[name], capture_output=True, timeout=20
        )
        assert done.stdout == b"too-large\n", (name, done.stderr)


def test_many_empty_gzip_members_end_soon() -> None:
    members = compress(b"") * (MAX_SIZE // len(compress(b"")))
    assert kind(members) == "not-xml"


@pytest.mark.parametrize(
    "definition",
    [
        '<!ENTITY a "x">',
        '<!ATTLIST flat-profile a CDATA "x">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p "x"> %p;',
    ],
)
def test_declarations_of_its_own_make_a_document_unreadable(definition) -> None:
    text = f"<!DOCTYPE x [{definition}]><flat-profile><A>1</A></flat-profile>"
    assert kind(text.encode()) == "not-xml"


def test_declarations_are_refused_before_the_rest_is_read() -> None:
    # Expat would need 20 s for these: it compares each attribute with all before it.
    many = b" ".join(b'a%d CDATA "x"' % number for number in range(200_000))
    started = process_time()
    assert kind(b"<!DOCTYPE a [<!ATTLIST a " + many + b">]><a/>") == "not-xml"
    assert process_time() - started < 2


def test_a_document_longer_than_a_piece_reads_the_same() -> None:
    wanted = {f"GPP_{number}": "ü€" * 40 for number in range(2_000)}
    assert decode(flat_profile(**wanted)).parameters == wanted


def test_a_harmless_document_type_is_skipped() -> None:
    text = "<!DOCTYPE flat-profile SYSTEM 'http://192.0.2.1/p.dtd'><flat-profile><A>1</A>"
    assert parameters(text + "</flat-profile>") == {"A": "1"}
