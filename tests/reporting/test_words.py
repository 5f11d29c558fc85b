import pytest

from runner.core.errors import ExitCode
from runner.reporting.words import EXIT_WORDS, spoken_duration


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (-1, "0.00s"),
        (0, "0.00s"),
        (0.1239, "0.12s"),
        (1.2, "1.20s"),
        (9.999, "9.99s"),
        (12.34, "12.3s"),
        (59.99, "59.9s"),
        (65, "1m 05s"),
        (3599.9, "59m 59s"),
        (7380, "2h 03m"),
    ],
)
def test_duration_is_said_in_the_unit_that_fits(duration_s: float, expected: str) -> None:
    assert spoken_duration(duration_s) == expected


def test_every_exit_code_has_words() -> None:
    assert set(EXIT_WORDS) == set(ExitCode)
