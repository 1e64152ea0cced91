"""The values for the official Helm chart: keys that it documents, and every secret explained.

The chart's own schema is in no package that installs here; the keys below are those of its
parameters reference, https://airflow.apache.org/docs/helm-chart/1.22.0/parameters-ref.html
"""

from __future__ import annotations

from typing import Any

import yaml

from tests.stack.compose import PROJECT, services

VALUES = yaml.safe_load((PROJECT / "deploy" / "helm-values.yaml").read_text(encoding="utf-8"))
GUIDE = (PROJECT / "docs" / "production.md").read_text(encoding="utf-8")

PART = {"replicas", "resources"}
#: documented keys, as deep as we use them; None: what is below is Kubernetes' or Airflow's own
DOCUMENTED: dict[str, set[str] | None] = {
    "airflowVersion": None,
    "defaultAirflowRepository": None,
    "defaultAirflowTag": None,
    "executor": None,
    "fernetKeySecretName": None,
    "apiSecretKeySecretName": None,
    "jwtSecretName": None,
    "data": {"metadataSecretName", "resultBackendSecretName", "brokerUrlSecretName"},
    "redis": {"enabled", "passwordSecretName"},
    "postgresql": {"enabled"},
    "secret": None,
    "dags": {"persistence", "gitSync"},
    "volumes": None,
    "volumeMounts": None,
    "config": None,
    "migrateDatabaseJob": {"enabled", "command", "args", "useHelmHooks"},
    "createUserJob": {"defaultUser"},
    "apiServer": PART | {"extraInitContainers", "extraVolumes", "extraVolumeMounts"},
    "scheduler": PART,
    "dagProcessor": PART | {"enabled"},
    "triggerer": PART | {"enabled"},
    "workers": {"celery"},
    "logs": {"persistence"},
    "statsd": {"enabled"},
    "flower": {"enabled"},
}
CELERY = PART | {"terminationGracePeriodSeconds", "persistence"}


def secrets_used(node: Any) -> set[str]:
    """Return every name of a secret, wherever it stands."""
    if isinstance(node, dict):
        named = {
            value
            for key, value in node.items()
            if key.lower().endswith("secretname") and isinstance(value, str)
        }
        return named.union(*map(secrets_used, node.values()))
    if isinstance(node, list):
        return set().union(*map(secrets_used, node))
    return set()


def test_only_documented_keys_are_used() -> None:
    for key, value in VALUES.items():
        assert key in DOCUMENTED, key
        below = DOCUMENTED[key]
        assert below is None or set(value) <= below, key
    assert set(VALUES["workers"]["celery"]) <= CELERY
    assert "webserver" not in VALUES, "Airflow 3 has an API server instead"


def test_no_secret_is_in_the_values_and_each_is_made_by_a_command_of_the_guide() -> None:
    names = secrets_used(VALUES)
    assert len(names) == 8
    for name in names:
        assert f"create secret generic {name} " in GUIDE, name
    text = (PROJECT / "deploy" / "helm-values.yaml").read_text(encoding="utf-8")
    for key in ("fernetKey:", "apiSecretKey:", "jwtSecret:", "metadataConnection:", "password:"):
        assert f"\n{key}" not in text
        assert f"\n  {key}" not in text


def test_every_part_has_limits_and_the_database_is_our_own() -> None:
    parts = [VALUES[name] for name in ("apiServer", "scheduler", "dagProcessor", "triggerer")]
    for part in (*parts, VALUES["workers"]["celery"]):
        assert set(part["resources"]["limits"]) == {"cpu", "memory"}
    assert VALUES["postgresql"]["enabled"] is False


def test_settings_of_airflow_agree_with_the_compose_file() -> None:
    environment = services()["worker"]["environment"]
    for section, settings in VALUES["config"].items():
        for name, value in settings.items():
            variable = f"AIRFLOW__{section.upper()}__{name.upper()}"
            if name.startswith("simple_auth_manager_passwords"):
                continue  # another folder
            assert environment[variable] == str(value), variable


def test_the_ledger_is_migrated_by_a_command_that_exists(
    database_url: str, monkeypatch: Any, capsys: Any
) -> None:
    from sqlalchemy import create_engine, inspect

    from include.ledger.__main__ import main

    assert "python -m include.ledger " in VALUES["migrateDatabaseJob"]["args"][0]
    assert main() == 1
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:9/none")
    assert main() == 1
    assert "hidden" not in capsys.readouterr().err
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", database_url)
    assert main() == 0
    engine = create_engine(database_url)
    assert "order_events" in inspect(engine).get_table_names()
    engine.dispose()
