"""Every page and state: open to everybody (axe), on small and wide screens, light and dark."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from rupture_watch.inbox.access.roles import Role
from tests.browser.stage import watched
from tests.inbox_records import JANUARY, Tape, record, told

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

CASE = "/cases/case-sudden-compliance"
PAGES = {
    "inbox": "/", "inbox-more": "/?severity=4&section=Trust", "inbox-ended": "/?state=ended",
    "inbox-nothing-found": "/?q=nothing-like-it", "case": CASE,
    "case-retracted": "/cases/case-late-correction",
    "case-why": f"{CASE}?why=case-sudden-compliance-s03",
    "case-reason": f"{CASE}?said=reason", "case-waiting": f"{CASE}?said=waiting",
    "repairs": "/repairs", "rules": "/rules", "health": "/health", "settings": "/settings",
    "sheet": f"{CASE}/sheet", "help": "/help", "not-there": "/cases/nothing-there",
}  # fmt: skip
AXE = """
async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  const where = (node) => node.target.join(" ");
  return found.violations.map((v) => `${v.id}: ${v.nodes.map(where).join(", ")}`);
}
"""
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
INK = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const accent = [0x1f, 0x64, 0x72];
  let ink = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200 && accent.every((c, k) => Math.abs(data[i + k] - c) < 12)) ink += 1;
  }
  return ink;
}
"""


@pytest.fixture(scope="session")
def axe(repository: Path) -> str:
    path = repository / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.fail("axe-core is missing: `make node`")
    return path.read_text("utf-8")


async def violations(page: Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    found: list[str] = await page.evaluate(AXE)
    return found


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("name", "width", "scheme", "locale"),
    [
        ("desktop", 1280, "light", "en-GB"),
        ("dark", 1280, "dark", "en-GB"),
        ("small", 320, "light", "en-GB"),
        ("small-dark-de", 320, "dark", "de-DE"),
    ],
)
async def test_no_page_has_a_fault_by_axe_or_scrolls_sideways(  # noqa: PLR0913, PLR0917 - a matrix
    browser: Browser, stage: Stage, screenshots: Path, axe: str, name: str, width: int,
    scheme: Any, locale: str,
) -> None:  # fmt: skip
    context = await stage.context(
        browser, "looker", Role.LEAD, viewport={"width": width, "height": 860},
        color_scheme=scheme, locale=locale, reduced_motion="reduce",
    )  # fmt: skip
    page = await context.new_page()
    problems = watched(page)
    for label, path in PAGES.items():
        await page.goto(path)
        if label.startswith("case"):
            await expect(page.locator("#chart[data-drawn]")).to_be_visible()
            await page.evaluate(
                "document.querySelectorAll('details').forEach((d) => d.open = true)"
            )
        assert await violations(page, axe) == [], f"{label}, {name}"
        scroll = await page.evaluate("document.documentElement.scrollWidth")
        assert scroll <= width, f"{label}, {name}"
        await page.goto(path)
        if label.startswith("case"):
            await expect(page.locator("#chart[data-drawn]")).to_be_visible()
        await page.screenshot(path=screenshots / f"{label}-{name}.png", full_page=label != "rules")
    assert [one for one in problems if "404" not in one] == []
    await context.close()


async def test_pages_before_the_sign_in_have_no_fault_either(
    browser: Browser, stage: Stage, screenshots: Path, axe: str
) -> None:
    context = await browser.new_context(base_url=stage.address)
    page = await context.new_page()
    for label, path in {
        "sign-in": "/sign-in", "sign-in-ended": "/sign-in?ended=1", "used-link": "/once/unknown",
    }.items():  # fmt: skip
        await page.goto(path)
        assert await violations(page, axe) == [], label
        await page.screenshot(path=screenshots / f"{label}.png")
    await context.close()


async def test_the_chart_shows_the_data_and_says_it_by_keyboard(
    browser: Browser, stage: Stage, screenshots: Path
) -> None:
    context = await stage.context(browser, "charts", Role.LEAD)
    page = await context.new_page()
    problems = watched(page)
    await page.goto(CASE)
    canvas = page.locator("#chart canvas")
    await expect(canvas.first).to_be_visible()
    ink = [await canvas.nth(n).evaluate(INK) for n in range(await canvas.count())]
    assert ink[0] > 1_000, "a line, its points and the alert's mark"
    assert len(ink) >= 2
    await page.locator("#chart [role=img]").focus()
    await page.keyboard.press("ArrowRight")
    readout = page.locator("#readout")
    await expect(readout).to_contain_text("SRS total 40")
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    said = await readout.inner_text()
    raw = json.loads(await page.locator("#chart-data").inner_text())
    points = next(one for one in raw["series"] if one["code"] == "total")["points"]
    assert any(f"SRS total {point['value']:g}" in said for point in points) or "missed" in said
    await page.locator("#chart").get_by_text("bond", exact=True).click()
    await expect(page.locator(".panel-title").first).to_have_text("SRS · bond")
    assert await canvas.first.evaluate(INK) > 1_000
    await page.locator("#chart").screenshot(path=screenshots / "chart-bond.png")
    box = await canvas.first.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    await expect(readout).to_contain_text("SRS bond")
    assert problems == []
    await context.close()


async def test_a_retraction_is_announced_while_one_looks(
    browser: Browser, stage: Stage, screenshots: Path
) -> None:
    lines = told("late-correction", start=JANUARY)
    lines = [line.replace(b"case-late-correction", b"case-looked-at") for line in lines]
    tape = record(lines)
    alerts = [one for one in tape.records if one.topic.endswith("alerts.v1")]
    raised, *_, retracted = alerts
    assert json.loads(retracted.value or b"")["state"] == "retracted"
    context = await stage.context(browser, "watcher", Role.LEAD)
    inbox, case = await context.new_page(), await context.new_page()
    await inbox.goto("/")
    await stage.publish(Tape(records=[one for one in tape.records if one not in alerts]))
    await stage.publish(Tape(records=[raised]))
    begun = time.monotonic()
    await inbox.bring_to_front()
    news = inbox.get_by_role("link", name="1 new")
    await expect(news).to_be_visible()
    seen = time.monotonic() - begun
    assert seen < 5, "an event is on the page soon after its acknowledgement"
    await inbox.screenshot(path=screenshots / "inbox-news.png")
    assert await inbox.locator('[data-case="case-looked-at"]').count() == 0, (
        "nothing moves by itself"
    )
    await news.click()
    await expect(inbox.locator('[data-case="case-looked-at"]')).to_be_visible()
    await expect(news).to_be_hidden()

    await case.bring_to_front()
    await case.goto("/cases/case-looked-at")
    await stage.publish(Tape(records=[retracted]))
    changed = case.get_by_role("link", name="This case has changed")
    await expect(changed).to_be_visible()
    await case.screenshot(path=screenshots / "case-news.png")
    await changed.click()
    await expect(case.get_by_text("nobody has to do anything")).to_be_visible()
    await context.close()


async def test_a_change_of_rules_is_tried_and_published(
    browser: Browser, stage: Stage, screenshots: Path, axe: str
) -> None:
    context = await stage.context(browser, "rules", Role.LEAD)
    page = await context.new_page()
    await page.goto("/rules")
    card = page.locator("#I3")
    await card.get_by_text("Numbers").click()
    await card.get_by_label("load", exact=True).fill("40")
    await card.get_by_label("heavy_load", exact=True).fill("50")
    await page.get_by_role("button", name="Try the changes").click()
    await expect(page.get_by_text("It would have asked")).to_be_visible(timeout=40_000)
    assert await violations(page, axe) == []
    await page.screenshot(path=screenshots / "rules-tried.png", full_page=True)
    await page.get_by_role("textbox", name="Name").fill("calmer-frame")
    await page.get_by_role("textbox", name="Version").fill("1.1.0")
    await page.get_by_label("Why this change").fill("The frame asked too often.")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Workers take it up")).to_be_visible()
    await context.close()


async def test_the_supervision_sheet_is_printed(browser: Browser, stage: Stage) -> None:
    context = await stage.context(browser, "printer", Role.LEAD)
    page = await context.new_page()
    await page.goto(CASE)
    await page.get_by_role("link", name="Supervision sheet").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="As a PDF").click()
    file = await (await download.value).path()
    assert (await asyncio.to_thread(file.read_bytes)).startswith(b"%PDF-")
    await context.close()


async def test_an_inbox_with_nothing_in_it_says_when_something_last_came(
    browser: Browser, stage: Stage, screenshots: Path, axe: str
) -> None:
    canary = record(
        [line.replace(b"case-falling-bond", b"canary-1") for line in told("falling-bond")]
    )
    await stage.publish(Tape(records=[one for one in canary.records if "cases" in one.topic]))
    await stage.caught_up("SELECT count(*) FROM canaries", 1)
    context = await stage.context(browser, "newcomer", Role.THERAPIST)
    async with stage.database.writing() as connection:
        await connection.exec_driver_sql(
            "INSERT OR IGNORE INTO owners (ref, user_id, since) SELECT ref, 0, 0 FROM cases"
        )
    page = await context.new_page()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Nothing needs you now")).to_be_visible()
    await expect(page.get_by_text("A test case went through the whole service")).to_be_visible()
    assert await violations(page, axe) == []
    await page.screenshot(path=screenshots / "inbox-empty.png")
    async with stage.database.writing() as connection:
        await connection.exec_driver_sql("DELETE FROM owners")
    await context.close()
