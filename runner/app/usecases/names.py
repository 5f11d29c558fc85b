"""Names a playbook writes down, held against controls: ``validate --controls``.

Only what is written as a text can be checked; names that expressions give are checked at plan.
"""

from collections.abc import Iterable

from runner.controls.directory import Directory
from runner.controls.load import load_controls
from runner.controls.place import ControlsPlace
from runner.controls.profile import Profile, ProfileKind
from runner.controls.reading import listed_hint
from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.record import record
from runner.playbook.words import TARGET, Word


@record
class Names:
    """Everything controls know by name.

    Shapes: ``targets`` are whom a notice may name, or None where any name is taken.
    """

    directory: Directory
    targets: frozenset[str] | None


def load_names(place: ControlsPlace, profile: str | None) -> Names:
    """Read the names of controls.

    Shapes: targets are those of ``profile``, or where None those of any profile.
    Errors: as ``load_controls``; ``SettingsInvalid`` for a profile that is not there.
    """
    controls = load_controls(place)
    chosen = tuple(controls.profiles.values()) if profile is None else (controls.named(profile),)
    return Names(directory=controls.directory, targets=_targets(chosen))


def name_findings(words: Iterable[Word], names: Names) -> tuple[Diagnostic, ...]:
    """Return an error for every word that controls do not know, each place once."""
    # A playbook that several call is read by each, and a word may stand for two things.
    found = {diagnostic for word in words if (diagnostic := _unlisted(word, names)) is not None}
    return sorted_diagnostics(found)


def _unlisted(word: Word, names: Names) -> Diagnostic | None:
    if word.kind == TARGET:
        targets = names.targets
        if targets is None or word.text in targets:
            return None
        return Diagnostic(
            code="unknown-name",
            summary=f'the profiles have no target "{word.text}" to notify',
            span=word.span,
            hint=listed_hint(word.text, targets),
        )
    unlisted = names.directory.check(word.kind, word.text)
    return None if unlisted is None else unlisted.at(word.span)


def _targets(profiles: Iterable[Profile]) -> frozenset[str] | None:
    """Return the targets of profiles, or None where one that takes any name is all there is."""
    chosen = tuple(profiles)
    known = frozenset(target.name for profile in chosen for target in profile.notify)
    # A sandbox that names no target takes every name, and tells nobody.
    takes_all = not known and any(each.kind is ProfileKind.SANDBOX for each in chosen)
    return None if takes_all else known
