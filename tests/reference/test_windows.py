import pytest

from hil.errors import SpecificationError
from hil.reference.windows import Window


def test_both_ends_belong_to_a_window():
    window = Window(2400, 2430)
    assert window.contains(2400)
    assert window.contains(2430)
    assert not window.contains(2399.999)
    assert not window.contains(2430.001)


@pytest.mark.parametrize(("earliest", "latest"), [(-1, 0), (2, 1)])
def test_a_window_neither_starts_before_now_nor_ends_before_it_starts(earliest, latest):
    with pytest.raises(SpecificationError, match=f"{earliest} to {latest}"):
        Window(earliest, latest)


def test_a_window_prints_its_unit_and_an_instant_prints_once():
    assert str(Window(2400, 2430)) == "2400 to 2430 s"
    assert str(Window(600, 600)) == "600 s"


def test_json_shape_is_the_one_of_hil_schedule():
    assert Window(600, 660).as_json() == {"earliest": 600, "latest": 660}
