"""The notation of Resync_Periodic and Resync_Error_Retry_Delay (Configuration Profile Parameters)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ScheduleError, SpecificationError
from hil.reference.schedules import MAX_SECONDS, Schedule
from hil.reference.windows import Window


def delays(text, count=4, exhaustion="repeat-last"):
    windows = Schedule.parse(text).windows(count, exhaustion)
    return [(window.earliest, window.latest) for window in windows]


def test_an_integer_is_the_delay_before_every_attempt():
    assert delays("3000", 3) == [(3000, 3000)] * 3


def test_multiple_integers_with_the_spaces_that_the_chapter_prints():
    assert delays("600 , 1200 , 300", 3) == [(600, 600), (1200, 1200), (300, 300)]


def test_a_time_range_ends_its_second_number_later():
    assert delays("2400+30", 1) == [(2400, 2430)]


def test_ranges_in_a_list_belong_to_their_element():
    expected = [(1800, 2100), (3600, 4200), (7200, 8100)]
    assert delays("1800+300,3600+600,7200+900", 3) == expected


def test_the_last_element_is_implicitly_repeated_forever():
    assert delays("600,1200,300", 5)[2:] == [(300, 300)] * 3
    assert Schedule.parse("600,1200+5").window(10**9) == Window(1200, 1205)


def test_other_readings_of_an_exhausted_list():
    assert delays("1,2", 5, "cycle") == [(1, 1), (2, 2), (1, 1), (2, 2), (1, 1)]
    assert delays("1,2", 5, "stop") == [(1, 1), (2, 2)]


@pytest.mark.parametrize("text", ["0", "", "  ", "0+0", "00", "0,600"])
def test_zero_or_nothing_disables(text):
    schedule = Schedule.parse(text)
    assert schedule.never
    assert schedule.window(0) is None
    assert schedule.windows(3) == ()


@pytest.mark.parametrize("exhaustion", ["repeat-last", "cycle", "stop"])
def test_a_zero_in_a_list_ends_it_under_every_reading(exhaustion):
    assert delays("600,0,300", 5, exhaustion) == [(600, 600)]


def test_a_range_from_zero_is_a_delay_and_no_end():
    assert delays("0+30", 2) == [(0, 30), (0, 30)]


@pytest.mark.parametrize(
    "text",
    [
        "abc", "-1", "+30", "30+", "1+2+3", "600,,300", "600,", ",", "1.5", "1 2", "0x10", "1e3",
        "٣٠٠", "６００", "600;1200", "600\x00", "1+-1", "$A",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(text):
    with pytest.raises(ScheduleError, match="element"):
        Schedule.parse(text)


def test_the_reason_names_the_element():
    with pytest.raises(ScheduleError, match="element 2 is 'x'"):
        Schedule.parse("600,x,300")
    with pytest.raises(ScheduleError, match="element 2 is empty"):
        Schedule.parse("600,,300")


def test_the_largest_delay_is_32_bits_wide():
    assert delays(str(MAX_SECONDS), 1) == [(MAX_SECONDS, MAX_SECONDS)]
    for text in (str(MAX_SECONDS + 1), f"{MAX_SECONDS}+1", "1" + "0" * 400, "1" + "0" * 65000):
        with pytest.raises(ScheduleError, match="longer than"):
            Schedule.parse(text)
    assert delays("0" * 400 + "7", 1) == [(7, 7)]


def test_negative_positions_and_counts_are_refused():
    with pytest.raises(ScheduleError, match="-1"):
        Schedule.parse("5").window(-1)
    with pytest.raises(ScheduleError, match="-1"):
        Schedule.parse("5").windows(-1)


elements = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))


@settings(deadline=None)
@given(st.lists(elements, min_size=1), st.sampled_from(["", " ", " \t"]))
def test_what_is_printed_is_read_back_the_same(pairs, blank):
    text = f"{blank},{blank}".join(f"{low}{blank}+{blank}{extra}" for low, extra in pairs)
    schedule = Schedule.parse(text)
    assert Schedule.parse(str(schedule)) == schedule
    before_zero = [*pairs, (0, 0)][: [*pairs, (0, 0)].index((0, 0))]
    expected = tuple(Window(low, low + extra) for low, extra in before_zero)
    assert schedule.elements == expected


@settings(deadline=None)
@given(st.text() | st.text("0123456789+, \n-"))
def test_any_text_is_a_schedule_or_a_specification_error(text):
    try:
        schedule = Schedule.parse(text)
    except SpecificationError:
        return
    assert schedule.never or schedule.windows(3)[0] == schedule.elements[0]
