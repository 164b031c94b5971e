"""The supervision sheet: one page on paper, from a browser or as a PDF."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.web.case_page import chart_for, open_case
from rupture_watch.inbox.web.context import Context, needs
from rupture_watch.inbox.web.drawing import RATINGS, spark
from rupture_watch.inbox.web.language import translations
from rupture_watch.inbox.web.rendering import render
from rupture_watch.inbox.web.site import STATIC

router = APIRouter(prefix="/cases/{ref}")

Reader = Annotated[Context, Depends(needs(Right.SEE_CASES))]
Which = Annotated[str, Query(max_length=32)]
SESSIONS = 12


@router.get("/sheet")
async def sheet(context: Reader, ref: str, alert: Which = "") -> Response:
    """Show the sheet, to be printed by the browser."""
    values = await _values(context, ref, alert)
    return await context.page("sheet.html", **values, is_file=False)


@router.get("/sheet.pdf")
async def sheet_file(context: Reader, ref: str, alert: Which = "") -> Response:
    """Return the sheet as a PDF."""
    values = await _values(context, ref, alert)
    html = render(context, "sheet.html", stale=False, last_event=None, **values, is_file=True)
    content = await asyncio.to_thread(_pdf, html)
    headers = {"content-disposition": f'attachment; filename="{ref}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def rendered(html: str) -> Any:
    """Return the laid out sheet; it is complete in itself, nothing is fetched."""
    # WeasyPrint loads Pango: only who prints needs it.
    from weasyprint import CSS, HTML, URLFetcher  # type: ignore[import-untyped]  # noqa: PLC0415

    nothing = URLFetcher(allowed_protocols=())
    styles = [CSS(string=(STATIC / "sheet.css").read_text("utf-8"), url_fetcher=nothing)]
    return HTML(string=html, url_fetcher=nothing).render(stylesheets=styles)


def _pdf(html: str) -> bytes:
    content: bytes = rendered(html).write_pdf()
    return content


async def _values(context: Context, ref: str, alert: str) -> dict[str, Any]:
    found = await open_case(context, ref, alert or None, "printed")
    chart = await chart_for(context, ref)
    totals = [
        one for one in chart["series"]
        if one["respondent"] == "client" and one["measures"] == "alliance"
    ]  # fmt: skip
    shown = next((one for one in totals if one["code"] == "total"), totals[0] if totals else None)
    picture = None
    if shown is not None:
        picture = spark(
            {
                "low": shown["low"],
                "high": shown["high"],
                "points": [
                    [p["time"], p["value"], p["mean"], p["spread"]]
                    for p in shown["points"][-SESSIONS:]
                ],
            },
            translations(context.language).gettext(RATINGS)
            % {"count": len(shown["points"][-SESSIONS:]), "instrument": shown["instrument"]},
        )
    return {"found": found, "chart": chart, "shown": shown, "picture": picture}
