import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sandbox.address_texts import PatternUnsupported, text_fitting

PATTERNS = [
    "0x[0-9a-fA-F]{40}",
    "(bc1[0-9a-z]{20,80}|[13][1-9A-HJ-NP-Za-km-z]{25,34})",
    "r[1-9A-HJ-NP-Za-km-z]{24,34}",
    "^T[1-9A-HJ-NP-Za-km-z]{33}$",
    r"(?:inj|cosmos)1\w{38}",
    r"\d+-[^a-z]*.?\.x{2,}?[]a-]",
    "a{3}b?|[-+]c{0,1}",
    "",
]


@given(seed=st.text(), pattern=st.sampled_from(PATTERNS))
def test_text_fits_the_whole_pattern_and_is_the_same_again(seed: str, pattern: str) -> None:
    seed = seed.encode("utf-8", "replace").decode()
    text = text_fitting(pattern, seed)

    assert re.fullmatch(pattern, text)
    assert text_fitting(pattern, seed) == text


def test_another_seed_gives_another_text() -> None:
    assert len({text_fitting(PATTERNS[0], str(seed)) for seed in range(100)}) == 100


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)a", r"(a)\1", r"\bx", "[^\\w-]", "a{300}", "x)", "(x", "[x", "x\\", "a{3,2}"],
)
def test_pattern_that_is_not_understood_is_said(pattern: str) -> None:
    with pytest.raises(PatternUnsupported):
        text_fitting(pattern, "seed")
