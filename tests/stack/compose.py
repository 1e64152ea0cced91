"""The compose file as the engine reads it: variables filled in, merge keys applied."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dockerfile_parse import DockerfileParser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "docker-compose.yaml"
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<rule>:[-?])(?P<word>[^}]*))?\})"
)

#: what .env.example asks for, filled in
FILLED = {
    "FULFILMENT_POSTGRES_PASSWORD": "pg-word_1",
    "FULFILMENT_REDIS_PASSWORD": "broker-word_1",
    "FULFILMENT_UI_PASSWORD": "ui word: 1",
    "FULFILMENT_FERNET_KEY": "bm90LWEtc2VjcmV0LWJ1dC1hLWtleS1mb3ItdGVzdHM=",
    "FULFILMENT_API_SECRET": "a" * 64,
    "FULFILMENT_JWT_SECRET": "b" * 64,
}


class MissingVariableError(Exception):
    """A variable that has to be given is not: the engine prints the text and stops."""


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Replace variables as the compose specification says, in the forms that the file uses."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        given = variables.get(match["name"], "")
        if given or match["rule"] is None:
            return given
        if match["rule"] == ":-":
            return str(match["word"])
        raise MissingVariableError(f"{match['name']}: {match['word']}")

    return _VARIABLE.sub(value, text)


def _fill_all(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return fill(node, variables)
    if isinstance(node, dict):
        return {key: _fill_all(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill_all(value, variables) for value in node]
    return node


def project(variables: Mapping[str, str] = FILLED) -> dict[str, Any]:
    """Return the whole file."""
    return dict(_fill_all(yaml.safe_load(FILE.read_text(encoding="utf-8")), variables))


def services(variables: Mapping[str, str] = FILLED) -> dict[str, Any]:
    """Return the services by name."""
    return dict(project(variables)["services"])


def image_environment() -> dict[str, str]:
    """Return the variables that the Dockerfile sets."""
    return dict(DockerfileParser(str(PROJECT / "Dockerfile"), cache_content=True).envs)


def image_ignores() -> list[str]:
    """Return the patterns of what the image does not hold."""
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] not in "#!"]


def copy_project(target: Path, ignored: Sequence[str] = ()) -> None:
    """Copy the files that git does not ignore, but those whose first part matches ``ignored``."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source = PROJECT / name
        if source.is_file() and not any(fnmatch(name.split("/")[0], one) for one in ignored):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
