import pytest

from project.core.durations import duration, rough_duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0.0 s"), (0.42, "0.4 s"), (9.96, "10 s"), (200, "3 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min"), (273600, "3 d 4 h")],
)  # fmt: skip
def test_a_span_in_words(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (12.4, "12 s"), (63, "1 min"), (77, "1 min 20 s"), (245, "4 min"), (7510, "2 h 5 min")],
)
def test_a_guess_is_rough(seconds, said):
    assert rough_duration(seconds) == said
