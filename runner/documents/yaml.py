"""The strict subset of YAML we read.

The parser is libyaml, which knows YAML 1.1; nothing of what 1.1 and 1.2 read differently gets past
the composer. Events are pulled one at a time, so that an alias bomb or ten thousand brackets end at
the first event that is too much.

Source: DESIGN section 2, "YAML".
"""

# The module does not list CParser as its own, but no other name works with every clib.
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # see above
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.characters import character_name, refused_offsets, way_out
from runner.documents.composer import Composer
from runner.documents.nodes import Node
from runner.documents.positions import Positions
from runner.documents.syntax import syntax_finding


def read_yaml(source: SourceFile) -> Node:
    """Read one document.

    Shapes: ``source`` comes from ``read_source``, ``source_from_bytes`` or ``check_text``; its text
        holds no refused character.
    Errors: ``InvalidInput`` with everything found up to the first place where reading cannot go on.
    """
    node, found = read_yaml_partly(source)
    if found:
        raise InvalidInput(found)
    assert node is not None
    return node


def read_yaml_partly(source: SourceFile) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Read one document, however wrong it is, for a checker that wants to go on and find more.

    Shapes: as ``read_yaml``; None where reading could not go on to the end. Where anything was
        found, the document is never good for more than finding more.
    """
    composer = Composer(source)
    try:
        # The parser encodes the text, which fails for what ``check_text`` would have refused.
        parser = CParser(source.text)
        while composer.is_reading and (event := parser.get_event()) is not None:
            composer.take(event)
    except MarkedYAMLError as exc:
        composer.found.append(_syntax_error(composer.positions, exc))
    except (YAMLError, UnicodeError) as exc:
        composer.found.append(_unreadable(composer.positions, exc))
    return composer.result()


def _syntax_error(positions: Positions, exc: MarkedYAMLError) -> Diagnostic:
    mark = exc.problem_mark or exc.context_mark
    offset = len(positions.source.text) if mark is None else mark.index
    began = offset if exc.context_mark is None else exc.context_mark.index
    return syntax_finding(exc.problem, exc.context, positions, offset=offset, context_offset=began)


def _unreadable(positions: Positions, exc: Exception) -> Diagnostic:
    for offset in refused_offsets(positions.source.text):
        character = positions.source.text[offset]
        return Diagnostic(
            code="character-refused",
            summary=f"{character_name(character)} is refused",
            span=positions.span(offset, offset + 1),
            hint=way_out(character),
        )
    return Diagnostic(
        code="yaml-syntax",
        summary=f"the text cannot be read as YAML: {type(exc).__name__}",
        span=positions.source.whole(),
    )
