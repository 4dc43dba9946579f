"""What fuzzing found, held for good. tools/fuzz says for each new finding what to put in here.

The assertions are in the targets: each raises where a promise is broken.
"""

import pytest

from tools.fuzz.seeds import seeds
from tools.fuzz.targets import TARGETS

FINDINGS = [
    ("scanner", b'\0\0\1a,"x\ry"\nb,"c"\n'),  # a lone CR in quotes was no line end to the quick way
]


@pytest.mark.parametrize(("target", "data"), FINDINGS, ids=lambda value: ascii(value)[:40])
def test_a_finding_stays_mended(target, data):
    TARGETS[target](data)


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "reading"])
def test_the_seeds_of_a_target_break_no_promise(target):
    for seed in seeds(target):
        TARGETS[target](seed)
