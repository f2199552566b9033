"""``hil schedule``, held to Resync Periodic and Resync Error Retry Delay."""

import pytest


def exactly(*delays):
    return [{"earliest": delay, "latest": delay} for delay in delays]


@pytest.mark.parametrize(
    ("value", "count", "windows"),
    [
        ("3000", 1, exactly(3000)),
        # The chapter's own spacing; "the last element is implicitly repeated forever".
        ("600 , 1200 , 300", 5, exactly(600, 1200, 300, 300, 300)),
        ("2400+30", 1, [{"earliest": 2400, "latest": 2430}]),
        (
            "1800+300,3600+600",
            2,
            [{"earliest": 1800, "latest": 2100}, {"earliest": 3600, "latest": 4200}],
        ),
        ("600", 0, []),
        ("0", 5, []),
        ("", 5, []),
        ("600,0", 5, exactly(600)),
    ],
)
def test_windows(hil, value, count, windows):
    answer = hil("schedule", value, "--count", str(count), "--json")
    assert (answer.code, answer.json) == (0, windows)


def test_five_windows_unless_told_otherwise(hil):
    assert len(hil("schedule", "600", "--json").json) == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("600,2400+30", "1: after 600 s\n2: after 2400 to 2430 s\n3: after 2400 to 2430 s\n"),
        ("600,0", "1: after 600 s\nthen never again\n"),
        ("0", "never\n"),
    ],
)
def test_in_words(hil, value, text):
    assert hil("schedule", value, "--count", "3").out == text


@pytest.mark.parametrize("value", ["abc", "1,,2", "5+", "1.5", "+5", "-1+2", "99999999999"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_invalid_value_exits_2_with_the_reason_on_stderr(refused, value, form):
    assert "element " in refused("schedule", *form, "--", value)


@pytest.mark.parametrize("count", ["-1", "x", "1000001"])
def test_a_count_that_is_none_is_refused(refused, count):
    assert "--count" in refused("schedule", "600", "--count", count)
