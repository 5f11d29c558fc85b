"""Writes what a build depends on as CycloneDX JSON, from a lock alone.

``python -m tools.write_sbom requirements.lock -o sbom.json`` says exactly what that lock pins, with
the digest of every file that may be installed. The same lock gives the same bytes.

Source: cyclonedx.org, specification 1.6; github.com/package-url, type ``pypi``.
"""

import argparse
import json
import re
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import runner

_ENTRY = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==(?P<version>[^\s;\\]+)"
    r"(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\\n(?P<hashes>(?:\s+--hash=.*\n?)+)",
    re.MULTILINE,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_PROGRAM = f"pkg:pypi/ceffu-runner@{runner.__version__}"


def sbom_from_lock(text: str) -> dict[str, object]:
    """Return the document of one lock.

    Shapes: ``text`` is a lock as uv writes it, every entry with its digests.
    """
    components = [_component(found) for found in _ENTRY.finditer(text)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _PROGRAM + text)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": _PROGRAM,
                "name": "ceffu-runner",
                "version": runner.__version__,
                "purl": _PROGRAM,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": _PROGRAM, "dependsOn": [each["bom-ref"] for each in components]}],
    }


def _component(found: re.Match[str]) -> dict[str, object]:
    purl = f"pkg:pypi/{found['name'].replace('_', '-')}@{found['version']}"
    # One component may come as one of several files; which one it is the platform decides.
    files = [
        {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": digest}]}
        for digest in _HASH.findall(found["hashes"])
    ]
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": found["name"],
        "version": found["version"],
        "purl": purl,
        "externalReferences": files,
    }
    if found["marker"]:
        component["properties"] = [{"name": "runner:marker", "value": found["marker"]}]
    return component


def main(arguments: Sequence[str]) -> int:
    """Write the document of a lock to a file, or to stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args(arguments)
    text = json.dumps(sbom_from_lock(given.lock.read_text(encoding="utf-8")), indent=2) + "\n"
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
