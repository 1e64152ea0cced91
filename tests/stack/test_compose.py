"""The compose file and what its containers do first."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from include.core.errors import ConfigError
from include.ledger.migrate import upgrade
from include.stack.container_init import ensure_database, write_login

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docker-compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(TEXT)["services"])


def test_every_part_is_there(services: dict[str, Any]) -> None:
    wanted = {"postgres", "redis", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert wanted | {"worker", "sandbox"} == set(services)


def test_no_secret_has_a_default_that_works() -> None:
    secrets = set(re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY))", TEXT))
    assert len(secrets) == 6
    for name in secrets:
        assert f"${{{name}:?" in TEXT, name
        assert f"${{{name}:-" not in TEXT, name
        assert f"\n{name}=\n" in (PROJECT / ".env.example").read_text(encoding="utf-8")


def test_whatever_runs_on_is_restarted_limited_and_looked_after(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        if name not in ("init", "sandbox"):
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name


def test_only_the_ui_is_published_and_only_on_this_machine(services: dict[str, Any]) -> None:
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert list(published) == ["api-server"]
    assert all(port.startswith("127.0.0.1:") for port in published["api-server"])


def test_images_are_arguments_and_no_path_leaves_the_project(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["image"].startswith("${"), name
        for volume in service.get("volumes", ()):
            assert volume.startswith("./") or not volume.startswith(("/", "~", "..")), volume
    assert (PROJECT / "Dockerfile").read_text(encoding="utf-8").count("ARG BASE_IMAGE=") == 1


def test_the_login_is_written_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets" / "passwords.json"
    with pytest.raises(ConfigError, match="FULFILMENT_UI_PASSWORD is not set"):
        write_login(file, "admin")
    monkeypatch.setenv("FULFILMENT_UI_PASSWORD", "chosen")
    write_login(file, "admin")
    assert json.loads(file.read_text()) == {"admin": "chosen"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_ledgers_database_is_made_once_and_migrated(database_url: str) -> None:
    url = make_url(database_url)
    fresh = url.set(database=f"{url.database}_fresh").render_as_string(hide_password=False)
    ensure_database(fresh)
    ensure_database(fresh)
    upgrade(fresh)
    engine = create_engine(fresh)
    assert "order_events" in inspect(engine).get_table_names()
    engine.dispose()
