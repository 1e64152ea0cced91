"""Data Docs of one batch: what was checked and which orders failed, as one page.

Great Expectations renders it from its own results: codes, counts and order ids, because the frame
that was checked holds nothing else (see `include.quality.frame`). Its page is replaced by one that
needs nothing from other servers: no scripts, fonts or images are loaded when an operator opens it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Path(__file__).parent / "templates"


def page(results: Sequence[Any], *, title: str) -> str:
    """Return the page (HTML) of one batch.

    :param results: of Great Expectations, one per suite (`include.quality.summing`).
    :param title: names merchant, run and time.
    """
    from great_expectations.render.components import RenderedDocumentContent
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    renderer = ValidationResultsPageRenderer(run_info_at_end=True)
    sections: list[Any] = []
    for result in results:
        # not the first, which links to pages that are not there, nor the last, which tells the
        # versions and object ids of Great Expectations
        sections += [_headline(result), *renderer.render(result).sections[1:-1]]
    document = RenderedDocumentContent(
        renderer_type="ValidationResultsPageRenderer",
        page_title=title,
        sections=sections,
    )
    return str(_view().render(document))


def _headline(result: Any) -> Any:
    from great_expectations.render.components import (
        RenderedHeaderContent,
        RenderedSectionContent,
    )

    broken = sum(not check.success for check in result.results)
    header = RenderedHeaderContent(
        header=f"Suite {result.suite_name}: {len(result.results)} rules, {broken} broken",
        styling={"classes": ["suite", "broken" if broken else "kept"]},
    )
    return RenderedSectionContent(section_name=result.suite_name, content_blocks=[header])


@cache
def _view() -> Any:
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, FileSystemLoader

    view: Any = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    return view
