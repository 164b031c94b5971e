"""Both languages whole; no script, style or reference in a page that its policy would refuse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import extract_from_dir

from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.web.language import catalogue
from rupture_watch.inbox.web.rendering import TEMPLATES
from rupture_watch.inbox.web.security import POLICY
from rupture_watch.inbox.web.sheet_page import rendered
from rupture_watch.inbox.web.site import STATIC
from tests.component.inbox.world import stories

if TYPE_CHECKING:
    from tests.component.inbox.world import World

ROOT = TEMPLATES.parent
PLACE = re.compile(r"%\((\w+)\)s")


def messages() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(
        ROOT,
        method_map=[("templates/**.html", "jinja2"), ("web/**.py", "python")],
        options_map={"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
    )
    return {text if isinstance(text, str) else tuple(text) for _, _, text, _, _ in found}


def test_every_text_is_translated_into_german_and_no_translation_is_left_over() -> None:
    german = {
        one.id if isinstance(one.id, str) else tuple(one.id): one
        for one in catalogue("de")
        if one.id
    }
    assert set(german) == messages()
    for source, message in german.items():
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(said), source
        sources = [source] if isinstance(source, str) else list(source)
        for text in said:
            assert set(PLACE.findall(text)) <= set(PLACE.findall(sources[-1])), source


@pytest.mark.parametrize("path", ["/", "/cases/case-sudden-compliance", "/repairs", "/settings"])
async def test_a_page_is_in_the_readers_language(inbox: World, path: str) -> None:
    await inbox.take(stories("sudden-compliance"))
    client = await inbox.signed_in("lead", Role.LEAD)
    german = await client.get(path, headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.text
    assert "Fragen, keine Urteile. Nicht für Notfälle" in german.text
    english = await client.get(path, headers={"accept-language": "fr,en;q=0.5"})
    assert '<html lang="en">' in english.text
    assert "Abmelden" not in english.text


async def test_what_the_engine_says_is_marked_as_english_in_a_german_page(inbox: World) -> None:
    await inbox.take(stories("sudden-compliance"))
    client = await inbox.signed_in("lead", Role.LEAD)
    page = await client.get("/", headers={"accept-language": "de"})
    (row,) = await inbox.rows("SELECT headline FROM alerts WHERE listed > 0")
    assert f'<span lang="en">{row["headline"]}</span>' in page.text


def test_templates_hold_nothing_inline_and_nothing_from_elsewhere() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text("utf-8")
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, template.name
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), template.name
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text), template.name
        assert "| safe" not in text, template.name
    for file in (*STATIC.glob("*.css"), *STATIC.glob("*.js")):
        text = file.read_text("utf-8")
        assert not re.search(r"@import|url\(|https?://", text), file.name
        assert "eval(" not in text, file.name


async def test_every_answer_carries_the_policy_and_is_kept_by_no_cache(inbox: World) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    for path in ("/", "/sign-in", "/nothing-here", "/rules", "/livez"):
        answer = await client.get(path)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY
    still = await client.get("/static/page.css")
    assert "immutable" in still.headers["cache-control"]


async def test_missing_assets_are_said_and_the_page_works_without(
    inbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inbox.take(stories("sudden-compliance"))
    client = await inbox.signed_in("lead", Role.LEAD)
    monkeypatch.setattr("rupture_watch.inbox.web.site.SCRIPTS", ("vendor/not-built.js",))
    page = await client.get("/cases/case-sudden-compliance")
    assert "run `make assets`" in page.text
    assert 'class="sessions"' in page.text


async def test_a_silent_kafka_is_said_on_every_page(inbox: World) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    for path in ("/", "/repairs", "/rules", "/settings"):
        assert "Kafka does not answer" in (await client.get(path)).text
    assert (await client.get("/readyz")).status_code == 503
    inbox.site.hub.freshness.answered = 4e9
    assert "Kafka does not answer" not in (await client.get("/")).text
    assert (await client.get("/readyz")).status_code == 200


async def test_the_supervision_sheet_is_one_page_of_paper(inbox: World) -> None:
    await inbox.take(stories("sudden-compliance", "frame-violation"))
    client = await inbox.signed_in("lead", Role.LEAD)
    for case in ("case-sudden-compliance", "case-frame-violation"):
        answer = await client.get(f"/cases/{case}/sheet.pdf")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        sheet = (await client.get(f"/cases/{case}/sheet")).text
        body = sheet.split('<article class="sheet">')[1].split("</article>")[0]
        document = rendered(f'<html><body><article class="sheet">{body}</article></body></html>')
        assert len(document.pages) == 1, case
        assert "Not for emergencies" in body


def test_the_readers_place_is_inside_the_package() -> None:
    assert Path(str(STATIC)).parent == ROOT
