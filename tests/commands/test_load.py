"""``hil load``: firmware loads for tests, right and wrong on purpose."""

from __future__ import annotations

import hashlib
import shlex
import subprocess

import pytest

NAME = "sip7832.11-3-2MPP0001-610"


@pytest.fixture
def made(hil, tmp_path):
    """Makes a load of 100 KiB; the path of its manifest."""

    def make(*options):
        answer = hil(
            "load", "make", "11-3-2MPP0001-610", "--size", "100KiB",
            "--directory", str(tmp_path), "--json", *options,
        )  # fmt: skip
        assert (answer.code, answer.err) == (0, "")
        assert answer.json == {
            "load": str(tmp_path / f"{NAME}.loads"),
            "members": [str(tmp_path / f"{NAME}.sbn")],
        }
        return answer.json["load"]

    return make


def test_a_load_is_made_and_checked(hil, tmp_path):
    arguments = shlex.split(f"load make 11-3-2MPP0001-610 --size 100KiB --directory {tmp_path}")
    answer = hil(*arguments)
    manifest, image = tmp_path / f"{NAME}.loads", tmp_path / f"{NAME}.sbn"
    assert (answer.code, answer.out) == (0, f"{manifest}\n{image}, 102400 octets\n")
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    checked = hil("load", "check", str(manifest))
    assert checked.code == 0
    assert checked.out == (f"{NAME}, for model 7832\n{NAME}.sbn, 102400 octets, SHA-256 {digest}\n")
    assert hil("load", "show", str(manifest)).out == checked.out
    assert hil("load", "check", str(manifest), "--json").json == {
        "name": NAME,
        "model": "7832",
        "members": [{"name": f"{NAME}.sbn", "size": 102400, "sha256": digest}],
    }


def test_without_a_size_it_is_as_large_as_a_release(hil, tmp_path):
    hil("load", "make", "11-3-2MPP0001-610", "--directory", str(tmp_path))
    assert (tmp_path / f"{NAME}.sbn").stat().st_size == 30 * 1024 * 1024


@pytest.mark.parametrize(
    ("size", "octets"), [("1", 1), ("5B", 5), ("2KiB", 2048), ("1 MiB", 1048576)]
)
def test_sizes_have_units(hil, tmp_path, size, octets):
    hil("load", "make", "11-3-2MPP0001-610", "--size", size, "--directory", str(tmp_path))
    assert (tmp_path / f"{NAME}.sbn").stat().st_size == octets


@pytest.mark.parametrize(
    ("flaw", "kind"),
    [
        (["--truncate", "99KiB"], "wrong-size"),
        (["--corrupt", "5000"], "wrong-digest"),
        (["--unsigned"], "bad-signature"),
        (["--model", "8832"], "wrong-model"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_load_exits_1_with_its_kind(hil, made, flaw, kind):
    path = made(*flaw)
    answer = hil("load", "check", path, "--json")
    assert (answer.code, answer.json["error"]) == (1, kind)
    in_words = hil("load", "check", path)
    assert (in_words.code, in_words.out) == (1, "")
    assert in_words.err == f"{kind}: {answer.json['reason']}\n"


def test_show_looks_at_the_manifest_alone(hil, made):
    assert hil("load", "show", made("--truncate", "1")).code == 0
    assert hil("load", "show", made("--model", "8832"), "--model", "8832").code == 0
    assert hil("load", "show", made("--unsigned"), "--json").json["error"] == "bad-signature"


def test_the_seed_gives_another_image_of_the_same_version(hil, made):
    first = hil("load", "show", made(), "--json").json
    other = hil("load", "show", made("--seed", "x"), "--json").json
    assert first["name"] == other["name"]
    assert first["members"][0]["sha256"] != other["members"][0]["sha256"]


@pytest.mark.peer("openssl")
def test_a_key_of_ones_own(hil, made, tmp_path):
    for command in (
        "openssl genpkey -algorithm ed25519 -out private.pem",
        "openssl pkey -in private.pem -pubout -out public.pem",
    ):
        subprocess.run(shlex.split(command), cwd=tmp_path, check=True, timeout=30)
    path = made("--key", str(tmp_path / "private.pem"))
    assert hil("load", "check", path, "--json").json["error"] == "bad-signature"
    for name in ("public.pem", "private.pem"):
        assert hil("load", "check", path, "--key", str(tmp_path / name)).code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["make", "a/b"], "'a/b' cannot be the name of a load"),
        (["make", "x", "--size", "30MB"], "'30MB' is no size such as 30MiB"),
        (["make", "x", "--size", "0"], "an image of 0 octets"),
        (["make", "x", "--size", "300MiB"], "an image of 314572800 octets"),
        (["make", "x", "--size", "9", "--corrupt", "9"], "no octet 9 in an image of 9"),
        (["make", "x", "--key", "nowhere.pem"], "cannot read nowhere.pem"),
        (["make", "x", "--directory", "/dev/null"], "cannot write to /dev/null"),
        (["show", "nowhere.loads"], "cannot read nowhere.loads"),
        (["check", "a\0b"], "cannot read"),
        (["make", "x", "--directory", "a\0b"], "cannot write"),
        (["check"], "Missing argument 'FILE'"),
        (["nope"], "No such command 'nope'"),
    ],
)
def test_a_mistake_is_one_line(refused, tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    assert complaint in refused("load", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_end_is_read_no_further_than_the_limit(hil):
    answer = hil("load", "check", "/dev/zero", "--json")
    assert (answer.code, answer.json["error"]) == (1, "too-large")


@pytest.mark.parametrize("name", ["make", "show", "check"])
def test_every_help_teaches_by_example(hil, name):
    answer = hil("load", name, "--help")
    assert answer.code == 0
    assert f"  hil load {name}" in answer.out


def test_the_examples_work(hil, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in (hil("load", "--help").out, hil("load", "make", "--help").out):
        for line in text.splitlines():
            if line.startswith("  hil load"):
                answer = hil(*shlex.split(line)[1:])
                assert answer.code == 0, line
