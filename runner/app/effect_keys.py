"""Which API key a plan's effects are signed with: the first that may do all of it."""

from collections.abc import Iterable

from runner.catalogue.api import Api
from runner.catalogue.manifest import Manifest
from runner.client.client import Client
from runner.core.errors import SettingsInvalid
from runner.core.record import record


@record
class EffectKey:
    """A key that effects may be signed with, and the client that signs with it.

    Shapes: ``permissions`` are its permission groups, None where only the custodian knows them.
    """

    name: str
    client: Client
    permissions: frozenset[str] | None = None

    def lacks(self, groups: Iterable[str]) -> tuple[str, ...]:
        """Return the groups it is known not to have, sorted."""
        return () if self.permissions is None else tuple(sorted({*groups} - self.permissions))


def groups_of(manifests: Iterable[Manifest], api: Api) -> frozenset[str]:
    """Return the permission groups a key needs to send these effects.

    Source: ``x-permission`` of the operations; the groups named there as ``also`` are not needed
        as far as any source says.
    """
    return frozenset(api.operations[manifest.operation].permission for manifest in manifests)


def key_for(keys: Iterable[EffectKey], groups: Iterable[str]) -> EffectKey | None:
    """Return the first key that may lack nothing of what is needed, or None."""
    return next((key for key in keys if not key.lacks(groups)), None)


def no_key_for(keys: tuple[EffectKey, ...], groups: frozenset[str]) -> SettingsInvalid:
    """Return the refusal that says which group is missing."""
    nowhere = sorted(groups.intersection(*(key.lacks(groups) for key in keys)))
    if nowhere:
        return SettingsInvalid(
            f"no key may do what the plan needs: {_quoted(nowhere)} is missing",
            hint="give one key of the sandbox's world all of these groups: "
            + _quoted(sorted(groups)),
        )
    lacking = "; ".join(f'"{key.name}" lacks {_quoted(key.lacks(groups))}' for key in keys)
    return SettingsInvalid(
        f"no single key may do all that the plan needs: {lacking}",
        hint="one plan is signed with one key: give one of them all groups, or make two plans",
    )


def _quoted(groups: Iterable[str]) -> str:
    return ", ".join(f'"{group}"' for group in groups)
