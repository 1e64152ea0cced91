"""The compose file, the image, and what the containers do first.

`tests/celery` runs the services' commands for real.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from include.core.systems.errors import ConfigError
from include.ledger.migrate import upgrade
from include.stack import answers
from include.stack.container_init import (
    check_secrets,
    connection_files,
    ensure_database,
    write_login,
)
from tests.stack import compose
from tests.stack.compose import FILLED, PROJECT

TEXT = compose.FILE.read_text(encoding="utf-8")
EXAMPLE = (PROJECT / ".env.example").read_text(encoding="utf-8")
SECRET = re.compile(r"\$\{(\w*(?:PASSWORD|SECRET|KEY))\b")
LASTING = {"postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return compose.services()


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in services.items() if name not in ("postgres", "redis")}


def test_the_file_is_valid_against_the_compose_specification() -> None:
    schema = get_builtin_schema("vendor.compose-spec")
    check = validator_for(schema)(schema)
    filled = compose.project()
    assert list(check.iter_errors(filled)) == []
    filled["services"]["worker"]["memory_limit"] = "2g"
    assert list(check.iter_errors(filled)), "the schema refuses nothing"


def test_the_dockerfile_is_valid_and_well_made() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [hadolint, PROJECT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_part_is_there(services: dict[str, Any]) -> None:
    assert set(services) == LASTING | {"init", "sandbox", "demo", "cli"}
    assert {name for name, one in services.items() if "profiles" in one} == {
        "sandbox",
        "demo",
        "cli",
    }
    assert services["sandbox"]["profiles"] == ["sandbox", "demo"]


def test_no_secret_has_a_default() -> None:
    secrets = set(SECRET.findall(TEXT))
    assert secrets == set(FILLED)
    for name in secrets:
        assert f"${{{name}:-" not in TEXT, name
        assert f"\n{name}=\n" in EXAMPLE, name
        rest = {key: value for key, value in FILLED.items() if key != name}
        with pytest.raises(compose.MissingVariableError, match=name):
            compose.project(rest)


def test_every_variable_of_the_file_is_explained_in_the_example() -> None:
    names = {match["name"] for match in compose._VARIABLE.finditer(TEXT) if match["name"]}
    limits = {name for name in names if name.endswith(("_CPUS", "_MEMORY"))}
    unexplained = {name for name in names if f"{name}=" not in EXAMPLE}
    assert unexplained <= limits | {"FULFILMENT_PARALLELISM"}


def test_whatever_runs_on_is_restarted_limited_and_looked_after(services: dict[str, Any]) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert re.fullmatch(r"\d+(m|g)", limits["memory"]), name
        assert float(limits["cpus"]) > 0, name
        assert service["logging"]["options"]["max-size"], name
        if name in LASTING:
            assert service["restart"] == "unless-stopped", name
        if name not in ("init", "demo", "cli"):
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name


def test_only_the_ui_is_published_and_only_on_this_machine(services: dict[str, Any]) -> None:
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert published == {"api-server": ["127.0.0.1:8780:8080"]}


def test_images_are_arguments_and_one_service_builds_for_all(services: dict[str, Any]) -> None:
    raw = re.findall(r"^ +image: (.*)$", TEXT, re.MULTILINE)
    assert all(image.startswith("${") for image in raw)
    given = compose.services({**FILLED, "BASE_IMAGE": "made-here:1", "POSTGRES_IMAGE": "pg:1"})
    assert given["init"]["build"]["args"] == {"BASE_IMAGE": "made-here:1"}
    assert given["postgres"]["image"] == "pg:1"
    # Two services that build one tag at the same time fail with "already exists".
    assert [name for name, one in services.items() if "build" in one] == ["init"]
    assert {one["image"] for one in ours(services).values()} == {"fulfilment:latest"}
    assert {one["pull_policy"] for one in ours(services).values()} == {"never"}


def test_no_path_leaves_the_project_and_every_volume_is_declared(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (PROJECT / source).resolve().is_relative_to(PROJECT), volume
                assert (PROJECT / source).is_dir(), volume
                # By hand, `fulfil new` writes a merchant's file.
                assert volume.endswith(":ro") or name == "cli", volume
            else:
                assert source in compose.project()["volumes"], volume


def test_folders_that_become_volumes_are_made_for_the_containers_user(
    services: dict[str, Any],
) -> None:
    made = re.search(r"RUN install -d -o 50000 -g 0 ((?:.|\\\n)*?)\n\n", _dockerfile())
    assert made
    for service in ours(services).values():
        for volume in service["volumes"]:
            source, target = volume.split(":")[:2]
            assert source.startswith(".") or target in made[1].split(), volume


def test_all_containers_of_airflow_share_keys_databases_and_broker(
    services: dict[str, Any],
) -> None:
    shared = [name for name in services["init"]["environment"] if name.startswith("AIRFLOW__")]
    assert len(shared) > 10
    for name in shared:
        assert len({one["environment"][name] for one in ours(services).values()}) == 1, name


def test_every_service_starts_after_what_it_needs(services: dict[str, Any]) -> None:
    for name, service in ours(services).items():
        after = service["depends_on"]
        if name == "init":
            assert {one["condition"] for one in after.values()} == {"service_healthy"}
            assert set(after) == {"postgres", "redis"}
        else:
            assert after["init"] == {"condition": "service_completed_successfully"}, name
    assert set(services["demo"]["depends_on"]) == {"init", "sandbox", *LASTING} - {
        "postgres",
        "redis",
    }


def _dockerfile() -> str:
    return (PROJECT / "Dockerfile").read_text(encoding="utf-8")


def test_nothing_is_downloaded_when_a_container_starts() -> None:
    # Not one of the image's variables that install packages or make users at the start.
    for variable in ("_PIP_ADDITIONAL_REQUIREMENTS", "_AIRFLOW_DB_", "_AIRFLOW_WWW_"):
        assert variable not in TEXT
    assert "ENTRYPOINT" not in _dockerfile()


def test_the_official_images_entry_point_gets_only_commands_that_it_passes_on(
    services: dict[str, Any],
) -> None:
    for name, service in ours(services).items():
        assert service["command"][0] in ("python", "airflow") or "entrypoint" in service, name


def test_secrets_and_local_state_never_reach_the_image() -> None:
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    def ignored(path: str) -> bool:
        return any(fnmatch(path, pattern.removeprefix("**/")) for pattern in patterns)

    for path in (".env", ".env.production", ".state", ".venv", ".git", "deploy", "__pycache__"):
        assert ignored(path), path
    needed = ("dags", "plugins", "include", "requirements.txt", "requirements.lock")
    for path in (*needed, "pyproject.toml", "README.md", "LICENSE"):
        assert (PROJECT / path).exists()
        assert not ignored(path), path


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


def test_fresh_secrets_are_what_the_containers_take_and_are_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scripts").mkdir()
    for name in (".env.example", "scripts/new-env"):
        shutil.copy(PROJECT / name, tmp_path / name)
    made = tmp_path / ".env"

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tmp_path / "scripts" / "new-env"], capture_output=True, text=True, check=False
        )

    assert run().returncode == 0
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    text = made.read_text()
    rows = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]", line))
    assert set(FILLED) <= set(rows)
    compose.project(rows)
    assert len({rows[name] for name in FILLED}) == len(FILLED)
    for name in FILLED:
        monkeypatch.setenv(name, rows[name])
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", rows["FULFILMENT_FERNET_KEY"])
    check_secrets()

    again = run()
    assert again.returncode == 1
    assert ".env is there already" in again.stderr
    assert made.read_text() == text


def test_secrets_that_would_fail_later_are_refused_with_their_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", FILLED["FULFILMENT_FERNET_KEY"])
    check_secrets()
    for name in ("FULFILMENT_POSTGRES_PASSWORD", "FULFILMENT_REDIS_PASSWORD"):
        monkeypatch.setenv(name, "one@two")
        with pytest.raises(ConfigError, match=f"{name} holds") as caught:
            check_secrets()
        assert "one@two" not in caught.value.operator
        monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "short")
    with pytest.raises(ConfigError, match="no Fernet key"):
        check_secrets()


def test_connections_come_from_files_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, scratch = tmp_path / "connections", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    for name in ("b.yaml", "a.json", ".gitignore", "notes.txt"):
        (folder / name).touch()
    monkeypatch.setenv("FULFILMENT_CONNECTIONS_FOLDER", str(folder))
    assert [file.name for file in connection_files(scratch)] == ["a.json", "b.yaml"]
    given = {"plenty_acme": {"conn_type": "plenty", "host": "https://acme.example"}}
    monkeypatch.setenv("FULFILMENT_CONNECTIONS", json.dumps(given))
    *_, last = connection_files(scratch)
    assert json.loads(last.read_text()) == given
    assert stat.S_IMODE(last.stat().st_mode) == 0o600
    monkeypatch.setenv("FULFILMENT_CONNECTIONS", "[1]")
    with pytest.raises(ConfigError, match="no JSON object"):
        list(connection_files(scratch))


def test_the_ledgers_database_is_made_once_and_migrated(database_url: str) -> None:
    url = make_url(database_url)
    fresh = url.set(database=f"{url.database}_fresh").render_as_string(hide_password=False)
    ensure_database(fresh)
    ensure_database(fresh)
    upgrade(fresh)
    engine = create_engine(fresh)
    assert "order_events" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_health_check_passes_only_while_all_addresses_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from include.sandbox.server import run_sandbox

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with run_sandbox() as sandbox:
        good = f"{sandbox.plenty_url}/_sandbox/health"
        assert answers.main([good, f"{sandbox.wemalo_url}/_sandbox/health"]) == 0
        assert answers.main([good, f"{sandbox.wemalo_url}/_sandbox/no-such-page"]) == 1
    assert "404" in capsys.readouterr().err
    assert answers.main([good]) == 1
