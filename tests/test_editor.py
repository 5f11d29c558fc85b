"""The YAML language server with our schema: what an editor shows while a playbook is written.

Skipped where node, or what ``tools/editor_tools.sh`` installs, is not there.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
HEAD = (
    "# yaml-language-server: $schema=../schemas/playbook.schema.json\n"
    "apiVersion: runner/v1\nkind: Playbook\nname: a\nsteps:\n"
)


class Server:
    """A language server spoken to over its standard streams, one question at a time."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._asked = 0
        self.problems: dict[str, list[dict[str, Any]]] = {}

    def start(self) -> None:
        """Shake hands, and switch off what would fetch from a network."""
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": REPOSITORY.as_uri(),
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {
                        "hover": {"contentFormat": ["markdown"]},
                        "completion": {"completionItem": {"snippetSupport": False}},
                    },
                },
            },
        )
        self.tell("initialized", {})

    def ask(self, method: str, params: object) -> Any:  # noqa: ANN401 - JSON of a known shape
        """Send a request and return its result."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._asked and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def open(self, name: str, text: str) -> str:
        """Open a file that exists in the editor alone, and wait for what is wrong with it."""
        uri = (REPOSITORY / "playbooks" / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while uri not in self.problems:
            self._receive()
        return uri

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def _send(self, message: dict[str, object]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server went away"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": _answer(message)})
        return message


def _answer(message: dict[str, Any]) -> object:
    """Answer what the server asks its editor."""
    if message["method"] != "workspace/configuration":
        return None
    yaml = {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}
    wanted = {"yaml": yaml}
    return [wanted.get(item.get("section")) for item in message["params"]["items"]]


@pytest.fixture(scope="module")
def server(node_modules: Path) -> Iterator[Server]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here")
    program = node_modules / "yaml-language-server" / "bin" / "yaml-language-server"
    server = Server([node, str(program), "--stdio"])
    try:
        server.start()
        yield server
    finally:
        server.stop()


def words(server: Server, name: str, text: str) -> list[str]:
    return [problem["message"] for problem in server.problems[server.open(name, text)]]


def offered(server: Server, name: str, text: str) -> dict[str, dict[str, Any]]:
    """Return what is offered at the mark ``|``, by label."""
    before, _, _ = text.partition("|")
    uri = server.open(name, text.replace("|", "", 1))
    line, character = before.count("\n"), len(before.rpartition("\n")[2])
    result = server.ask(
        "textDocument/completion",
        {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}},
    )
    items = result["items"] if isinstance(result, dict) else result
    return {item["label"]: item for item in items}


def shown(server: Server, name: str, text: str) -> str:
    """Return what is shown over the word behind the mark ``|``."""
    before, _, _ = text.partition("|")
    uri = server.open(name, text.replace("|", "", 1))
    line, character = before.count("\n"), len(before.rpartition("\n")[2])
    result = server.ask(
        "textDocument/hover",
        {"textDocument": {"uri": uri}, "position": {"line": line, "character": character + 1}},
    )
    return str(result["contents"]["value"])


APPLY = "  - id: a\n    effect: mirror.apply\n    with:\n      link: acme/x\n"


def test_sound_playbook_has_no_problem(server: Server) -> None:
    text = (REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml").read_text(encoding="utf-8")

    assert words(server, "sound.yaml", text) == []


@pytest.mark.parametrize(
    ("name", "steps", "words_shown"),
    [
        ("key", "  - id: a\n    usse: system.status\n    assert: a\n", "usse"),
        ("argument", f"{APPLY}      amout: 5 USDT\n", "amout"),
        ("missing", APPLY, 'Missing property "amount"'),
        ("amount", f"{APPLY}      amount: 5\n      network: ETH\n", 'Expected "string"'),
        ("action", "  - id: a\n    uses: mirror.aply\n", "not accepted"),
        (
            "wait",
            "  - id: a\n    wait: {uses: mirror.record, with: {lnk: x}, until: x, timeout: 5m}\n",
            "lnk",
        ),
    ],
)
def test_wrong_key_or_value_is_marked(
    server: Server, name: str, steps: str, words_shown: str
) -> None:
    found = words(server, f"wrong-{name}.yaml", HEAD + steps)

    assert any(words_shown in message for message in found), found


def test_names_of_actions_are_offered_by_verb(server: Server) -> None:
    uses = offered(server, "uses.yaml", f"{HEAD}  - id: a\n    uses: |\n")
    effect = offered(server, "effect.yaml", f"{HEAD}  - id: a\n    effect: |\n")

    assert {"mirror.positions", "system.status", "api.deposit.history"} <= set(uses)
    assert "mirror.apply" not in uses
    assert "mirror.apply" in effect
    assert "mirror.positions" not in effect


def test_arguments_of_the_action_are_offered(server: Server) -> None:
    found = offered(server, "arguments.yaml", f"{HEAD}{APPLY}      |\n")

    assert {"amount", "network"} <= set(found)
    assert "wallet" not in found
    assert "how much of which coin" in json.dumps(found["amount"])


def test_choices_of_an_argument_are_offered(server: Server) -> None:
    steps = "  - id: a\n    uses: system.status\n    with:\n      wallet_type: |\n"

    assert {"cosign", "prime", "qualified"} <= set(offered(server, "choices.yaml", HEAD + steps))


def test_keys_of_a_step_and_of_the_file_are_offered(server: Server) -> None:
    step = offered(server, "step.yaml", f"{HEAD}  - id: a\n    |\n")
    file = offered(server, "file.yaml", HEAD.replace("steps:\n", "|\n"))

    assert {"uses", "effect", "wait", "assert", "let", "if"} <= set(step)
    assert {"inputs", "once", "may", "steps", "outputs"} <= set(file)


def test_meaning_is_shown_over_keys_and_arguments(server: Server) -> None:
    over_key = shown(server, "hover-1.yaml", HEAD + APPLY.replace("effect:", "|effect:"))
    over_argument = shown(server, "hover-2.yaml", HEAD + APPLY.replace("link:", "|link:"))

    assert "moves or changes something at the custodian" in over_key
    assert "a link's name in the directory" in over_argument
    assert "required" in over_argument
