"""Times as ns_job takes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nsjob.durations import seconds
from nsjob.errors import OptionError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, 0.0),
        (1.5, 1.5),
        ("1:5", 1.000005),
        ("1:500000", 1.5),
        ("1.5", 1.5),
        ("100ms", 0.1),
        ("5us", 5e-6),
        ("5μs", 5e-6),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("1w", 604800.0),
        ("1y", 31536000.0),
        (".5s", 0.5),
        ("1e3ms", 1.0),
        (timedelta(minutes=1), 60.0),
    ],
)
def test_every_form_of_a_time_is_understood(given: object, expected: float) -> None:
    assert seconds(given) == pytest.approx(expected)


@pytest.mark.parametrize(
    "given", ["xyz", "", "1:2:3", "5 parsecs", None, True, [], float("nan"), float("inf"), -1, "-1", "-1s", 10**400]
)
def test_what_is_no_time_is_an_error_that_says_so(given: object) -> None:
    with pytest.raises(OptionError, match="time"):
        seconds(given)
