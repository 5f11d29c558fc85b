import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from runner.controls.caps import Cap, Caps
from runner.controls.credentials import (
    ApiCredential,
    FromAgent,
    FromCommand,
    FromDescriptor,
    FromFile,
    FromVariable,
)
from runner.controls.destination import DestinationEntry
from runner.controls.directory import LinkEntry, WalletEntry
from runner.controls.load import Controls, controls_digest, load_controls
from runner.controls.notify_targets import NotifyTarget
from runner.controls.profile import Dedupe, Profile, ProfileFacts, ProfileKind
from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput, SettingsInvalid

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
DIRECTORY = """\
apiVersion: runner/v1
kind: Directory
entity: acme
coins:
  USDT: 6
  ETH: 18
networks: [ETH, BSC]
wallets:
  treasury: {id: "35010001", type: prime}
mirror_links:
  acme/arb-01: {id: "6800001", wallet: treasury, binance_uid: "990001"}
mirrorx_links:
  acme/arb-02: {id: "7800001", wallet: treasury}
"""
PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  live:
    kind: custodian
    url: https://Open-API.ceffu.com/
    entity: acme
    production: true
    read_key:
      api_key: {env: CEFFU_READ_API_KEY}
      key: {file: keys/read.pem}
    effect_key:
      api_key: {file: /run/secrets/api-key}
      key: {fd: 7}
    state: /var/lib/runner/state.sqlite
    plan_lifetime: 12h
    facts: {timestamp_window: 5s, read_lag: 1m30s}
    ca: corporate.pem
    proxy: http://Proxy:3128
  box:
    kind: sandbox
    url: http://127.0.0.1:8080
    entity: acme
"""


def _folder(folder: Path, *, directory: str = DIRECTORY, profiles: str = PROFILES) -> Path:
    (folder / "directory.yaml").write_text(directory, encoding="utf-8")
    (folder / "profiles.yaml").write_text(profiles, encoding="utf-8")
    return folder


def _controls(folder: Path) -> Controls:
    return load_controls(_folder(folder))


def _refused(folder: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidInput) as caught:
        load_controls(folder)
    return caught.value.diagnostics


def _summaries(found: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{Path(d.span.file).name}:{d.span.line}: {d.summary}" for d in found]


def _profile_with(folder: Path, line: str, *, instead_of: str) -> tuple[Diagnostic, ...]:
    assert instead_of in PROFILES
    return _refused(_folder(folder, profiles=PROFILES.replace(instead_of, line)))


def test_profiles_are_read_with_every_key(tmp_path: Path) -> None:
    assert _controls(tmp_path).profiles["live"] == Profile(
        name="live",
        kind=ProfileKind.CUSTODIAN,
        url="https://open-api.ceffu.com",
        entity="acme",
        read_keys=(
            ApiCredential(
                api_key=FromVariable(name="CEFFU_READ_API_KEY"),
                key=FromFile(path=tmp_path / "keys/read.pem"),
            ),
        ),
        effect_keys=(
            ApiCredential(
                api_key=FromFile(path=Path("/run/secrets/api-key")),
                key=FromDescriptor(descriptor=7),
            ),
        ),
        state=Path("/var/lib/runner/state.sqlite"),
        plan_lifetime=timedelta(hours=12),
        facts=ProfileFacts(
            timestamp_window=timedelta(seconds=5), clock_skew=None, read_lag=timedelta(seconds=90)
        ),
        ca=tmp_path / "corporate.pem",
        proxy="http://proxy:3128",
        production=True,
    )


FINGERPRINT = "SHA256:" + "A" * 43
EFFECT_KEY = "    effect_key:\n      api_key: {file: /run/secrets/api-key}\n      key: {fd: 7}\n"


def test_keys_of_a_rotation_stand_side_by_side_with_their_times(tmp_path: Path) -> None:
    both = (
        "    effect_key:\n"
        f"      - api_key: {{env: OLD_API_KEY}}\n        key: {{agent: '{FINGERPRINT}'}}\n"
        "        valid_until: 2026-12-01T00:00:00Z\n"
        "      - api_key: {env: NEW_API_KEY}\n"
        "        key: {command: {argv: [/opt/sign, --key, k1], public_key: new.pem}}\n"
        f"        fingerprint: '{FINGERPRINT}'\n"
        "        valid_from: 2026-11-30T23:00:00+01:00\n"
    ).replace("2026-12-01T00:00:00Z", "'2026-12-01T00:00:00Z'")
    both = both.replace("2026-11-30T23:00:00+01:00", "'2026-11-30T23:00:00+01:00'")

    folder = _folder(tmp_path, profiles=PROFILES.replace(EFFECT_KEY, both))

    assert load_controls(folder).profiles["live"].effect_keys == (
        ApiCredential(
            api_key=FromVariable(name="OLD_API_KEY"),
            key=FromAgent(fingerprint=FINGERPRINT),
            valid_until=datetime(2026, 12, 1, tzinfo=UTC),
        ),
        ApiCredential(
            api_key=FromVariable(name="NEW_API_KEY"),
            key=FromCommand(argv=("/opt/sign", "--key", "k1"), public_key=tmp_path / "new.pem"),
            fingerprint=FINGERPRINT,
            valid_from=datetime(2026, 11, 30, 22, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(
    ("lines", "summary"),
    [
        ("      fingerprint: MD5:aa", "this is not the place of a key"),
        (
            "      valid_from: '2026-12-01T00:00:00Z'\n      valid_until: '2026-12-01T00:00:00Z'",
            "valid_until must be later than valid_from",
        ),
        (
            "      valid_until: '2026-12-01T00:00:00'",
            "write a moment with its zone, like 2026-11-24T08:00:00Z",
        ),
    ],
)
def test_key_that_could_never_be_meant_is_refused(tmp_path: Path, lines: str, summary: str) -> None:
    found = _profile_with(tmp_path, f"{EFFECT_KEY}{lines}\n", instead_of=EFFECT_KEY)

    assert [summary in f"{each.summary} {each.hint}" for each in found] == [True]


def test_signing_command_is_named_with_its_whole_path(tmp_path: Path) -> None:
    """A bare name would be looked up in the caller's PATH, which nobody has reviewed."""
    command = "key: {command: {argv: [sign], public_key: new.pem}}"

    found = _profile_with(tmp_path, command, instead_of="key: {fd: 7}")

    assert [each.summary for each in found] == ["the command must be named with its whole path"]


def test_profile_defaults_apply(tmp_path: Path) -> None:
    assert _controls(tmp_path).profile("box") == Profile(
        name="box",
        kind=ProfileKind.SANDBOX,
        url="http://127.0.0.1:8080",
        entity="acme",
        plan_lifetime=timedelta(hours=24),
    )


def test_host_is_what_identities_spell(tmp_path: Path) -> None:
    controls = _controls(tmp_path)

    assert controls.profiles["live"].host == "open-api.ceffu.com"
    assert controls.profile("box").host == "127.0.0.1:8080"


def test_directory_is_read(tmp_path: Path) -> None:
    directory = _controls(tmp_path).directory

    assert directory.entity == "acme"
    assert directory.coins == {"USDT": 6, "ETH": 18}
    assert directory.networks == {"ETH", "BSC"}
    assert directory.wallets == {
        "treasury": WalletEntry(name="treasury", id="35010001", type="prime")
    }
    assert directory.mirror_links == {
        "acme/arb-01": LinkEntry(
            name="acme/arb-01", id="6800001", wallet="treasury", binance_uid="990001"
        )
    }
    assert directory.mirrorx_links == {
        "acme/arb-02": LinkEntry(name="acme/arb-02", id="7800001", wallet="treasury")
    }


def test_unknown_profile_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _controls(tmp_path).profile("life")

    assert caught.value.message == 'the controls have no profile "life"'
    assert caught.value.hint == 'did you mean "live"?'


def test_digest_names_the_bytes_of_both_files(tmp_path: Path) -> None:
    controls = _controls(tmp_path)

    names = {
        name: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        for name, text in (("directory.yaml", DIRECTORY), ("profiles.yaml", PROFILES))
    }
    text = json.dumps(names, sort_keys=True, separators=(",", ":"))
    assert controls.files == {
        "directory.yaml": DIRECTORY.encode(),
        "profiles.yaml": PROFILES.encode(),
    }
    assert controls.digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert controls_digest({**controls.files, "profiles.yaml": b"x"}) != controls.digest


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="is not a folder"):
        load_controls(tmp_path / "nowhere")


def test_missing_files_are_both_named(tmp_path: Path) -> None:
    assert [d.code for d in _refused(tmp_path)] == ["file-unreadable", "file-unreadable"]


def test_findings_of_both_files_come_at_once(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        directory=DIRECTORY.replace("networks:", "netwroks:"),
        profiles=PROFILES.replace("production: true", "produktion: true"),
    )

    assert [(d.code, Path(d.span.file).name, d.hint) for d in _refused(folder)] == [
        ("unknown-key", "directory.yaml", 'did you mean "networks"?'),
        ("unknown-key", "profiles.yaml", 'did you mean "production"?'),
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://open-api.ceffu.com",
            "url must start with https:// (http is for this machine only)",
        ),
        ("https://user:pw@open-api.ceffu.com", "a URL here must not hold a user name or password"),
        (
            "https://open-api.ceffu.com/v1",
            "url must end after the host: the API's paths are added to it",
        ),
        (
            "https://open-api.ceffu.com?a=b",
            "url must end after the host: the API's paths are added to it",
        ),
        ("open-api.ceffu.com", "this must be a URL, like https://open-api.ceffu.com"),
        ("ftp://open-api.ceffu.com", "this must be a URL, like https://open-api.ceffu.com"),
        ("https://host:99999", "this must be a URL, like https://open-api.ceffu.com"),
        ("https://[::1", "this must be a URL, like https://open-api.ceffu.com"),
    ],
)
def test_url_is_https_and_ends_after_the_host(tmp_path: Path, url: str, expected: str) -> None:
    found = _profile_with(tmp_path, f'"{url}"', instead_of="https://Open-API.ceffu.com/")

    assert _summaries(found) == [f"profiles.yaml:6: {expected}"]


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_loopback_may_be_http(tmp_path: Path, host: str) -> None:
    folder = _folder(tmp_path, profiles=PROFILES.replace("127.0.0.1:8080", host))

    assert load_controls(folder).profile("box").host == host


def test_sandbox_is_on_this_machine_and_never_production(tmp_path: Path) -> None:
    found = _profile_with(
        tmp_path,
        "https://sandbox.example.com\n    production: true",
        instead_of="http://127.0.0.1:8080",
    )

    assert _summaries(found) == [
        'profiles.yaml:22: sandbox "box" is not on this machine',
        "profiles.yaml:23: a sandbox is never production",
    ]


def test_profile_of_another_entity_is_refused(tmp_path: Path) -> None:
    found = _profile_with(
        tmp_path,
        "entity: other\n    production",
        instead_of="entity: acme\n    production",
    )

    assert _summaries(found) == [
        'profiles.yaml:7: profile "live" is of another entity than the directory'
    ]


@pytest.mark.parametrize("name", ["CEFFU_RUNNER_KEY", "RUNNER_TOKEN", "not-a-name", "1X"])
def test_variable_of_a_key_has_a_usable_name(tmp_path: Path, name: str) -> None:
    found = _profile_with(tmp_path, name, instead_of="CEFFU_READ_API_KEY")

    assert [d.code for d in found] == ["wrong-value"]


def test_plan_lifetime_is_longer_than_nothing(tmp_path: Path) -> None:
    found = _profile_with(tmp_path, "plan_lifetime: 0s", instead_of="plan_lifetime: 12h")

    assert _summaries(found) == ["profiles.yaml:16: plan_lifetime must be longer than nothing"]


@pytest.mark.parametrize(
    "written",
    [
        "hunter2hunter2",
        "12345678",
        "{env: hunter2-hunter2}",
        "{file: [hunter2hunter2]}",
        "{value: hunter2hunter2}",
        "{hunter2hunter2: x}",
        "{fd: hunter2hunter2}",
        "{env: 12345678}",
        "|\n        -----BEGIN PRIVATE KEY-----\n        hunter2hunter2\n",
        "{env: a, file: hunter2hunter2}",
    ],
)
def test_secret_in_the_place_of_its_source_is_not_repeated(tmp_path: Path, written: str) -> None:
    found = _profile_with(tmp_path, written, instead_of="{env: CEFFU_READ_API_KEY}")

    assert found
    assert not any(d.quotable for d in found)
    assert not any("hunter2" in f"{d.summary}{d.hint}" for d in found)
    assert not any("12345678" in f"{d.summary}{d.hint}" for d in found)


def test_links_need_a_listed_wallet_and_an_id_of_their_own(tmp_path: Path) -> None:
    directory = DIRECTORY.replace(
        "mirrorx_links:\n", "mirrorx_links:\n  acme/arb-03: {id: '7800001', wallet: tresury}\n"
    )

    found = _refused(_folder(tmp_path, directory=directory))

    assert [(d.code, d.summary, d.hint) for d in found] == [
        (
            "unknown-wallet",
            'link "acme/arb-03" names wallet "tresury", which is not listed',
            'did you mean "treasury"?',
        ),
        (
            "wrong-value",
            '"acme/arb-02" has the same id as "acme/arb-03"',
            "one id has one name",
        ),
    ]


def test_facts_are_read_and_unknown_stays_unknown(tmp_path: Path) -> None:
    facts = (
        "facts: {timestamp_window: unknown, clock_skew: 1s, dedupe: request_id,"
        " dedupe_lifetime: 24h, dedupe_across_keys: false, rejected_uses_id: unknown,"
        " rate_limited_not_executed: true, confirms: [mirror.asset.apply]}"
    )
    text = PROFILES.replace("facts: {timestamp_window: 5s, read_lag: 1m30s}", facts)

    profile = load_controls(_folder(tmp_path, profiles=text)).profiles["live"]

    assert profile.facts == ProfileFacts(
        clock_skew=timedelta(seconds=1),
        dedupe=Dedupe.REQUEST_ID,
        dedupe_lifetime=timedelta(hours=24),
        dedupe_across_keys=False,
        rate_limited_not_executed=True,
        confirms=frozenset({"mirror.asset.apply"}),
    )
    assert profile.facts.texts() == {
        "timestamp_window": "unknown",
        "clock_skew": "1s",
        "read_lag": "unknown",
        "dedupe": "request_id",
        "dedupe_lifetime": "1d",
        "dedupe_across_keys": "false",
        "rejected_uses_id": "unknown",
        "rate_limited_not_executed": "true",
        "confirms": "mirror.asset.apply",
    }


def test_nothing_said_is_unknown(tmp_path: Path) -> None:
    texts = _controls(tmp_path).profile("box").facts.texts()

    assert set(texts.values()) == {"unknown"}
    assert "confirms" not in texts


def test_facts_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    found = _profile_with(
        tmp_path,
        "facts: {dedupe_lifetime: 1h, confirms: [mirror.apply]}",
        instead_of="facts: {timestamp_window: 5s, read_lag: 1m30s}",
    )

    assert [(d.code, d.summary) for d in found] == [
        ("wrong-value", "dedupe_lifetime is about a deduplication that is not known"),
        ("unknown-name", 'the API has no operation "mirror.apply"'),
    ]


def test_targets_of_notices_are_read(tmp_path: Path) -> None:
    notify = (
        "    url: http://127.0.0.1:8080\n    notify:\n"
        "      desk: {url: 'http://127.0.0.1:9001/desk', secret: {file: keys/desk.secret}}\n"
        "      audit: {url: 'https://hooks.example.com/audit?room=1'}\n"
    )
    profiles = PROFILES.replace("    url: http://127.0.0.1:8080\n", notify)

    controls = load_controls(_folder(tmp_path, profiles=profiles))

    assert controls.profile("box").notify == (
        NotifyTarget(
            name="desk",
            url="http://127.0.0.1:9001/desk",
            secret=FromFile(path=tmp_path / "keys/desk.secret"),
        ),
        NotifyTarget(name="audit", url="https://hooks.example.com/audit?room=1"),
    )


def test_target_of_a_custodians_profile_is_https_and_not_repeated(tmp_path: Path) -> None:
    found = _profile_with(
        tmp_path,
        "    production: true\n    notify:\n      desk: {url: 'http://127.0.0.1:9001/T0token'}\n",
        instead_of="    production: true\n",
    )

    assert [d.summary for d in found] == [
        "a target's url must start with https:// (http is for a sandbox, to 127.0.0.1)"
    ]


def test_target_without_url_or_with_another_key_is_refused(tmp_path: Path) -> None:
    found = _profile_with(
        tmp_path,
        "    production: true\n    notify: {desk: {urls: 'https://hooks.example.com'}}\n",
        instead_of="    production: true\n",
    )

    assert {d.code for d in found} == {"missing-key", "unknown-key"}


def test_caps_are_read_with_their_places(tmp_path: Path) -> None:
    caps = (
        "caps:\n"
        "      per_effect: 100 USDT\n"
        "      per_run: {count: 3}\n"
        "      per_day:\n"
        "        count: 9\n"
        "        total: [1000 USDT, 2.5 ETH]\n"
        "    proxy"
    )
    text = PROFILES.replace("proxy", caps, 1)

    profile = load_controls(_folder(tmp_path, profiles=text)).profiles["live"]

    assert profile.caps == Caps(
        per_effect=Cap(place="profiles.yaml:20", total={"USDT": Decimal(100)}),
        per_run=Cap(place="profiles.yaml:21", count=3),
        per_day=Cap(
            place="profiles.yaml:22",
            count=9,
            total={"USDT": Decimal(1000), "ETH": Decimal("2.5")},
        ),
    )


def test_findings_of_the_policy_come_with_the_others(tmp_path: Path) -> None:
    folder = _folder(tmp_path, profiles=PROFILES.replace("plan_lifetime: 12h", "plan_lifetime: 0s"))
    (folder / "policy.yaml").write_text(
        "apiVersion: runner/v1\nkind: Policy\nrules:\n"
        "  - {name: a, reason: R., match: {coin: DOGE}, verdict: deny}\n",
        encoding="utf-8",
    )

    assert _summaries(_refused(folder)) == [
        "profiles.yaml:16: plan_lifetime must be longer than nothing",
        'policy.yaml:4: the directory has no coin "DOGE"',
    ]


def test_policy_is_part_of_the_digest(tmp_path: Path) -> None:
    before = _controls(tmp_path)
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: runner/v1\nkind: Policy\nrules:\n  - {name: a, reason: R., verdict: deny}\n",
        encoding="utf-8",
    )

    after = _controls(tmp_path)

    assert before.policy is None
    assert after.policy is not None
    assert sorted(after.files) == ["directory.yaml", "policy.yaml", "profiles.yaml"]
    assert after.digest != before.digest


DESTINATIONS = """\
destinations:
  acme/cold-01:
    address: "0x52908400098527886E0F7030069857D2E4169EE7"
    networks: [ETH]
    coins: [USDT]
    memo: "12"
    label: Cold vault
    correspondent:
      {kind: individual, held_by: vasp, first_name: A, last_name: B, birthday: "1980-02-28",
       provider: X, jurisdiction: SG, country: SG}
  acme/inside: {wallet: treasury}
  acme/treasury-again: {wallet_id: "35010001"}
  partner: {wallet_id: "99"}
"""


def test_destinations_are_read(tmp_path: Path) -> None:
    directory = load_controls(_folder(tmp_path, directory=DIRECTORY + DESTINATIONS)).directory

    assert directory.destinations == {
        "acme/cold-01": DestinationEntry(
            name="acme/cold-01",
            address=ADDRESS,
            networks=("ETH",),
            coins=("USDT",),
            memo="12",
            label="Cold vault",
            correspondent={
                "correspondentType": "1",
                "toFromType": "0",
                "firstName": "A",
                "lastName": "B",
                "birthday": "1980-02-28",
                "provider": "X",
                "jurisdictionVaspCode": "SG",
                "countryInfo": "SG",
            },
        ),
        "acme/inside": DestinationEntry(
            name="acme/inside", wallet="treasury", wallet_id="35010001"
        ),
        "acme/treasury-again": DestinationEntry(
            name="acme/treasury-again", wallet="treasury", wallet_id="35010001"
        ),
        "partner": DestinationEntry(name="partner", wallet_id="99"),
    }


@pytest.mark.parametrize(
    ("entry", "code", "summary"),
    [
        ("{networks: [ETH]}", "wrong-value", '"acme/x" says 0 times where it is'),
        (
            f'{{address: "{ADDRESS}", wallet: treasury, networks: [ETH]}}',
            "wrong-value",
            '"acme/x" says 2 times where it is',
        ),
        ('{address: "0x1"}', "missing-key", 'the address of "acme/x" has no networks'),
        (
            '{address: "0x1", networks: [MOON]}',
            "unknown-network",
            'the directory has no network "MOON"',
        ),
        (
            "{wallet: treasury, coins: [DOGE]}",
            "unknown-coin",
            'the directory has no coin "DOGE"',
        ),
        (
            f'{{address: "{ADDRESS.replace("E", "e")}", networks: [ETH]}}',
            "address-invalid",
            "this is no address of ETH: its checksum is wrong",
        ),
        ("{wallet: tresury}", "unknown-wallet", 'the directory has no wallet "tresury"'),
        (
            "{wallet: treasury, correspondent: {kind: entity, held_by: other, full_name: A}}",
            "missing-key",
            "a correspondent of this kind needs its other",
        ),
        ('{address: "0xÄ", networks: [ETH]}', "wrong-value", "printable ASCII"),
        ('{address: "a b", networks: [ETH]}', "wrong-value", "printable ASCII"),
        ('{wallet: treasury, memo: "ä"}', "wrong-value", "printable ASCII"),
    ],
)
def test_destination_that_nobody_can_rely_on_is_refused(
    tmp_path: Path, entry: str, code: str, summary: str
) -> None:
    directory = f"{DIRECTORY}destinations:\n  acme/x: {entry}\n"

    found = _refused(_folder(tmp_path, directory=directory))

    assert [d.code for d in found] == [code]
    assert summary in f"{found[0].summary} {found[0].hint}"


def test_subwallet_names_its_parent_and_a_prime_wallet_its_account(tmp_path: Path) -> None:
    directory = DIRECTORY.replace(
        "type: prime}\n",
        'type: prime, exchange_uid: "842131231"}\n'
        '  desk: {id: "1", type: prime_sub, parent: treasury}\n',
    )

    wallets = load_controls(_folder(tmp_path, directory=directory)).directory.wallets

    assert wallets["treasury"].exchange_uid == "842131231"
    assert wallets["desk"].parent == "treasury"


@pytest.mark.parametrize(
    ("wallet", "code"),
    [
        ("type: prime_sub, parent: tresury", "unknown-wallet"),
        ("type: qualified, parent: treasury", "wrong-value"),
        ("type: prime_sub, parent: desk", "wrong-value"),
    ],
)
def test_parent_is_a_prime_wallet_that_is_listed(tmp_path: Path, wallet: str, code: str) -> None:
    directory = DIRECTORY.replace(
        "type: prime}\n", 'type: prime}\n  desk: {id: "1", ' + wallet + "}\n"
    )

    found = _refused(_folder(tmp_path, directory=directory))

    assert [d.code for d in found] == [code]
