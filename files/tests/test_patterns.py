"""Python 3.11.0 to 3.11.4 do not take back what a failed round of a possessive group has read: Debian 12 has 3.11.2."""

import re
from pathlib import Path

import pytest

READERS = Path(__file__).parents[1] / "readers"
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,{}]+\})\+")


@pytest.mark.parametrize("path", sorted(READERS.rglob("*.py")), ids=lambda path: str(path.relative_to(READERS)))
def test_no_pattern_has_a_possessive_group(path):
    assert POSSESSIVE_GROUP.findall(path.read_text()) == []
