"""The list of what is in a release says what the lock pins, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from tools.write_sbom import main, sbom_from_lock


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_of_the_lock_is_a_component_with_its_digests(repository: Path, lock: str) -> None:
    text = (repository / lock).read_text(encoding="utf-8")

    components = json.loads(json.dumps(sbom_from_lock(text)))["components"]

    pins = re.findall(r"^([a-z0-9][^\s\[=]*)(?:\[\S+?\])?==([^\s;]+)", text, re.MULTILINE)
    assert [(each["name"], each["version"]) for each in components] == pins
    listed = [
        one["content"]
        for each in components
        for file in each["externalReferences"]
        for one in file["hashes"]
    ]
    assert listed == re.findall(r"sha256:([0-9a-f]{64})", text)


def test_same_lock_gives_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    lock = str(repository / "requirements.lock")

    for name in ("one", "two"):
        main([lock, "-o", str(tmp_path / name)])

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert json.loads((tmp_path / "one").read_bytes())["specVersion"] == "1.6"
