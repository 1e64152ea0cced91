"""How picked pieces become parcels, and with which carrier."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo.model import Parcel, ParcelItem

if TYPE_CHECKING:
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Tenant

DEFAULT_PROFILES: list[dict[str, Any]] = [
    {
        "name": "DHL",
        "profiles": [
            {"name": "DHL Paket National", "product": "DHL Paket", "matchId": "dhl"},
            {"name": "DHL Paket International", "product": "DHL Paket", "matchId": "dhl_intl"},
            {"name": "DHL Warenpost", "product": "DHL Warenpost", "matchId": ""},
        ],
    },
    {"name": "DPD", "profiles": [{"name": "DPD", "product": "Classic", "matchId": "dpd"}]},
    {"name": "GLS", "profiles": [{"name": "GLS", "product": "BusinessParcel", "matchId": "gls"}]},
    {"name": "UPS", "profiles": [{"name": "UPS", "product": "Standard", "matchId": "ups"}]},
]
DEFAULT_WEIGHT = 100  # grams per piece without `netWeight`
TRACKING_PREFIXES = {"DHL": "00340434", "DPD": "09", "GLS": "52", "UPS": "1Z9999"}
BARCODE_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(slots=True)
class Wish:
    """What a parcel shall look like. `items`: product id to pieces; empty: an equal share."""

    items: dict[int, int] = field(default_factory=dict)
    weight: int | str | None = None  # grams, or what somebody typed
    carrier: str = ""
    profile: str = ""
    tracking: str | None = None  # a number; None: the carrier gives one
    wants_label: bool = True


@dataclass(slots=True)
class _Piece:
    position_id: int
    product_id: int
    serial: str


def make_parcels(
    world: Ground, tenant: Tenant, order: Order, wishes: list[Wish] | None
) -> list[Parcel]:
    """Distribute the picked pieces over parcels; without wishes over as many as the rules say."""
    pieces = _picked_pieces(order)
    if wishes is None:
        wishes = [Wish() for _ in range(_parcel_count(tenant, order, len(pieces)))]
    shares = _shares(pieces, wishes)
    return [
        _parcel(world, tenant, order, share, wish)
        for share, wish in zip(shares, wishes, strict=True)
    ]


def match_profile(tenant: Tenant, wanted: str) -> tuple[str, str, str]:
    """Return carrier, profile name and product for a `matchId`; the first ones if none fits."""
    first = ("", "", "")
    for dispatcher in tenant.profiles:
        for profile in dispatcher.get("profiles", []):
            product = str(profile.get("product", ""))
            found = (str(dispatcher["name"]), str(profile.get("name", "")), product)
            first = first if first[0] else found
            if wanted and str(profile.get("matchId", "")) == wanted:
                return found
    return first


def tracking_number(world: Ground, parcel: Parcel) -> str:
    """Return the carrier's number for a parcel: always the same for the same seed and parcel."""
    prefix = TRACKING_PREFIXES.get(parcel.carrier, "90")
    return f"{prefix}{world.seed % 1000:03d}{parcel.id:09d}"


def _picked_pieces(order: Order) -> list[_Piece]:
    pieces = []
    for position in order.positions:
        count = position.picked - position.packed
        serials = position.serials + [""] * (count - len(position.serials))
        pieces += [_Piece(position.id, position.product_id, serial) for serial in serials[:count]]
    return pieces


def _parcel_count(tenant: Tenant, order: Order, pieces: int) -> int:
    wanted = tenant.parcels_wanted.get(order.external_id)
    if wanted is not None:
        return max(1, wanted)
    most = tenant.settings.max_items_per_parcel
    return max(1, math.ceil(pieces / most)) if most else 1


def _shares(pieces: list[_Piece], wishes: list[Wish]) -> list[list[_Piece]]:
    left = list(pieces)
    shares: list[list[_Piece]] = []
    for wish in wishes:
        share = []
        for product_id, count in wish.items.items():
            found = [piece for piece in left if piece.product_id == product_id][:count]
            if len(found) < count:
                msg = f"only {len(found)} pieces of product {product_id} are left to pack"
                raise SandboxError(msg)
            share += found
            left = [piece for piece in left if all(piece is not one for one in found)]
        shares.append(share)
    open_shares = [share for share, wish in zip(shares, wishes, strict=True) if not wish.items]
    if left and not open_shares:
        msg = f"{len(left)} pieces are in none of the parcels"
        raise SandboxError(msg)
    size = math.ceil(len(left) / len(open_shares)) if open_shares else 0
    for number, share in enumerate(open_shares):
        share += left[number * size : (number + 1) * size]
    return shares


def _parcel(world: Ground, tenant: Tenant, order: Order, share: list[_Piece], wish: Wish) -> Parcel:
    carrier, profile, product = match_profile(tenant, order.meta.dispatcherProfile)
    parcel_id = world.new_id("parcel")
    return Parcel(
        id=parcel_id,
        order_id=order.id,
        barcode=_barcode(parcel_id),
        carrier=wish.carrier or carrier,
        profile=wish.profile or (wish.carrier or profile),
        product=product if not wish.carrier else wish.profile or wish.carrier,
        weight=wish.weight if wish.weight is not None else _weight(tenant, share),
        items=_items(share),
        packed=world.now,
        wants_label=wish.wants_label,
        tracking=wish.tracking or "",
    )


def _items(share: list[_Piece]) -> list[ParcelItem]:
    """One item per position, or per piece where it has a serial number."""
    items: dict[tuple[int, str], ParcelItem] = {}
    for piece in share:
        key = (piece.position_id, piece.serial)
        if key in items:
            items[key].quantity += 1
        else:
            items[key] = ParcelItem(piece.position_id, piece.product_id, 1, piece.serial)
    return list(items.values())


def _weight(tenant: Tenant, share: list[_Piece]) -> int:
    settings = tenant.settings
    weights = (tenant.products[piece.product_id].data.get("netWeight") for piece in share)
    return settings.packaging_weight + sum(
        round(float(weight)) if weight else DEFAULT_WEIGHT for weight in weights
    )


def _barcode(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number * 7 + 3 if not digits else number, len(BARCODE_DIGITS))
        digits = BARCODE_DIGITS[rest] + digits
    return digits.rjust(7, "5")
