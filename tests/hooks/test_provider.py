from __future__ import annotations

from importlib import import_module

import pytest
from fulfilment.provider import get_provider_info


@pytest.mark.parametrize("kind", get_provider_info()["connection-types"], ids=str)
def test_each_connection_type_names_a_hook_that_can_be_tested(kind: dict[str, str]) -> None:
    module, _, name = kind["hook-class-name"].rpartition(".")
    hook = getattr(import_module(module), name)

    assert (hook.conn_type, hook.hook_name) == (kind["connection-type"], kind["hook-name"])
    assert hook(**{hook.conn_name_attr: "some_connection"}).conn_id == "some_connection"


def test_airflow_accepts_the_description() -> None:
    from airflow.providers_manager import _create_provider_info_schema_validator

    validator = _create_provider_info_schema_validator()

    assert list(validator.iter_errors(get_provider_info())) == []
