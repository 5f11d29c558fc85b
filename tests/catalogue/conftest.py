"""The API description as objects, as the compiled document, and the facts it was written from."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012, Schema
from ruamel.yaml import YAML

from runner.catalogue.api import Api
from runner.catalogue.load import load_api


class Document:
    """The compiled description, with validators for the schemas inside it."""

    def __init__(self, contents: dict[str, Any]) -> None:
        self.contents = contents
        resource = DRAFT202012.create_resource(contents)
        self._registry: Registry[Schema] = Registry().with_resource("urn:api", resource)

    def operation(self, operation_id: str) -> tuple[str, str, dict[str, Any]]:
        """Return path, method and node of an operation."""
        return next(
            (path, method, node)
            for path, methods in self.contents["paths"].items()
            for method, node in methods.items()
            if node["operationId"] == operation_id
        )

    def validator(self, *pointer: str) -> Draft202012Validator:
        """Return the validator of the schema at a path of keys."""
        escaped = "/".join(key.replace("~", "~0").replace("/", "~1") for key in pointer)
        return Draft202012Validator({"$ref": f"urn:api#/{escaped}"}, registry=self._registry)


@pytest.fixture(scope="session")
def api() -> Api:
    return load_api()


@pytest.fixture(scope="session")
def document(repository: Path) -> Document:
    return Document(json.loads((repository / "runner/catalogue/ceffu.openapi.json").read_bytes()))


@pytest.fixture(scope="session")
def facts(repository: Path) -> dict[str, Any]:
    """Return the collected facts about the API, or skip where they are not beside the checkout."""
    file = repository.parent / "shared" / "ceffu" / "operations.yaml"
    if not file.is_file():
        pytest.skip("the collected facts about the API are not here")
    loaded: dict[str, Any] = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    return loaded
