"""A morning of a clinical lead, by keyboard and by mouse, with somebody else about."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from rupture_watch.inbox.access.roles import Role
from tests.browser.stage import staged, watched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

FOCUSED = "document.activeElement.closest('[data-row]')?.dataset.case ?? document.activeElement.id"


async def focused(page: Page) -> str:
    return str(await page.evaluate(FOCUSED))


async def test_the_first_start_ends_in_an_account_and_a_sign_in(
    browser: Browser, stage: Stage, screenshots: Path, tmp_path: Path
) -> None:
    async with staged(stage.settings.kafka, tmp_path) as fresh:
        await begin(browser, fresh, screenshots)


async def begin(browser: Browser, stage: Stage, screenshots: Path) -> None:
    context = await browser.new_context(base_url=stage.address)
    page = await context.new_page()
    problems = watched(page)
    await page.goto(stage.first_link)
    await page.screenshot(path=screenshots / "first-account.png")
    await page.get_by_label("Name", exact=True).fill("Dr Berg")
    await page.get_by_label("Login").fill("berg")
    await page.get_by_label("New password").fill("a password of some length")
    await page.get_by_role("button", name="Begin").click()
    await expect(
        page.get_by_role("heading", name="Discuss before the next session")
    ).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("Login").fill("berg")
    await page.get_by_label("Password").fill("a password of some length")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Dr Berg")).to_be_visible()
    again = await page.goto(stage.first_link)
    assert again is not None
    assert again.status == 410
    assert [p for p in problems if "410" not in p] == []
    await context.close()


async def test_alerts_are_triaged_by_keyboard_alone(
    browser: Browser, stage: Stage, screenshots: Path
) -> None:
    earlier = len(await stage.reviews())
    context = await stage.context(browser, "keys", Role.LEAD)
    page = await context.new_page()
    problems = watched(page)
    await page.goto("/")
    rows = page.locator("[data-row]")
    before = [await rows.nth(n).get_attribute("data-case") for n in range(await rows.count())]
    assert len(before) >= 2
    await page.keyboard.press("j")
    assert await focused(page) == before[0]
    await page.keyboard.press("j")
    assert await focused(page) == before[1]
    await page.keyboard.press("k")
    assert await focused(page) == before[0]
    await page.screenshot(path=screenshots / "inbox-keyboard.png")

    # acknowledge: the row stays in its part, marked; the focus does not get lost
    await page.keyboard.press("a")
    first = page.locator(f'[data-case="{before[0]}"]')
    await expect(first.get_by_text("Acknowledged")).to_be_visible()
    assert await focused(page) in before

    # dismiss: opens the case at its reasons, one of which is chosen by arrow keys
    await first.locator("a.open").focus()
    await page.keyboard.press("d")
    await expect(page.get_by_role("group", name="Why?")).to_be_visible()
    await expect(page.get_by_label("Already known to us")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.screenshot(path=screenshots / "dismiss.png")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Dismissed. The reason has been kept.")).to_be_visible()
    await page.keyboard.press("u")
    await expect(page.locator(f'[data-case="{before[0]}"]')).to_have_count(0)

    await repair_by_keyboard(page, screenshots)
    published = sorted(await stage.reviews(), key=lambda one: one.timestamp)[earlier:]
    answers = [json.loads(one.value) for one in published]
    assert [one["action"] for one in answers] == [
        "acknowledged", "dismissed", "repair_opened", "repair_confirmed",
    ]  # fmt: skip
    assert answers[1]["reason_code"] == "practical_cause"
    assert "keys" not in str(published).lower(), "no person is named"
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.screenshot(path=screenshots / "keys.png")
    assert problems == []
    await context.close()


async def repair_by_keyboard(page: Page, screenshots: Path) -> None:
    """Open a repair from the case of the first row, and confirm it there."""
    await page.keyboard.press("j")
    other = await focused(page)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{other}**")
    await page.keyboard.press("r")
    await expect(page.get_by_text("A repair is open.")).to_be_visible()
    await page.goto("/repairs")
    await expect(page.get_by_role("link", name=other)).to_be_visible()
    await page.screenshot(path=screenshots / "repairs.png")
    await page.goto(f"/cases/{other}")
    await page.keyboard.press("r")
    await expect(page.get_by_text("The repair is confirmed.")).to_be_visible()


async def test_everything_needed_works_without_javascript(browser: Browser, stage: Stage) -> None:
    context = await stage.context(browser, "plain", Role.LEAD, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/")
    row = (
        page.locator("[data-row]").filter(has=page.get_by_role("button", name="Acknowledge")).first
    )
    case = await row.get_attribute("data-case")
    await row.get_by_role("button", name="Acknowledge").click(force=True)
    await expect(page.locator(f'[data-case="{case}"]').get_by_text("Acknowledged")).to_be_visible()
    await page.locator(f'[data-case="{case}"] a.open').click()
    await expect(page.get_by_text("The chart needs JavaScript")).to_be_visible()
    await page.get_by_text("The same as a table").click()
    await expect(page.get_by_role("table").filter(has_text="Appointment")).to_be_visible()
    await page.get_by_text("Dismiss", exact=True).click()
    await page.get_by_label("Not relevant now").check()
    await page.get_by_role("button", name="Dismiss with this reason").click()
    await expect(page.get_by_text("Dismissed. The reason has been kept.")).to_be_visible()
    await page.get_by_role("button", name="Reopen").click()
    await expect(page.get_by_text("Opened again.")).to_be_visible()
    await context.close()


async def test_a_form_of_an_ended_session_and_a_forged_one_change_nothing(
    browser: Browser, stage: Stage, screenshots: Path
) -> None:
    context = await stage.context(browser, "late", Role.LEAD)
    page = await context.new_page()
    await page.goto("/settings")
    await page.evaluate("document.querySelector('form.stack [name=csrf]').value = 'forged.token'")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="This form cannot be taken")).to_be_visible()
    await page.screenshot(path=screenshots / "form-refused.png")
    await page.goto("/settings")
    async with stage.database.writing() as connection:
        await connection.exec_driver_sql(
            f"DELETE FROM sessions WHERE user_id = {stage.people['late']}"  # noqa: S608 - a number
        )
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your session has ended. Nothing was lost.")).to_be_visible()
    await page.screenshot(path=screenshots / "session-ended.png")
    await context.close()


async def test_each_role_meets_its_own_pages_and_a_calm_refusal_elsewhere(
    browser: Browser, stage: Stage, screenshots: Path
) -> None:
    for login, role, links in (
        ("anna", Role.THERAPIST, ["Inbox", "Repair", "Rules"]),
        ("olaf", Role.OPS, ["Health"]),
        ("ada", Role.AUDITOR, ["Rules", "Audit log"]),
    ):
        context = await stage.context(browser, login, role)
        page = await context.new_page()
        await page.goto("/settings")
        found = (
            await page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
        )
        assert found == links
        await page.goto("/health" if role is not Role.OPS else "/")
        await expect(page.get_by_role("heading", name="not part of your role")).to_be_visible()
        await context.close()
    context = await stage.context(browser, "ada", Role.AUDITOR)
    page = await context.new_page()
    await page.goto("/audit")
    await page.get_by_role("link", name="Check the chain").click()
    await expect(page.get_by_text("rows hold.")).to_be_visible()
    await page.screenshot(path=screenshots / "audit.png")
    await context.close()


async def test_two_people_on_one_alert_do_not_step_on_each_other(
    browser: Browser, stage: Stage
) -> None:
    one = await (await stage.context(browser, "one", Role.LEAD)).new_page()
    other = await (await stage.context(browser, "other", Role.LEAD)).new_page()
    case = "/cases/case-late-correction"
    await asyncio.gather(one.goto(case), other.goto(case))
    await one.get_by_label("Add context").fill("The paper form was misread.")
    await one.get_by_role("button", name="Keep the note").click()
    await expect(one.get_by_text("Your note is kept here.")).to_be_visible()
    await other.reload()
    await expect(other.get_by_text("The paper form was misread.")).to_be_visible()
    await asyncio.gather(one.context.close(), other.context.close())
