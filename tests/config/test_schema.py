"""The merchant file's schema and reference page: complete, current, and true of every file."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from include.cli.main import app
from include.config.fields import section_of, walk
from include.config.merchants import FOLDER
from include.config.schema import EMPTY, REFERENCE, SCHEMA, example, json_schema, reference
from tests.cli import invoke

FIELDS = {".".join(map(str, path)): field for path, field in walk() if section_of(field) is None}


def test_the_schema_and_the_reference_in_the_tree_are_those_of_the_model() -> None:
    renew = "run `fulfil schema --write`"
    assert SCHEMA.read_text(encoding="utf-8") == json_schema(), renew
    assert REFERENCE.read_text(encoding="utf-8") == reference(), renew


def test_the_command_prints_what_editors_read() -> None:
    printed = json.loads(invoke(app, "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed["additionalProperties"] is False
    assert printed["properties"]["plenty"]["$ref"] == "#/$defs/Plenty"


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_a_description_and_an_example(name: str) -> None:
    assert FIELDS[name].description
    assert example(FIELDS[name]).strip("`") not in map(str, (*EMPTY, "None", "PydanticUndefined"))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.name)
def test_each_file_names_the_schema_and_fits_it(file) -> None:  # type: ignore[no-untyped-def]
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA.name}\n")
    data = yaml.safe_load(text)
    # JSON has text keys only, as an editor's YAML parser sees them
    jsonschema.validate(json.loads(json.dumps(data)), json.loads(json_schema()))
