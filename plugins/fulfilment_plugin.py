"""The only file that Airflow loads as a plugin; everything else is the package `fulfilment`."""

from __future__ import annotations

import sys

from airflow.plugins_manager import AirflowPlugin

if "scheduler" in sys.argv:
    # With LocalExecutor a task is a fork of the scheduler: what is loaded here costs it nothing.
    import include.quality.validation  # noqa: F401 - pandas and Great Expectations


class FulfilmentPlugin(AirflowPlugin):
    """Names the plugin in Airflow's list."""

    name = "fulfilment"
