"""Data Docs per merchant: what was checked and how many orders failed, as static pages.

The pages come from Great Expectations and show codes, counts and order ids only: the frame that was
checked holds no personal data (see `include.quality.frame`), and no values are asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.quality import validation

if TYPE_CHECKING:
    from pathlib import Path

    from include.quality.validation import Outcome

SITE = "merchant"


def write(outcome: Outcome, *, merchant: str, folder: Path, run: str) -> Path:
    """Write the pages of one batch below ``folder``; return the page to link to.

    :param outcome: what `include.quality.batch.examine` got from Great Expectations.
    :param run: names the batch in the pages, for example the run id or the batch id.
    """
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    target = folder / merchant
    target.mkdir(parents=True, exist_ok=True)
    context: Any = validation.context()
    if SITE in context.get_site_names():
        context.delete_data_docs_site(SITE)
    context.add_data_docs_site(SITE, _site(target))
    when = RunIdentifier(run_name=run, run_time=datetime.now(UTC))
    keys = []
    for result in outcome.results:
        key = ValidationResultIdentifier(
            expectation_suite_identifier=ExpectationSuiteIdentifier(name=result.suite_name),
            run_id=when,
            batch_identifier=run,
        )
        context.validation_results_store.set(key, result)
        keys.append(key)
    context.build_data_docs(site_names=[SITE], resource_identifiers=keys)
    for key in keys:
        context.validation_results_store.remove_key(key)
    return target / "index.html"


def _site(target: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(target),
        },
        "site_index_builder": {
            "class_name": "DefaultSiteIndexBuilder",
            "show_cta_footer": False,
        },
    }
