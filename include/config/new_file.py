"""The text of a new merchant file: what the merchant handed over, and safe choices explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class NewMerchant:
    """The facts that are no secrets (wemalo contract 14.4)."""

    name: str
    plenty_id: int
    warehouse_id: int
    storage_location_id: int
    shop: str = ""
    language: str = "de"
    plan: str = "classic"
    profiles: Mapping[int, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)

    @property
    def plenty_connection(self) -> str:
        """Airflow connection to plentymarkets."""
        return f"plenty_{self.name}"

    @property
    def wemalo_connection(self) -> str:
        """Airflow connection to wemalo."""
        return f"wemalo_{self.name}"


def render(new: NewMerchant, schema: str) -> str:
    """Return the file's text.

    :param schema: path of the JSON Schema as seen from the file, for editors.
    """
    return f"""\
# yaml-language-server: $schema={schema}
# Every setting: docs/merchant-file.md. Check this file: fulfil lint; both systems: fulfil doctor
merchant: {new.name}
language: {new.language}                   # of the notes on orders
plenty:
  connection: {new.plenty_connection}   # Airflow connection: URL, user, password
  plenty_id: {new.plenty_id}
  warehouse_id: {new.warehouse_id}
  storage_location_id: {new.storage_location_id}
  plan: {new.plan}                  # sets the call limits
wemalo:
  connection: {new.wemalo_connection}   # Airflow connection: URL and token
{_line("  shop", new.shop)}statuses:
  fetch: 5                       # released for shipping
  handed_over: 5.1
  address_error: 6.2             # 6.2, 6.3 and 8.8 must be created in plentymarkets
  no_stock: 6.3
  cancel_requested: 8
  cancel_done: 8.8
shipping_profiles:{_rows(new.profiles, "plentymarkets shipping profile -> wemalo matchId")}
carriers:{_rows(new.carriers, "wemalo carrier -> plentymarkets shipping service provider")}
goods_issue: none                # nobody books outgoing items yet: none, event, status or book
returns:
  create: true                   # what the warehouse books becomes a return order
  status: 9                      # 9.0.1 is recommended once it exists in plentymarkets
  book_stock: none
documents:
  invoice: 'off'
  delivery_note: 'off'
stock:
  enabled: false                 # switch on once the orders run
  confirm_first_run: true        # nothing is booked before: fulfil stock approve {new.name}
products:
  enabled: false
"""


def _line(name: str, value: str) -> str:
    return f"{name}: {_scalar(value)}\n" if value else ""


def _rows(rows: Mapping[int, str] | Mapping[str, str], meaning: str) -> str:
    if not rows:
        return f" {{}}            # {meaning}; fulfil doctor lists what there is"
    lines = [f"  {_scalar(key)}: {_scalar(value)}" for key, value in rows.items()]
    return "\n".join([f"   # {meaning}", *lines])


def _scalar(value: object) -> str:
    """Return a value as YAML writes it, in quotes where it needs them."""
    return yaml.safe_dump(value, allow_unicode=True, width=1000).split("\n...")[0].strip()
