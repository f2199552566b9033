"""The last table of the chapter: X00, X20, X40, X60."""

import pytest

from hil.reference.error_codes import ErrorCode, Trouble, code_of
from hil.reference.response_templates import CODE


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble.PORT_UNREACHABLE, "X00"),
        (Trouble.HOST_UNREACHABLE, "X00"),
        (Trouble.REFUSED, "X00"),
        (Trouble.RESET, "X00"),
        (Trouble.NO_RESPONSE, "X20"),
        (Trouble.UNACCEPTABLE_ANSWER, "X40"),
        (Trouble.NO_ACK, "X40"),
        (Trouble.NOT_IN_DIAL_PLAN, "X60"),
    ],
)
def test_each_trouble_that_the_table_names_has_its_code(trouble, code):
    assert code_of(trouble) == code


def test_every_trouble_has_a_code_and_every_code_a_trouble():
    assert {code_of(trouble) for trouble in Trouble} == {"X00", "X20", "X40", "X60"}
    assert {code.value for code in ErrorCode} == {"X00", "X20", "X40", "X60"}
    assert all(CODE.fullmatch(code_of(trouble)) for trouble in Trouble)
