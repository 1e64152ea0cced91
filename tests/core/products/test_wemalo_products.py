from __future__ import annotations

import pytest

from include.core.products.wemalo_products import belongs, components, compose, gtin13, is_gtin13
from include.core.stock.settings import Products

VARIATION = {
    "id": 7,
    "itemId": 70,
    "number": "A-1",
    "name": "",
    "isActive": True,
    "weightG": 500,
    "weightNetG": 0,
    "lengthMM": 0,
    "widthMM": 15,
    "heightMM": 100,
    "customsTariffNumber": "",
    "variationBarcodes": [
        {"barcodeId": 2, "code": "123"},
        {"barcodeId": 1, "code": "0012345678905"},
    ],
}
ITEM = {
    "texts": [{"lang": "en", "name1": "Lamp"}, {"lang": "de", "name1": "Lampe"}],
    "producingCountryId": 31,
    "customsTariffNumber": "94051140",
}


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("4006381333931", True),
        ("4006381333932", False),
        ("0012345678905", True),
        ("400638133393", False),
        ("40063813339３１", False),
        ("", False),
    ],
)
def test_a_gtin_13_has_thirteen_digits_and_the_right_check_digit(code: str, good: bool) -> None:
    assert is_gtin13(code) is good


def test_leading_zeros_belong_to_the_code() -> None:
    body = compose(VARIATION, ITEM, Products(), {}).body
    assert body["ean"] == "0012345678905"


def test_the_merchant_picks_the_barcode() -> None:
    codes = [{"barcodeId": 1, "code": "0012345678905"}, {"barcodeId": "4", "code": "4006381333931"}]
    assert gtin13(codes, Products(barcode_id=4)) == ("4006381333931", "")
    assert gtin13(codes, Products(barcode_id=9)) == ("", "")


def test_what_plentymarkets_does_not_know_is_left_out() -> None:
    body = compose(VARIATION, ITEM, Products(), {31: "CN"}).body
    assert body == {
        "externalId": "7",
        "sku": "A-1",
        "productGroup": "default",
        "name": "Lampe",
        "isActive": True,
        "ean": "0012345678905",
        "netWeight": 500,
        "grossWeight": 500,
        "customsTariffNumber": "94051140",
        "originCountry": "CN",
        "width": 1.5,
        "height": 10,
    }


@pytest.mark.parametrize(
    ("texts", "name", "expected"),
    [
        ([{"lang": "de", "name1": "Item"}], "Variant", "Item"),
        ([{"lang": "fr", "name1": "Objet"}], "", "Objet"),
        ([], "Variant", "Variant"),
        ([{"lang": "de", "name1": ""}], "", "A-1"),
        ([{"lang": "de", "name1": 'Rohr 2"\n\t lang'}], "", "Rohr 2' lang"),
        ([{"lang": "de", "name1": "x" * 900}], "", "x" * 255),
    ],
)
def test_names_fall_back_and_are_safe(
    texts: list[dict[str, str]], name: str, expected: str
) -> None:
    body = compose({**VARIATION, "name": name}, {"texts": texts}, Products(), {}).body
    assert body["name"] == expected


@pytest.mark.parametrize(
    ("changes", "required", "field"),
    [
        ({"number": " "}, [], "number"),
        ({"variationBarcodes": []}, ["ean"], "variationBarcodes"),
        ({"weightG": 0}, ["weight"], "weightG"),
        ({}, ["customs"], "customsTariffNumber"),
        ({}, ["origin"], "producingCountryId"),
    ],
)
def test_a_missing_field_is_named_as_plentymarkets_names_it(
    changes: dict[str, object], required: list[str], field: str
) -> None:
    settings = Products.model_validate({"required": required})
    problem = compose({**VARIATION, **changes}, {}, settings, {}).problem
    assert problem is not None
    assert problem.field == field


def test_the_digest_changes_only_with_what_wemalo_is_told() -> None:
    one = compose(VARIATION, ITEM, Products(), {})
    assert compose({**VARIATION, "updatedAt": "later"}, ITEM, Products(), {}).digest == one.digest
    assert compose({**VARIATION, "weightG": 501}, ITEM, Products(), {}).digest != one.digest


def test_a_variation_belongs_to_its_main_warehouse_and_to_assigned_ones() -> None:
    assert belongs({"mainWarehouseId": "3"}, 3)
    assert belongs({"mainWarehouseId": 1, "variationWarehouses": [{"warehouseId": 3}]}, 3)
    assert not belongs({"mainWarehouseId": 1}, 3)


def test_only_bundles_have_components_to_send() -> None:
    part = {"componentVariationId": 9, "componentQuantity": 2}
    rows = [
        {"bundleType": "bundle", "variationBundleComponents": [part]},
        {"bundleType": "bundle_item", "variationBundleComponents": [{"componentVariationId": 8}]},
    ]
    assert components(rows) == {9}
