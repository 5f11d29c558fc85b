"""Turns the places of keys that a profile names into signers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.actions.notices import Webhook
from runner.app.environment import Environment
from runner.client.keys import (
    KeyDescriptor,
    KeyFile,
    KeySigner,
    KeySource,
    KeyVariable,
    Signer,
    load_api_key,
    load_key,
)
from runner.controls.credentials import (
    ApiCredential,
    FromAgent,
    FromCommand,
    FromDescriptor,
    FromFile,
    FromVariable,
    SecretSource,
)
from runner.controls.notify_targets import NotifyTarget
from runner.controls.profile import Profile
from runner.core.clock import timestamp_text
from runner.core.errors import KeyRefused, SettingsInvalid
from runner.core.secret import Secret

Remember: TypeAlias = Callable[[Secret], None]
"""Is told every secret that is loaded, so that outputs can be scrubbed of it."""

_TOKEN_LENGTH_MIN = 16
"""A part of a path that long is taken for a secret."""
_GIVEN_TO_COMMANDS = ("PATH", "HOME")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Loads the keys a profile names."""

    environment: Environment
    remember: Remember

    def signer(self, credential: ApiCredential) -> Signer:
        """Return what signs with a credential.

        Errors: ``KeyRefused`` for a place that cannot be used, or another key than the one that is
            meant.
        """
        variables = self.environment.variables
        api_key = self._text(credential.api_key)
        signer: Signer
        match credential.key:
            case FromAgent(fingerprint=fingerprint):
                # Only profiles that use one pay for it.
                from runner.client.signers import load_agent_signer

                socket_path = variables.get("SSH_AUTH_SOCK", "")
                signer = load_agent_signer(
                    api_key, fingerprint=fingerprint, socket_path=socket_path
                )
            case FromCommand(argv=argv, public_key=public_key):
                from runner.client.signers import load_command_signer

                given = {name: variables[name] for name in _GIVEN_TO_COMMANDS if name in variables}
                signer = load_command_signer(
                    api_key, argv=argv, public_key=public_key, environ=given
                )
            case source:
                key = load_key(_key_source(source), environ=variables, remember=self.remember)
                signer = KeySigner(api_key=api_key, key=key)
        if credential.fingerprint not in {"", signer.fingerprint}:
            raise KeyRefused(
                f"the key is {signer.fingerprint}, and the profile means {credential.fingerprint}",
                hint="put the key there that the profile means, or have the profile changed",
            )
        return signer

    def webhook(self, target: NotifyTarget, profile: Profile) -> Webhook:
        """Return where a target's notices go; its secret is loaded when one is sent."""
        for part in urlsplit(target.url).path.split("/"):
            if len(part) >= _TOKEN_LENGTH_MIN:
                # Many services put the only secret they have into the address.
                self.remember(Secret(part.encode("ascii")))
        secret = target.secret
        return Webhook(
            url=target.url,
            # Once: a file descriptor can be read no second time.
            secret=None if secret is None else cache(partial(self._text, secret)),
            ca=profile.ca,
            proxy=profile.proxy or None,
        )

    def state_password(self, profile: Profile) -> Secret | None:
        """Return the password of the database a profile's journal is in, where it names one."""
        source = profile.state_password
        return None if source is None else Secret(self._text(source).encode("ascii"))

    def _text(self, source: SecretSource) -> str:
        return load_api_key(
            _key_source(source), environ=self.environment.variables, remember=self.remember
        )


def valid_credential(
    credentials: tuple[ApiCredential, ...], moment: datetime, *, name: str
) -> ApiCredential:
    """Return the first credential that is valid at a moment.

    Shapes: ``name`` is the profile's key, for people.
    Errors: ``SettingsInvalid`` when none is.
    """
    for credential in credentials:
        if credential.is_valid_at(moment):
            return credential
    begins = [c.valid_from for c in credentials if c.valid_from is not None]
    ends = [c.valid_until for c in credentials if c.valid_until is not None]
    later = sorted(begin for begin in begins if begin > moment)
    known = (
        f"the next one is valid from {timestamp_text(later[0])}"
        if later
        else f"the last one was valid until {timestamp_text(max(ends))}"
    )
    raise SettingsInvalid(
        f"no {name} of the profile is valid now: {known}",
        hint="give the profile a key that is valid, with its valid_from and valid_until",
    )


def _key_source(source: SecretSource) -> KeySource:
    match source:
        case FromFile(path=path):
            return KeyFile(path=path)
        case FromDescriptor(descriptor=descriptor):
            return KeyDescriptor(descriptor=descriptor)
        case FromVariable(name=name):
            return KeyVariable(name=name)
