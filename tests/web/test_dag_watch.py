"""What Airflow's audit log says of a pause; the whole of it: tests/end_to_end."""

from __future__ import annotations

import pytest
from fulfilment.web.dag_watch import _is_pause


@pytest.mark.parametrize(
    ("event", "extra", "word"),
    [
        ("patch_dag", '{"is_paused": true, "method": "PATCH"}', True),
        ("patch_dag", '{"is_paused": "True", "method": "PATCH"}', True),
        ("patch_dags", '{"is_paused": false, "dag_id_pattern": "%"}', False),
        ("patch_dag", '{"method": "PATCH"}', None),
        ("patch_dag", "no json", None),
        ("patch_dag", None, None),
        ("cli_dag_pause", '{"full_command": "airflow dags pause x"}', True),
        ("cli_dag_unpause", "{}", False),
        ("fulfilment_unpause", "{}", False),
    ],
)
def test_an_entry_pauses_unpauses_or_says_nothing(
    event: str, extra: str | None, word: bool | None
) -> None:
    assert _is_pause(event, extra) is word
