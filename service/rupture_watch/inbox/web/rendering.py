"""Templates, with the words of the reader's language."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rupture_watch.contracts.wire import microseconds
from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases.dossier import speaking
from rupture_watch.inbox.web.charting import chart_json, rows_of
from rupture_watch.inbox.web.drawing import pictures
from rupture_watch.inbox.web.language import LANGUAGES, translations
from rupture_watch.inbox.web.words import word

if TYPE_CHECKING:
    from markupsafe import Markup

    from rupture_watch.inbox.web.context import Context

TEMPLATES: Final = Path(__file__).parent.parent / "templates"


@lru_cache(maxsize=8)
def environment(language: str) -> Environment:
    """Return the templates in a language."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = translations(language)
    found.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    found.globals |= {
        "say": lambda table, code: words.gettext(word(table, code)),
        "chart_json": lambda chart, history: chart_json(chart, history, words.gettext),
        "rows_of": rows_of,
        "pictures": lambda text: _pictures(text, language) if text else "",
        "speaking": speaking,
        "Right": Right,
        "languages": LANGUAGES,
        "query": urlencode,
        "moment": microseconds,
    }
    return found


@lru_cache(maxsize=4_096)
def _pictures(text: str, language: str) -> Markup:
    """Return the pictures of a glance; the same row is drawn for many readers."""
    return pictures(text, translations(language).gettext)


def render(context: Context, template: str, **values: Any) -> str:
    """Return a page as HTML."""
    account = context.session.account if context.session is not None else None
    return (
        environment(context.language)
        .get_template(template)
        .render(
            context=context,
            account=account,
            site=context.site,
            may=context.may,
            csrf=context.csrf(),
            language=context.language,
            formats=context.formats,
            path=context.request.url.path,
            **values,
        )
    )
