"""The list of boundaries is closed, paired, and says what each stands for."""

from runner.core.boundary import BOUNDARIES, EFFECT_BOUNDARIES, no_boundary

UNPAIRED = {"after-look"}


def test_every_boundary_has_words_and_a_name_of_one_shape() -> None:
    for name, words in BOUNDARIES.items():
        when, _, edge = name.partition("-")
        assert when in {"before", "after"}
        assert edge.isalpha()
        assert words


def test_what_has_a_before_has_an_after() -> None:
    edges = {name.partition("-")[2] for name in set(BOUNDARIES) - UNPAIRED}

    assert {f"{when}-{edge}" for edge in edges for when in ("before", "after")} == (
        set(BOUNDARIES) - UNPAIRED
    )


def test_the_life_of_an_effect_is_among_them() -> None:
    assert set(EFFECT_BOUNDARIES) < set(BOUNDARIES)


def test_the_programs_own_boundary_does_nothing() -> None:
    for name in BOUNDARIES:
        no_boundary(name)
