"""The merchant file for editors (JSON Schema) and for people (docs/merchant-file.md).

Both are made from the model, kept in the tree and compared by a test; `fulfil schema --write`
renews them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from include.config.fields import choices, section_of, walk
from include.config.merchants import FOLDER
from include.core.merchants.merchant import Merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

SCHEMA = FOLDER / "merchant.schema.json"
REFERENCE = Path(__file__).parents[2] / "docs" / "merchant-file.md"
EMPTY: tuple[Any, ...] = (None, "", [], {})
_SOURCE = re.compile(r"(?:(plentymarkets|wemalo) )?contract (\d+(?:\.\d+)*)")

_HEAD = """\
# Every setting of a merchant file

One file per merchant, `include/merchants/<merchant>.yaml`; `include/merchants/_defaults.yaml` may
hold what is the same for all, and a merchant's own value wins. Secrets never stand here: they live
in the two Airflow connections that `plenty.connection` and `wemalo.connection` name. `fulfil lint`
checks the files, `fulfil schema` prints this list for editors.

Statuses are decimals, as number or text: `5.10` is `5.1`. "Source" is the section of the two
systems' interface descriptions that the setting follows; without one it is this project's own.
"""


def json_schema() -> str:
    """Return the JSON Schema as text."""
    schema = Merchant.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=1, ensure_ascii=False, default=str) + "\n"


def reference() -> str:
    """Return the page that lists every setting."""
    sections: dict[str, list[str]] = {}
    for path, field in walk():
        home = ".".join(map(str, path[:-1]))
        if section_of(field) is None:
            row = _row(".".join(map(str, path)), field, home)
            sections.setdefault(home, []).append(row)
    lines = [_HEAD.rstrip()]
    for home, rows in sections.items():
        lines += [*_section(home), *rows]
    return "\n".join(lines) + "\n"


def _section(home: str) -> Iterator[str]:
    yield f"\n## `{home}`\n" if home else "\n## The merchant\n"
    yield "| Setting | Meaning | Default | Example | Source |"
    yield "| --- | --- | --- | --- | --- |"


def _row(name: str, field: FieldInfo, home: str) -> str:
    options = choices(field)
    meaning = field.description or ""
    if options:
        meaning += f" One of {', '.join(f'`{one}`' for one in options)}."
    cells = (f"`{name}`", meaning, _default(field), example(field), source(field, home))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value in EMPTY else f"`{_plain(value)}`"


def example(field: FieldInfo) -> str:
    """Return an example: the model's own, else the default, which is one."""
    value = (field.examples or [PydanticUndefined])[0]
    if value is PydanticUndefined:
        options = choices(field)
        value = options[-1] if options else field.get_default(call_default_factory=True,
                                                              validated_data={})  # fmt: skip
    return f"`{_plain(value)}`"


def source(field: FieldInfo, home: str) -> str:
    """Return the contract section a field's description names, "" if it is our own setting."""
    found = _SOURCE.search(field.description or "")
    if found is None:
        return ""
    system = found[1] or ("wemalo" if home.startswith("wemalo") else "plentymarkets")
    return f"{system} {found[2]}"


def _plain(value: Any) -> str:
    """Return a value as it is written in a merchant file, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
