"""The rules as cards, and what another number would have changed."""

import asyncio
import re
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response
from sqlalchemy import insert, select

from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.inbox.access import audit
from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import aggregates
from rupture_watch.inbox.rules import drafting
from rupture_watch.inbox.storage.local_schema import rulesets, users
from rupture_watch.inbox.web.context import Context, NotThere, needs
from rupture_watch.rulesets import load_ruleset, parse

router = APIRouter(prefix="/rules")

Reader = Annotated[Context, Depends(needs(Right.SEE_RULES))]
Author = Annotated[Context, Depends(needs(Right.TRY_RULES))]
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")
DRAFT = ("draft", "0.0.0")
LEAST_REASON = 10


@router.get("")
async def rules(context: Reader, said: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show the active rule set by section of the article."""
    return await _page(context, said=said)


@router.post("/try")
async def try_change(context: Author) -> Response:
    """Try other numbers on the stored facts."""
    form = await context.request.form()
    given = {name: str(value) for name, value in form.items()}
    ruleset = context.site.ruleset
    _, entries = drafting.active(ruleset)
    try:
        changed = drafting.changes(entries, given)
        text = drafting.draft(ruleset, changed, *DRAFT)
        await asyncio.to_thread(parse, text)
    except drafting.NoNumber as error:
        return await _page(context, status=422, problem=("number", str(error)), given=given)
    except RuleSetError as error:
        return await _page(context, status=422, problem=("rules", str(error)), given=given)
    if not changed:
        return await _page(context, status=422, problem=("nothing", ""), given=given)
    label = ", ".join(f"{name} = {_said(value)}" for name, value in changed.items())
    name = await context.site.backtests.begin(context.account.id, label, text)
    async with context.site.database.writing() as connection:
        await audit.append(connection, context.account.login, "tried_rules", changes=label)
    return context.back(f"/rules/try/{name}")


@router.get("/try/{name}")
async def tried(context: Author, name: str, problem: str = "") -> Response:
    """Show what a change would have done."""
    found = await context.site.backtests.find(name)
    if found is None:
        raise NotThere
    return await context.page("tried.html", found=found, problem=problem)


@router.post("/publish")
async def publish(
    context: Author,
    backtest: Annotated[str, Form(max_length=32)],
    name: Annotated[str, Form(max_length=64)],
    version: Annotated[str, Form(max_length=32)],
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Publish what was tried as a new version."""
    found = await context.site.backtests.find(backtest)
    if found is None or found["status"] != "done":
        raise NotThere
    fits = NAME.fullmatch(name) and VERSION.fullmatch(version) and len(why.strip()) >= LEAST_REASON
    if not fits:
        return context.back(f"/rules/try/{backtest}?problem=named")
    text = drafting.named(found["text"], name, version)
    ruleset = await asyncio.to_thread(parse, text)
    folder = context.site.data_dir / "rulesets"
    path = folder / f"{name}-{version}.toml"
    async with context.site.database.writing() as connection:
        taken = await connection.scalar(
            select(rulesets.c.hash).where(rulesets.c.name == name, rulesets.c.version == version)
        )
        if taken is not None:
            return context.back(f"/rules/try/{backtest}?problem=taken")
        await connection.execute(
            insert(rulesets).values(
                hash=ruleset.hash,
                name=name,
                version=version,
                text=text,
                why=why.strip(),
                user_id=context.account.id,
                published=context.now,
            )
        )
        await audit.append(
            connection, context.account.login, "published_rules", ruleset=ruleset.hash, name=name,
            version=version, why=why.strip(),
        )  # fmt: skip
        await asyncio.to_thread(_write, path, text)
    return context.back("/rules?said=published")


@router.get("/versions/{digest}.toml")
async def version_file(context: Reader, digest: str) -> Response:
    """Return a published rule set as the file that workers start with."""
    async with context.site.database.reading() as connection:
        row = (await connection.execute(select(rulesets).where(rulesets.c.hash == digest))).first()
    if row is None:
        raise NotThere
    name = f"{row.name}-{row.version}.toml"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(row.text, media_type="application/toml", headers=headers)


def _write(path: Any, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _said(value: float | bool) -> str:  # noqa: FBT001 - a value of a rule set
    return ("on" if value else "off") if isinstance(value, bool) else f"{value:g}"


async def _page(context: Context, *, status: int = 200, **values: Any) -> Response:
    _, entries = await asyncio.to_thread(drafting.active, context.site.ruleset)
    ruleset = await asyncio.to_thread(load_ruleset, context.site.ruleset)
    sections = [(name, list(group)) for name, group in groupby(entries, key=lambda e: e.section)]
    figures: dict[str, aggregates.RuleFigures] | None = None
    async with context.site.database.reading() as connection:
        if context.may(Right.SEE_AGGREGATES):
            figures = await aggregates.rule_figures(connection, context.now)
        query = (
            select(rulesets, users.c.name.label("by"))
            .outerjoin(users, users.c.id == rulesets.c.user_id)
            .order_by(rulesets.c.published.desc())
        )
        published = [dict(row) for row in (await connection.execute(query)).mappings()]
    shown = {"said": "", "problem": None, "given": {}} | values
    return await context.page(
        "rules.html", status=status, ruleset=ruleset, sections=sections, figures=figures,
        published=published, least=aggregates, **shown,
    )  # fmt: skip
