import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from syrupy.assertion import SnapshotAssertion

from runner.core.errors import InvalidInput
from runner.documents.files import check_text, read_source
from runner.documents.resources import data_dir, schema_text
from runner.documents.schema import check_schema, instance, is_valid, shape_schema, violations
from runner.documents.yaml import read_yaml

SCHEMAS = ("playbook", "inputs", "directory", "profiles", "policy", "signers")

PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: mirror-apply-and-settle
summary: Moves and returns.
inputs:
  link: {type: mirror_link, required: true}
  amount: {type: money, default: 250000 USDT, min: 1 USDT, max: 300000 USDT}
  share: {type: decimal, default: 0.5, min: 0, max: 1}
  dry: {type: bool, default: false, summary: Whether to stop early.}
  ticket: {type: string, pattern: "TRS-[0-9]{4,}", choices: [TRS-0001]}
labels:
  ticket: ${{ inputs.ticket }}
once: ${{ inputs.link }}
may:
  mirror.apply: {count: 1, total: 300000 USDT}
  mirror.settle: {count: 2, total: [300000 USDT, 1 BTC]}
steps:
  - id: before
    name: Look first
    uses: mirror.positions
    with: {link: "${{ inputs.link }}", coins: [USDT], page: 1, deep: {a: true}}
    let: {total: result.total}
    assert: [total >= inputs.amount]
    message: too little
    timeout: 30s
  - id: applied
    effect: mirror.apply
    if: not inputs.dry
    with: {amount: "${{ inputs.amount }}"}
    confirm: accepted
    within: 1h30m
    every: 5s..30s
  - id: confirmed
    wait:
      uses: mirror.record
      with: {id: "${{ steps.applied.id }}"}
      until: result.status == "CONFIRMED"
      fail_if: result.status == "FAILED"
      every: 250ms
      timeout: 5m
  - assert: steps.confirmed.amount == inputs.amount
  - let: {x: "1"}
outputs:
  after: {type: "map<coin, money>", value: "${{ steps.before.by_coin }}"}
"""

INPUTS = """\
apiVersion: runner/v1
kind: Inputs
inputs: {link: acme/arb-01, amount: 250000 USDT, day: "2026-11-22", count: 3, dry: false, x: 0.5}
"""

DIRECTORY = """\
apiVersion: runner/v1
kind: Directory
entity: acme
coins: {USDT: 6, BTC: 8}
networks: [ETH, BSC]
wallets:
  main: {id: "35010001", type: qualified}
  acme/prime: {id: "35010002", type: prime}
mirror_links:
  acme/arb-01: {id: "6800001", wallet: main, binance_uid: "900001"}
mirrorx_links:
  acme/arb-02: {id: "6800002", wallet: acme/prime}
"""

PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  prod:
    kind: custodian
    url: https://open-api.ceffu.com
    entity: acme
    production: true
    state: state.sqlite
    read_key: {api_key: {env: CEFFU_KEY}, key: {file: keys/read.pem}}
    effect_key: {api_key: {file: keys/name}, key: {fd: 3}}
    ca: ca.pem
    proxy: http://127.0.0.1:3128
    plan_lifetime: 24h
    facts: {timestamp_window: 5s, clock_skew: 500ms, dedupe: request_id, dedupe_across_keys: true,
      confirms: [mirrorx.delegate], read_lag: 2s}
    caps: {per_effect: 5 USDT, per_run: {count: 3}, per_day: {total: [5 USDT, 1 BTC]}}
    webhooks: {scheme: third-party, public_key: AAAA, signed: raw, age_max: 4h, time_fields: [at],
      events: {"1": {operation: deposit.detail, parameters: {orderViewId: id}}}}
  bench: {kind: sandbox, url: "http://127.0.0.1:8080", entity: acme}
"""

SIGNERS = """\
apiVersion: runner/v1
kind: Signers
persons:
  anna:
    principals: [anna@example.com]
    groups: [treasury]
    emails: [anna@example.com]
    accounts: [anna@desk-7]
"""

POLICY = """\
apiVersion: runner/v1
kind: Policy
rules:
  - name: trims
    reason: Agreed.
    match:
      action: mirrorx.*
      coin: [USDT, BTC]
      time: {days: [mon], hours: "08:00-18:00", zone: Europe/Zurich}
      amount: {above: 1 USDT, at_most: [5 USDT, 6 BTC]}
      sum: {window: 24h, above: 1 USDT, per: [link]}
    verdict: allow
  - name: rest
    reason: Asked.
    verdict: {approve: {groups: [treasury], count: 2, delay: 30m}}
"""

VALID = {
    "playbook": PLAYBOOK,
    "inputs": INPUTS,
    "directory": DIRECTORY,
    "profiles": PROFILES,
    "policy": POLICY,
    "signers": SIGNERS,
}
HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: a\n"
STEP = "steps: [{id: a, uses: mirror.links}]\n"


def words(text: str, schema: str = "playbook") -> list[str]:
    found = check_schema(read_yaml(check_text("f", text)), schema)
    return [f"{d.span.line}:{d.span.column} {d.code}: {d.summary} | {d.hint}" for d in found]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_check_schema_finds_nothing_in_a_full_example(schema: str) -> None:
    assert words(VALID[schema], schema) == []


WRONG_PLAYBOOKS = {
    "misspelt_key": "steps:\n- id: pay\n  effect: mirror.apply\n  wiht: {}\n",
    "strange_key": "steps:\n- id: pay\n  effect: mirror.apply\n  amout: 5 USDT\n",
    "misspelt_verb": "steps:\n- use: mirror.apply\n  with: {}\n",
    "strange_key_of_the_file": "extra: 1\n" + STEP,
    "no_steps": "summary: x\n",
    "empty_steps": "steps: []\n",
    "no_id": "steps:\n- uses: mirror.links\n- wait: {uses: a.b, until: x, timeout: 5m}\n",
    "no_timeout": "steps:\n- id: w\n  wait: {uses: a.b, until: x}\n",
    "two_verbs": "steps:\n- id: two\n  uses: a.b\n  effect: c.d\n  confirm: final\n",
    "with_beside_wait": (
        "steps:\n- id: w\n  wait: {uses: a.b, until: x, timeout: 5m}\n  with: {a: b}\n"
    ),
    "timeout_beside_pause": "steps:\n- id: e\n  pause: 5m\n  timeout: 5m\n",
    "within_beside_uses": "steps:\n- id: r\n  uses: a.b\n  within: 5m\n",
    "nothing_to_do": "steps:\n- name: nothing\n",
    "modifier_without_verb": "steps:\n- assert: a\n  within: 5m\n",
    "step_is_no_mapping": "steps:\n- 5\n",
    "number_for_text": "once: 5\n" + STEP,
    "boolean_for_expression": "steps:\n- id: a\n  uses: a.b\n  if: true\n",
    "number_for_duration": "steps:\n- id: a\n  uses: a.b\n  timeout: 30\n",
    "wrong_duration": "steps:\n- id: a\n  uses: a.b\n  timeout: 5 minutes\n",
    "wrong_pace": "steps:\n- id: a\n  effect: a.b\n  every: 5s...6s\n",
    "list_in_list": "steps:\n- id: a\n  uses: a.b\n  with: {c: [[d]]}\n",
    "decimal_count": "may: {mirror.apply: {count: 1.5, total: 5 USDT}}\n" + STEP,
    "quoted_count": 'may: {mirror.apply: {count: "1", total: 5 USDT}}\n' + STEP,
    "count_of_zero": "may: {mirror.apply: {count: 0, total: 5 USDT}}\n" + STEP,
    "wrong_input": "inputs: {Link: {type: strng}}\n" + STEP,
    "same_choice_twice": "inputs: {a: {type: string, choices: [x, x]}}\n" + STEP,
    "wrong_names": "steps:\n- id: a-b\n  uses: Mirror\n",
    "empty_texts": 'summary: ""\nsteps:\n- let: {}\n- assert: []\n- assert: ""\n',
    "output_without_type": "outputs: {a: {value: 1}, b: c}\n" + STEP,
}


@pytest.mark.parametrize("case", WRONG_PLAYBOOKS)
def test_check_schema_words_what_is_wrong_in_a_playbook(
    case: str, snapshot: SnapshotAssertion
) -> None:
    assert words(HEAD + WRONG_PLAYBOOKS[case]) == snapshot


def test_check_schema_judges_only_the_version_of_a_foreign_file() -> None:
    assert words("apiVersion: runner/v2\nkind: Inputs\nother: things") == [
        '1:13 wrong-version: "apiVersion" must be runner/v1 | write apiVersion: runner/v1',
        '2:7 wrong-version: "kind" must be Playbook | write kind: Playbook',
    ]


WRONG_ELSEWHERE = {
    "list_for_playbook": ("playbook", "[a]"),
    "empty_playbook": ("playbook", "{}"),
    "list_for_input": ("inputs", "apiVersion: runner/v1\nkind: Inputs\ninputs: [a, b]"),
    "wrong_coin": (
        "directory",
        "apiVersion: runner/v1\nkind: Directory\nentity: a\ncoins: {usdt: 19}",
    ),
    "wrong_wallet": (
        "directory",
        DIRECTORY.replace('"35010001", type: qualified', "35010001, type: qualifed"),
    ),
    "link_without_wallet": ("directory", DIRECTORY.replace(", wallet: acme/prime", "")),
    "wrong_key_sources": (
        "profiles",
        PROFILES.replace("{env: CEFFU_KEY}", "{}").replace("{fd: 3}", "{fd: 2, file: a}"),
    ),
    "wrong_facts": ("profiles", PROFILES.replace("read_lag: 2s", "read_lag: 2, lag: 3s")),
}


@pytest.mark.parametrize("case", WRONG_ELSEWHERE)
def test_check_schema_words_what_is_wrong_elsewhere(case: str, snapshot: SnapshotAssertion) -> None:
    schema, text = WRONG_ELSEWHERE[case]

    assert words(text, schema) == snapshot


def test_check_schema_names_the_right_step_among_many() -> None:
    good = "- {id: a, uses: mirror.links}\n"
    text = HEAD + "steps:\n" + good * 50 + "- {id: b, usse: mirror.links}\n" + good * 50 + "- 7\n"

    assert [line.partition(" |")[0] for line in words(text)] == [
        '55:11 unknown-key: step "b" has no key "usse"',
        "106:3 wrong-type: step 102 must be a mapping, not a number",
    ]


def test_check_schema_covers_the_key_that_is_unknown() -> None:
    (found,) = check_schema(read_yaml(check_text("f", HEAD + STEP + "é: 1")), "playbook")

    assert (found.span.column, found.span.end_column) == (1, 2)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema_is_a_schema(schema: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_text(schema)))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema_examples_fit_the_schema(schema: str) -> None:
    root = json.loads(schema_text(schema))

    for part in _parts(root):
        validator = Draft202012Validator(
            {**part, "$defs": root["$defs"]} if "$defs" in root else part
        )
        for shown in (*part.get("examples", ()), *([part["default"]] if "default" in part else ())):
            assert list(validator.iter_errors(shown)) == [], (part, shown)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema_describes_every_key(schema: str) -> None:
    root = json.loads(schema_text(schema))

    for part in _parts(root):
        for key, inner in part.get("properties", {}).items():
            described = inner is False or "description" in inner or "$ref" in inner
            assert described or key in {"file", "fd", "env", "api_key", "key"}, key


def _parts(schema: object) -> list[dict[str, Any]]:
    """Return every object inside a schema that could be a schema itself."""
    if isinstance(schema, list):
        return [part for item in schema for part in _parts(item)]
    if not isinstance(schema, dict):
        return []
    inner = [part for key, value in schema.items() if key != "examples" for part in _parts(value)]
    is_schema = any(key in schema for key in ("type", "$ref", "enum", "const"))
    return [schema, *inner] if is_schema and not isinstance(schema.get("type"), dict) else inner


ODD_VALUES = st.sampled_from(
    [
        *("", "x", "a.b", "5m", "5s..30s", "1 USDT", "accepted", "a\n", "5m\n", "A", "é", "acme/x"),
        *(0, 1, -1, 18, 19, 10**30, -(10**25), True, False, 0.5),
        *([], [[]], ["x"], ["x", "x"], [1, True], {}, {"a": "b"}, {"uses": "a.b"}, {"A b": 1}),
    ]
)
ODD_KEYS = st.sampled_from(
    ["id", "uses", "effect", "wait", "with", "let", "assert", "timeout", "within", "x", "é", "kind"]
)


@st.composite
def changed_documents(draw: st.DrawFn) -> tuple[str, object]:
    """Draw a valid document with a few things replaced, added or taken away."""
    schema = draw(st.sampled_from(SCHEMAS))
    document = json.loads(json.dumps(instance(read_yaml(check_text("f", VALID[schema])))))
    for _ in range(draw(st.integers(1, 4))):
        node, key = document, draw(st.sampled_from(sorted(document) or ["x"]))
        while isinstance(node.get(key) if isinstance(node, dict) else node[key], dict | list):
            inner = node[key]
            choices = sorted(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not choices or draw(st.integers(0, 3)) == 0:
                break
            node, key = inner, draw(st.sampled_from(choices))
        match draw(st.integers(0, 2)):
            case 0 if isinstance(node, dict):
                node[draw(ODD_KEYS)] = deepcopy(draw(ODD_VALUES))
            case 1 if isinstance(node, dict):
                node.pop(key, None)
            case _:
                node[key] = deepcopy(draw(ODD_VALUES))
    return schema, document


@given(changed_documents())
@example(
    ("playbook", {"apiVersion": "runner/v1", "kind": "Playbook", "name": "a\n", "steps": [{}]})
)
@example(("directory", []))
@example(("inputs", {"apiVersion": "runner/v1", "kind": "Inputs", "inputs": {"a\n": 1}}))
def test_both_validators_agree(case: tuple[str, object]) -> None:
    schema, document = case

    slow = list(violations(document, schema))

    assert is_valid(document, schema) == (slow == [])


@given(changed_documents())
def test_check_schema_has_words_and_places_for_every_change(case: tuple[str, object]) -> None:
    schema, document = case
    text = json.dumps(document, ensure_ascii=False, indent=1)
    try:
        node = read_yaml(check_text("f", text))
    except InvalidInput:
        return  # a number of more than 30 digits, say

    found = check_schema(node, schema)

    assert bool(found) != is_valid(document, schema)
    for diagnostic in found:
        assert 1 <= diagnostic.span.line <= text.count("\n") + 1
        assert not diagnostic.summary.endswith("is not allowed")


def test_check_schema_imports_the_slow_validator_only_to_word_an_error() -> None:
    program = (
        "import sys\n"
        "from runner.documents.files import check_text\n"
        "from runner.documents.schema import check_schema\n"
        "from runner.documents.yaml import read_yaml\n"
        f"check_schema(read_yaml(check_text('f', {PLAYBOOK!r})), 'playbook')\n"
        "print('jsonschema' in sys.modules)\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=data_dir("schemas").parent,
    )

    assert ran.stdout == "False\n"


def test_schema_references_stay_inside_the_schema() -> None:
    for schema in SCHEMAS:
        # What editors read beside it knows the actions, and these examples name none that are real.
        root = shape_schema(schema)
        references = {part["$ref"] for part in _parts(root) if "$ref" in part}
        assert all(reference.startswith("#/$defs/") for reference in references)
        validator = Draft202012Validator(root, registry=Registry())
        assert (
            list(validator.iter_errors(instance(read_yaml(check_text("f", VALID[schema]))))) == []
        )


def test_data_dir_finds_the_schemas_of_the_checkout(repository: Path) -> None:
    assert data_dir("schemas") == repository / "schemas"


def test_data_dir_says_what_an_installation_lacks() -> None:
    with pytest.raises(FileNotFoundError, match="has no unicorns"):
        data_dir("unicorns")


def test_a_file_of_ten_thousand_steps_is_read_and_checked_whole(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(
        HEAD
        + "steps:\n"
        + "".join(
            f"  - id: step_{n}\n    uses: mirror.positions\n    with:\n"
            "      link: ${{ inputs.link }}\n    assert: result.total > 0 USDT\n"
            for n in range(10_000)
        )
        + "  - id: last\n    uses: mirror.positions\n    wiht: {}\n"
    )

    (found,) = check_schema(read_yaml(read_source(path, name="big.yaml")), "playbook")

    assert str(found.span) == "big.yaml:50007:5"
