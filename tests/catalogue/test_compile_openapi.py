"""The JSON inside the package is what the compiler makes of the YAML."""

from pathlib import Path

import pytest

from tools.compile_openapi import SOURCE, TARGET, SourceInvalid, compile_openapi, main


def test_packaged_json_is_what_the_compiler_makes_of_the_yaml() -> None:
    assert TARGET.read_bytes() == compile_openapi(SOURCE.read_text(encoding="utf-8"))


def test_check_accepts_the_packaged_json() -> None:
    assert main(["--check"]) == 0


def test_compiler_keeps_order_and_writes_no_space() -> None:
    assert compile_openapi("b: {d: 1, c: [é, null, true]}\na: '1'\n") == (
        '{"b":{"d":1,"c":["é",null,true]},"a":"1"}\n'.encode()
    )


def test_check_tells_a_difference_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "api.yaml", tmp_path / "api.json"
    source.write_text("a: 1\n")
    target.write_text('{"a":2}\n')

    code = main(["--check"], source=source, target=target)

    assert code == 1
    assert target.read_text() == '{"a":2}\n'
    assert "run python tools/compile_openapi.py" in capsys.readouterr().err


def test_compiler_writes_what_check_accepts(tmp_path: Path) -> None:
    source, target = tmp_path / "api.yaml", tmp_path / "api.json"
    source.write_text("a: 1\n")

    assert main(["--check"], source=source, target=target) == 1
    assert main([], source=source, target=target) == 0
    assert main(["--check"], source=source, target=target) == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: {10: pending}", "#/a: the key 10"),
        ("a: [1, 2.50]", "#/a/1: 2.5"),
        ("a: 2026-11-22", "#/a: datetime.date"),
    ],
)
def test_compiler_refuses_what_json_would_change(text: str, place: str) -> None:
    with pytest.raises(SourceInvalid, match="must be quoted") as caught:
        compile_openapi(text)

    assert str(caught.value).startswith(place)
