"""The facts of a merchant file that an order goes by from its fetching to its end.

Ids of the merchant's own system (status ids, warehouse, plentyID) mean what they meant when the
order was fetched, whatever the file says later. Everything else (addresses of tracking pages,
mappings, limits) counts as it stands now.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

    from include.core.merchants.merchant import Merchant

#: section -> its fields that an order goes by; of the statuses all
_FIELDS = {
    "plenty": ("plenty_id", "warehouse_id", "storage_location_id", "shippable_types"),
    "wemalo": ("shop", "product_id"),
    "statuses": None,
}
#: where the calls go: kept to be told, never laid over, see `same_system` and `same_client`
_PLENTY, _WEMALO = "plenty.connection", "wemalo.connection"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class SystemKey:
    """Which system a connection leads to, told apart by digests only.

    :param address: of host, port and path.
    :param secret: of the password or token; None where there is none.
    """

    address: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The facts that orders were fetched under, and the systems they were fetched from.

    :param version: names them, together with both addresses.
    :param facts: setting as in the merchant file (``plenty.warehouse_id``) -> its JSON value.
    """

    version: str
    facts: Mapping[str, Any]
    plenty: SystemKey
    wemalo: SystemKey


def key_of(url: str, secret: str = "") -> SystemKey:
    """Return where a connection leads to.

    :param url: base address; the scheme and a port that goes without saying make no difference.
    :raises ValueError: it is no address.
    """
    url = url.strip()
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if not parts.hostname:
        msg = "not an address such as https://shop.example.com"
        raise ValueError(msg)
    port = parts.port or _PORTS.get(parts.scheme, 443)
    address = f"{parts.hostname}:{port}{parts.path.rstrip('/')}"
    return SystemKey(_digest(address), _digest(secret) if secret else None)


def kept(merchant: Merchant, plenty: SystemKey, wemalo: SystemKey) -> Kept:
    """Return what is to be kept of a merchant as its file and its connections are now."""
    facts: dict[str, Any] = {
        _PLENTY: merchant.plenty.connection,
        _WEMALO: merchant.wemalo.connection,
    }
    for section, names in _FIELDS.items():
        values = getattr(merchant, section).model_dump(mode="json")
        facts |= {f"{section}.{name}": values[name] for name in names or sorted(values)}
    text = json.dumps([facts, plenty.address, wemalo.address], sort_keys=True)
    return Kept(_digest(text)[:16], facts, plenty, wemalo)


def laid_over(merchant: Merchant, facts: Mapping[str, Any]) -> Merchant:
    """Return the merchant with facts of another time in place of its own.

    Connections are not among them: calls go where the merchant file sends them today.
    """
    sections = {name: _section(getattr(merchant, name), name, facts) for name in _FIELDS}
    return merchant.model_copy(update=sections)


def _section(section: BaseModel, name: str, facts: Mapping[str, Any]) -> BaseModel:
    known = _FIELDS[name] or tuple(type(section).model_fields)
    old = {field: facts[f"{name}.{field}"] for field in known if f"{name}.{field}" in facts}
    return type(section).model_validate({**section.model_dump(), **old})


def same_system(old: Kept, now: Kept, former_urls: Iterable[str] = ()) -> bool:
    """Say whether plentymarkets is the system that it was, and order ids mean the same orders.

    :param former_urls: addresses that this very system had before, by the merchant file.
    """
    former = {key_of(url).address for url in former_urls}
    return old.plenty.address in {now.plenty.address, *former}


def same_client(old: Kept, now: Kept) -> bool:
    """Say whether the wemalo client is the one that it was.

    The same token names the same client. A new token under the same connection and address is the
    old client's new token: that is how one is renewed.
    """
    if old.wemalo.secret is not None and old.wemalo.secret == now.wemalo.secret:
        return True
    return old.wemalo.address == now.wemalo.address and old.facts.get(_WEMALO) == now.facts[_WEMALO]


def changes(old: Kept, now: Kept) -> list[str]:
    """Return each fact that differs as ``plenty.warehouse_id 3 -> 4``, in their order."""
    texts = [
        f"{name} {_shown(old.facts[name])} -> {_shown(value)}"
        for name, value in now.facts.items()
        if name in old.facts and old.facts[name] != value
    ]
    for name, before, after in (
        (_PLENTY, old.plenty, now.plenty),
        (_WEMALO, old.wemalo, now.wemalo),
    ):
        if before.address != after.address:
            texts.append(f"{name}: other address")
    return texts


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value in (None, "") else str(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
