"""``hil decode``: what a phone makes of a downloaded file."""

import gzip
import subprocess
import zlib

import pytest

PROFILE = b"<flat-profile><GPP_A>ABC</GPP_A><Resync_Periodic> 600 </Resync_Periodic></flat-profile>"
PARAMETERS = {"GPP_A": "ABC", "Resync_Periodic": "600"}


@pytest.fixture
def file(tmp_path):
    def written(data):
        path = tmp_path / "profile"
        path.write_bytes(data)
        return str(path)

    return written


def openssl(data, key, digest):
    command = ["openssl", "enc", "-aes-256-cbc", "-md", digest, "-k", key]
    return subprocess.run(command, input=data, capture_output=True, timeout=30, check=True).stdout


def test_plain(hil, file):
    answer = hil("decode", file(PROFILE), "--json")
    assert (answer.code, answer.json) == (0, {"parameters": PARAMETERS})


def test_stdin(hil):
    assert (
        hil("decode", "-", "--json", stdin=gzip.compress(PROFILE)).json["parameters"] == PARAMETERS
    )


@pytest.mark.peer("openssl")
@pytest.mark.parametrize("digest", ["sha256", "md5"])
def test_what_openssl_encrypted_by_either_digest(hil, file, digest):
    path = file(openssl(gzip.compress(PROFILE), "a key", digest))
    assert hil("decode", path, "--key", "a key", "--json").json == {"parameters": PARAMETERS}
    wrong = hil("decode", path, "--key", "another", "--json")
    assert (wrong.code, wrong.json["error"]) == (1, "bad-key")


def bomb():
    # Zeros that gzip makes a thousand times smaller: 64 MiB unpacked, against a limit of 4.
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()


# Eight entities, each ten times the one before: a thousand million characters from 600.
ENTITIES = (
    b'<!DOCTYPE f [<!ENTITY a0 "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><flat-profile><GPP_A>&a8;</GPP_A></flat-profile>"
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "not-xml"),
        (b"hello", "not-xml"),
        (PROFILE[:-3], "not-xml"),
        (b"<profile/>", "no-flat-profile"),
        (gzip.compress(PROFILE)[:-9], "bad-gzip"),
        (PROFILE.decode().encode("utf-16"), "bad-encoding"),
        (bomb(), "too-large"),
        (ENTITIES, "too-large"),
        (b" " * (4 * 1024 * 1024 + 1), "too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_applied_exits_1_with_its_kind(hil, file, data, kind):
    answer = hil("decode", file(data), "--json")
    assert (answer.code, answer.json["error"]) == (1, kind)
    assert set(answer.json) == {"error", "reason"}
    assert answer.json["reason"]
    in_words = hil("decode", file(data))
    assert (in_words.code, in_words.out) == (1, "")
    assert in_words.err == f"{kind}: {answer.json['reason']}\n"


def test_a_key_for_what_is_not_encrypted(hil, file):
    answer = hil("decode", file(PROFILE), "--key", "k", "--json")
    assert (answer.code, answer.json["error"]) == (1, "bad-key")


def test_in_words_a_terminal_is_safe_from_what_a_profile_holds(hil):
    # U+009B is CSI, which begins a command to the terminal.
    hostile = "<flat-profile><GPP_A>\u009b2J \N{BELL SYMBOL}</GPP_A></flat-profile>"
    assert hil("decode", "-", stdin=hostile.encode()).out == "GPP_A = \\x9b2J \N{BELL SYMBOL}\n"


def test_a_file_without_end_is_read_no_further_than_the_limit(hil):
    answer = hil("decode", "/dev/zero", "--json")
    assert (answer.code, answer.json["error"]) == (1, "too-large")


@pytest.mark.parametrize("name", ["nowhere", "", "a\0b", "/"])
def test_a_file_that_cannot_be_read_is_a_usage_error(refused, name):
    assert "cannot read" in refused("decode", name, "--json")
