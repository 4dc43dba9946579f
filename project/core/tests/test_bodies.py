from wsgiref.util import setup_testing_defaults

import pytest

from project.core.bodies import ENVIRON_KEY, Places, guard_bodies


@pytest.mark.parametrize(
    ("said", "length"),
    [("5", 5), ("0", 0), ("", 0), ("-1", 0), ("five", 0), pytest.param("0" * 5000 + "5", 0, id="5000 zeros")],
)
def test_a_content_length_that_python_cannot_read_is_none(said, length):
    environ: dict = {"CONTENT_LENGTH": said}
    setup_testing_defaults(environ)
    guard_bodies(lambda environ, start_response: [], Places(4, timeout_s=1, least_rate=1))(environ, None)
    body = environ.get(ENVIRON_KEY)
    assert (body.length if body else 0) == length
