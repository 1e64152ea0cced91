"""Imported by every Celery worker before it forks: AIRFLOW__CELERY__EXTRA_CELERY_CONFIG names it.

``{"imports": ["fulfilment.celery_worker"]}``
"""

from __future__ import annotations

from fulfilment.preload import preload

preload()
