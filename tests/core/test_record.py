import copy
import dataclasses
import inspect
import pickle

import pytest

from runner.core.record import positional_record, record


@record
class Point:
    """Two numbers and a note that does not count."""

    x: int
    y: int = 0
    note: str = dataclasses.field(default="", compare=False, repr=False)


@record
class Solid(Point):
    """A point and what is in it."""

    parts: list[str] = dataclasses.field(default_factory=list)


@record
class Other:
    """As many fields, of the same names, as a point's first two."""

    x: int
    y: int = 0


@record
class Nothing:
    """No field at all."""


@record
class Checked:
    """A record that looks at itself, and spells and compares itself."""

    even: int

    def __post_init__(self) -> None:
        """Refuse odd numbers."""
        assert self.even % 2 == 0, "odd"

    def __repr__(self) -> str:
        return f"<{self.even}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checked)

    def __hash__(self) -> int:
        return 7


@positional_record
class Amount:
    """A small value."""

    number: int
    unit: str = "m"


def test_record_keeps_what_it_is_given_and_its_defaults() -> None:
    point = Point(x=1)

    assert (point.x, point.y, point.note) == (1, 0, "")


def test_record_is_a_dataclass_to_the_library() -> None:
    assert dataclasses.is_dataclass(Solid)
    assert [each.name for each in dataclasses.fields(Solid)] == ["x", "y", "note", "parts"]
    assert dataclasses.replace(Point(x=1, y=2), y=3) == Point(x=1, y=3)


def test_record_takes_keywords_alone() -> None:
    signature = inspect.signature(Point)

    kinds = {each.kind for each in signature.parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'x'"):
        Point()  # type: ignore[call-arg]  # what is refused
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(x=1, z=2)  # type: ignore[call-arg]  # what is refused


def test_positional_record_is_given_and_matched_by_position_too() -> None:
    assert Amount(1, "s") == Amount(unit="s", number=1)
    assert Amount(1).unit == "m"
    match Amount(2):
        case Amount(number, unit):
            assert (number, unit) == (2, "m")


def test_field_of_a_record_can_be_neither_changed_nor_deleted_nor_added() -> None:
    point = Point(x=1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        point.x = 2  # type: ignore[misc]  # what is refused
    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        del point.x
    with pytest.raises(dataclasses.FrozenInstanceError, match="'z'"):
        point.z = 2  # type: ignore[attr-defined]  # what is refused
    assert point == Point(x=1)


def test_record_has_no_dict() -> None:
    assert not hasattr(Solid(x=1), "__dict__")


def test_default_of_a_factory_is_new_each_time() -> None:
    first, second = Solid(x=1), Solid(x=1)

    first.parts.append("a")

    assert second.parts == []


def test_records_are_equal_by_class_and_compared_fields() -> None:
    assert Point(x=1, note="a") == Point(x=1, note="b")
    assert hash(Point(x=1, note="a")) == hash(Point(x=1, note="b"))
    unlike: list[object] = [Point(x=2), Other(x=1), (1, 0)]
    assert Point(x=1) not in unlike
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_repr_of_a_record_can_be_read() -> None:
    assert repr(Point(x=1, note="a")) == "Point(x=1, y=0)"
    assert repr(Nothing()) == "Nothing()"


def test_what_a_class_says_of_itself_stays() -> None:
    assert repr(Checked(even=2)) == "<2>"
    assert Checked(even=2) == Checked(even=4)
    assert hash(Checked(even=2)) == 7
    with pytest.raises(AssertionError, match="odd"):
        Checked(even=3)


def test_record_survives_copying_and_pickling() -> None:
    solid = Solid(x=1, y=2, parts=["a"])

    assert copy.copy(solid) == solid
    assert copy.deepcopy(solid) == solid
    assert pickle.loads(pickle.dumps(solid)) == solid  # noqa: S301 - our own bytes
