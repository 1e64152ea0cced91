"""Merchant files: what is read, what is refused, and what an operator reads about it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from include.cli.main import app
from include.config import merchants
from include.config.merchants import FOLDER, find, load_all, load_beside
from include.config.problems import BadFile
from include.core.systems.errors import ConfigError
from tests.cli import invoke

# without its first line, which is for editors
GOOD = (FOLDER / "alpha.yaml").read_text(encoding="utf-8").partition("\n")[2]
GOOD = GOOD.partition("returns:\n")[0]  # the groups beside the chain are left to the tests
SECRET = "hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path))
    return tmp_path


def message(folder: Path, text: str | bytes, name: str = "alpha.yaml") -> str:
    """Return what is said about a file with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadFile) as caught:
        load_beside(path)
    return caught.value.operator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("language: de", "language: dee"),
         "line 4, column 11: language: must be one of de, en; did you mean de?"),
        (GOOD.replace("language", "langauge"),
         "line 4, column 1: langauge: is no setting; did you mean language?"),
        (GOOD + "warehouse_id: 3\n",
         "line 21, column 1: warehouse_id: does not belong here but under 'plenty'"),
        (GOOD + "zzz: 3\n", "line 21, column 1: zzz: is no setting; `fulfil schema` lists them"),
        (GOOD.replace("  warehouse_id: 3\n", ""),
         "line 5, column 1: plenty.warehouse_id: is missing"),
        (GOOD.replace("  plenty_id", "   plenty_id"),
         "line 7, column 4: the indentation does not fit"),
        (GOOD.replace("merchant: alpha", "merchant alpha"), "line 3, column 17: a ':' too many"),
        (GOOD.replace("6: dhl-paket", "six: dhl-paket"),
         "shipping_profiles.six: the name before the ':' must be a whole number"),
        (GOOD.replace("6: dhl-paket", "6: 12"), "line 14, column 6: shipping_profiles.6: must be "
         "text; put a number in quotes"),
        (GOOD + "statuses:\n  fetch: later\n", "line 22, column 10: statuses.fetch: not a status"),
        (GOOD + "statuses: {no_stock: 6:30}\n", "statuses.no_stock: not a status id"),
        (GOOD + "statuses:\n  cancel_too_late: 8\n",
         "line 22, column 20: statuses.cancel_too_late: must differ from "
         "statuses.cancel_requested"),
        (GOOD + "statuses: {cancel_done: 25}\n", "statuses.cancel_done: status id out of range"),
        ("- alpha\n", "line 1, column 1: the file is no list of settings"),
        ("# nothing\n", "line 1, column 1: the file is empty"),
        (GOOD + "owner: &a x\nlanguage2: *a\n", "language2: is no setting"),
        (GOOD + "carriers2: &a {x: y}\ncarriers3: *a\n", "aliases ('*') are not supported"),
        (GOOD.encode() + "# Größe\n".encode("latin-1"),
         "line 21, column 5: a character that is not UTF-8"),
        (GOOD.encode("utf-16"), "line 1, column 1: a character that is not UTF-8"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_its_field_and_what_helps(
    folder: Path, text: str | bytes, said: str
) -> None:
    assert said in message(folder, text)
    assert message(folder, text).startswith("alpha.yaml, line ")


def test_all_mistakes_of_a_file_are_named_at_once_in_their_order(folder: Path) -> None:
    text = GOOD.replace("plenty_id: 1001", "plenty_id: x").replace("language", "langauge")
    lines = message(folder, text).splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["langauge", "plenty.plenty_id"]


@pytest.mark.parametrize(
    ("line", "field", "home"),
    [
        (f"password: {SECRET}", "password", "plenty.connection names (field Password)"),
        (f"  password: '{SECRET}'", "plenty.password", "plenty.connection names (field Password)"),
        (f"  user-name: {SECRET}", "plenty.user-name", "plenty.connection names (field Login)"),
        (f"  url: https://{SECRET}.example", "plenty.url", "plenty.connection names (field Host)"),
        (f"token: {SECRET}", "token", "wemalo.connection names (field Password)"),
        (f"owner: https://me:{SECRET}@shop.example", "owner", "(field Login and Password)"),
        (f"owner: JWT {SECRET}", "owner", "wemalo.connection names (field Password)"),
        (f"password: *{SECRET}", "", "put the value in quotes"),
        (f"password: !{SECRET} x", "password", "put the value in quotes"),
        (f"password: &{SECRET}", "password", "never into a file"),
        (f"statuses: {{fetch: {SECRET}}}", "statuses.fetch", "not a status id"),
    ],
)
def test_a_secret_is_refused_told_where_it_belongs_and_not_repeated(
    folder: Path, line: str, field: str, home: str
) -> None:
    if line.startswith("  "):
        text = GOOD.replace("plenty:\n", f"plenty:\n{line}\n")
    else:
        text = f"{GOOD}{line}\n"
    said = message(folder, text)
    assert home in said
    assert f"{field}: " in said
    assert SECRET not in said


def test_a_connection_is_named_by_its_id_only(folder: Path) -> None:
    text = GOOD.replace("connection: plenty_alpha", "connection: plenty://shop.example")
    assert "name the id of an Airflow connection" in message(folder, text)


@pytest.mark.parametrize("written", ["5.10", "'5.10'", "5.1", '"5.1"', "5.1000"])
def test_a_status_is_the_same_decimal_as_number_or_text(folder: Path, written: str) -> None:
    (folder / "alpha.yaml").write_text(f"{GOOD}statuses: {{handed_over: {written}}}\n")
    assert find("alpha").statuses.handed_over == Decimal("5.1")


def test_words_that_yaml_takes_for_switches_stay_words(folder: Path) -> None:
    text = "quality: {ship_to: [NO, SE], off: [ADDRESS_PO_BOX]}\ndocuments: {invoice: off}\n"
    (folder / "alpha.yaml").write_text(GOOD + text + "stock: {enabled: on}\n")
    merchant = find("alpha")
    assert merchant.quality.ship_to == ["NO", "SE"]
    assert (merchant.documents.invoice, merchant.stock.enabled) == ("off", True)


def test_the_centres_defaults_lie_below_each_merchants_own_values(folder: Path) -> None:
    (folder / "_defaults.yaml").write_text(
        "language: en\nowner: night shift\ncarriers: {UPS: UPS}\nstatuses: {no_stock: 6.35}\n"
    )
    (folder / "alpha.yaml").write_text(GOOD)
    merchant = find("alpha")
    assert merchant.language == "de"
    assert merchant.owner == "night shift"
    assert merchant.carriers == {"DHL": "DHL", "DPD": "DPD", "UPS": "UPS"}
    assert merchant.statuses.no_stock == Decimal("6.35")


def test_a_mistake_in_the_defaults_is_told_with_their_own_line(folder: Path) -> None:
    (folder / "_defaults.yaml").write_text("owner: x\nstock:\n  enabeld: true\n")
    said = message(folder, GOOD.replace("language", "langauge"))
    assert said.splitlines() == [
        "_defaults.yaml, line 3, column 3: stock.enabeld: is no setting; did you mean enabled?",
        "alpha.yaml, line 4, column 1: langauge: is no setting; did you mean language?",
    ]


def test_unreadable_defaults_stop_each_merchant_visibly(folder: Path) -> None:
    (folder / "alpha.yaml").write_text(GOOD)
    (folder / "_defaults.yaml").write_text("a: [\n")
    good, broken = load_all()
    assert good == []
    assert [(b.merchant, b.message.split(",")[0]) for b in broken] == [("alpha", "_defaults.yaml")]


def test_of_two_files_for_one_merchant_none_runs_and_both_are_named(folder: Path) -> None:
    for name in ("alpha.yaml", "alpha.yml"):
        (folder / name).write_text(GOOD)
    for good, broken in (load_all(), load_all("fulfilment__alpha")):
        assert good == []
        assert "alpha.yaml and alpha.yml are both files of merchant alpha" in broken[0].message


def test_a_copy_under_another_name_is_refused_and_the_merchant_goes_on(folder: Path) -> None:
    (folder / "alpha.yaml").write_text(GOOD)
    said = message(folder, GOOD, "a_copy.yaml")
    assert "alpha is already set up in alpha.yaml, which goes on; a_copy.yaml is not used" in said
    good, broken = load_all()
    assert ([m.merchant for m in good], [b.merchant for b in broken]) == (["alpha"], ["a_copy"])


def test_of_two_merchants_with_the_same_orders_the_first_goes_on_and_both_are_named(
    folder: Path,
) -> None:
    (folder / "alpha.yaml").write_text(GOOD)
    (folder / "beta.yaml").write_text(GOOD.replace("merchant: alpha", "merchant: beta"))
    good, broken = load_all()
    assert ([m.merchant for m in good], [b.merchant for b in broken]) == (["alpha"], ["beta"])
    assert "those of alpha.yaml, which goes on; beta.yaml is not used" in broken[0].message


OTHER = (
    GOOD.replace("merchant: alpha", "merchant: beta")
    .replace("plenty_alpha", "plenty_beta")
    .replace("wemalo_alpha", "wemalo_beta")
    .replace("shop: alpha", "shop: beta")
)


def of_both(folder: Path, second: str) -> tuple[list[str], str]:
    """Return the merchants that go on, and what is said of the others."""
    (folder / "alpha.yaml").write_text(GOOD)
    (folder / "beta.yaml").write_text(second)
    good, broken = load_all()
    done = invoke(app, "lint")
    said = "\n".join(b.message for b in broken)
    assert done.exit_code == bool(broken)
    assert said in done.stderr
    return [m.merchant for m in good], said


def test_two_merchants_with_systems_of_their_own_both_go_on(folder: Path) -> None:
    assert of_both(folder, OTHER) == (["alpha", "beta"], "")


@pytest.mark.parametrize(
    ("own", "taken", "field"),
    [
        ("connection: wemalo_beta", "connection: wemalo_alpha", "wemalo.connection"),
        ("connection: wemalo_beta", "connection: Wemalo_Alpha", "wemalo.connection"),
        ("shop: beta", "shop: alpha", "wemalo.shop"),
        ("shop: beta", "shop: ' Alpha '", "wemalo.shop"),
    ],
)
def test_of_two_systems_with_one_wemalo_client_the_first_goes_on_and_both_are_named(
    folder: Path, own: str, taken: str, field: str
) -> None:
    good, said = of_both(folder, OTHER.replace(own, taken))
    assert good == ["alpha"]
    assert said.startswith("beta.yaml, ")
    assert f": {field}: the " in said
    assert "that of alpha.yaml, which goes on; beta.yaml is not used" in said
    assert "of its own wemalo client" in said


def test_two_warehouses_of_one_system_may_share_a_wemalo_client(folder: Path) -> None:
    second = GOOD.replace("merchant: alpha", "merchant: beta")
    second = second.replace("warehouse_id: 3", "warehouse_id: 4")
    assert of_both(folder, second) == (["alpha", "beta"], "")


def test_two_stores_in_one_warehouse_may_not_share_a_wemalo_client(folder: Path) -> None:
    second = GOOD.replace("merchant: alpha", "merchant: beta")
    second = second.replace("plenty_id: 1001", "plenty_id: 1002")
    good, said = of_both(folder, second)
    assert good == ["alpha"]
    assert "wemalo.connection: the connection wemalo_alpha is that of alpha.yaml" in said


def test_a_file_that_is_refused_takes_nothing_from_a_third(folder: Path) -> None:
    copied = GOOD.replace("merchant: alpha", "merchant: beta").replace("wemalo_alpha", "wemalo_b")
    third = OTHER.replace("merchant: beta", "merchant: gamma").replace("wemalo_beta", "wemalo_b")
    (folder / "gamma.yaml").write_text(third.replace("shop: beta", "shop: gamma"))
    good, said = of_both(folder, copied)
    assert good == ["alpha", "gamma"]
    assert "both would fetch the same orders" in said


def test_a_contradiction_of_two_statuses_is_told_at_its_place(folder: Path) -> None:
    said = message(folder, GOOD + "statuses:\n  cancel_too_late: 8\n  handed_over: 8.3\n")
    assert "column 20: statuses.cancel_too_late: must differ from statuses.cancel_requested" in said
    assert "column 16: statuses.handed_over: must not lie from 8 to 8.9999 (8.3)" in said


def test_a_contradiction_with_the_centres_defaults_is_told(folder: Path) -> None:
    (folder / "_defaults.yaml").write_text("statuses: {fetch: 5.5}\n")
    said = message(folder, GOOD + "statuses: {no_stock: 5.5}\n")
    assert "alpha.yaml, line 21" in said
    assert "statuses.no_stock: must differ from statuses.fetch (5.5)" in said


def test_an_order_type_cannot_both_ship_and_come_back(folder: Path) -> None:
    text = GOOD.replace("  plenty_id:", "  shippable_types: [1, 3]\n  plenty_id:")
    said = message(folder, text + "returns: {announce: {statuses: [9.1]}}\n")
    assert "order type 3 is in plenty.shippable_types and in returns.announce.types" in said


def test_a_former_address_is_an_address(folder: Path) -> None:
    text = GOOD.replace("  plenty_id:", "  former_urls: ['']\n  plenty_id:")
    assert "plenty.former_urls: not an address such as https://" in message(folder, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 900, "line 1, column 21: the file has more than 20 levels"),
        ("a:\n  " + "[" * 90_000, "the file has more than 20 levels"),
        ("- " * 40_000, "the file has more than 20 levels"),
        ("? " * 40_000, "the file has more than 20 levels"),
        ("[" * 400_000, "the file has more than 100,000 bytes"),
        ("merchant: " + "a" * 900_000, "the file has more than 100,000 bytes"),
        (GOOD + "".join(f"k{n}:\n" for n in range(12_000)), "the file has more than 5,000 values"),
        (GOOD + "a:\n" * 12_000, "the file has more than 5,000 values"),
    ],
)  # fmt: skip
def test_a_monstrous_file_is_refused_unread_and_takes_no_other_merchant_with_it(
    folder: Path, text: str, said: str
) -> None:
    (folder / "beta.yaml").write_text(GOOD.replace("alpha", "beta"))
    assert said in message(folder, text)
    good, broken = load_all()
    assert [merchant.merchant for merchant in good] == ["beta"]
    assert [file.merchant for file in broken] == ["alpha"]


def test_a_missing_folder_is_an_error_and_not_an_empty_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match="does not exist"):
        load_all()


def test_lint_names_every_mistake_of_every_file_and_needs_no_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", "postgresql://nowhere.invalid/none")
    (folder / "alpha.yaml").write_text(GOOD.replace("language", "langauge"))
    (folder / "beta.yaml").write_text("")
    same = GOOD.replace("merchant: alpha", "merchant: gamma")
    (folder / "gamma.yaml").write_text(same)
    (folder / "delta.yaml").write_text(same.replace("gamma", "delta"))
    done = invoke(app, "lint")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "alpha.yaml", "beta.yaml", "gamma.yaml", "4 files checked"
    ]  # fmt: skip
    assert "both would fetch the same orders and send them twice" in lines[2]
    assert invoke(app, "lint", str(folder / "delta.yaml")).exit_code == 0


def test_the_files_of_this_project_have_nothing_to_correct() -> None:
    done = invoke(app, "lint")
    assert (done.exit_code, done.stderr) == (0, "")
    assert merchants.folder() == FOLDER
