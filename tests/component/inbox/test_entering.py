"""Coming in: the first account, passwords, links that work once, and a limit on guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from rupture_watch.inbox.access import accounts, signing_in
from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.web.app import create_app
from tests.component.inbox.world import PASSWORD, token

if TYPE_CHECKING:
    from tests.component.inbox.world import World


async def a_link(inbox: World, purpose: str, user_id: int | None = None) -> str:
    async with inbox.database.writing() as connection:
        return f"/once/{await signing_in.make_link(connection, purpose, user_id)}"


async def test_the_first_link_makes_a_lead_and_works_once(inbox: World) -> None:
    client = inbox.browser()
    assert "no account yet" in (await client.get("/sign-in")).text
    link = await a_link(inbox, "setup")
    assert "first account" in (await client.get(link)).text
    first = {"name": "Dr Berg", "login": "Berg", "password": "short"}
    refused = await client.post(link, data=first)
    assert refused.status_code == 422
    assert "at least 12" in refused.text
    assert 'value="Dr Berg"' in refused.text
    done = await client.post(link, data={**first, "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await client.get("/")).status_code == 200
    other = inbox.browser()
    assert (await other.get(link)).status_code == 410
    assert (await other.post(link, data={**first, "password": PASSWORD})).status_code == 410
    assert await inbox.rows("SELECT login, role FROM users") == [{"login": "berg", "role": "lead"}]


async def test_no_second_first_account_can_be_made(inbox: World) -> None:
    await inbox.person("lead", Role.LEAD)
    link = await a_link(inbox, "setup")
    answer = await inbox.browser().post(
        link, data={"name": "X", "login": "intruder", "password": PASSWORD}
    )
    assert answer.status_code == 410
    assert len(await inbox.rows("SELECT * FROM users")) == 1


async def test_a_person_signs_in_and_out(inbox: World) -> None:
    await inbox.person("anna", Role.THERAPIST)
    client = inbox.browser()
    wrong = await client.post("/sign-in", data={"login": "anna", "password": "not this one"})
    assert wrong.status_code == 401
    assert "do not fit together" in wrong.text
    right = await client.post(
        "/sign-in", data={"login": " Anna ", "password": PASSWORD, "next": "/repairs"}
    )
    assert (right.status_code, right.headers["location"]) == (303, "/repairs")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = await client.get("/repairs")
    out = await client.post("/sign-out", data={"csrf": token(page)})
    assert out.headers["location"] == "/sign-in"
    assert (await client.get("/repairs")).status_code == 303


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(inbox: World) -> None:
    await inbox.person("anna", Role.THERAPIST)
    inbox.site.address = "https://inbox.test"
    transport = httpx.ASGITransport(create_app(inbox.site))
    async with httpx.AsyncClient(transport=transport, base_url="https://inbox.test") as client:
        answer = await client.post("/sign-in", data={"login": "anna", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-rupture-watch=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("elsewhere", ["//evil.test/", "https://evil.test/", "/\\evil.test"])
async def test_a_sign_in_leads_to_pages_of_ours_only(inbox: World, elsewhere: str) -> None:
    await inbox.person("anna", Role.THERAPIST)
    answer = await inbox.browser().post(
        "/sign-in", data={"login": "anna", "password": PASSWORD, "next": elsewhere}
    )
    assert answer.headers["location"] == "/"


async def test_guessing_is_limited_for_the_account_and_forgotten_after_a_while(
    inbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inbox.person("anna", Role.THERAPIST)
    client = inbox.browser()
    for _ in range(signing_in.MOST_FAILURES):
        answer = await client.post("/sign-in", data={"login": "anna", "password": "guess"})
        assert answer.status_code == 401
    right = {"login": "anna", "password": PASSWORD}
    assert (await client.post("/sign-in", data=right)).status_code == 429
    later = signing_in.now() + signing_in.WINDOW + signing_in.SECOND
    monkeypatch.setattr(signing_in, "now", lambda: later)
    assert (await client.post("/sign-in", data=right)).status_code == 303


async def test_what_is_stored_gives_no_password_session_or_link_away(inbox: World) -> None:
    user_id = await inbox.person("anna", Role.THERAPIST)
    async with inbox.database.writing() as connection:
        session = await signing_in.open_session(connection, user_id)
        link = await signing_in.make_link(connection, "sign-in", user_id)
    stored = str(await inbox.rows("SELECT * FROM users"))
    stored += str(await inbox.rows("SELECT * FROM sessions"))
    stored += str(await inbox.rows("SELECT * FROM links"))
    assert "$argon2id$" in stored
    for secret in (PASSWORD, session, link):
        assert secret not in stored


async def test_a_new_password_ends_the_other_sessions(inbox: World) -> None:
    here = await inbox.signed_in("anna", Role.THERAPIST, PASSWORD)
    async with inbox.database.writing() as connection:
        found = await accounts.check(connection, "anna", PASSWORD)
        assert found is not None
        there_token = await signing_in.open_session(connection, found.id)
    there = inbox.browser()
    there.cookies.set(inbox.site.cookie, there_token, domain="inbox.test")
    csrf = token(await here.get("/settings"))
    wrong = await here.post(
        "/settings/password", data={"csrf": csrf, "old": "no", "new": "another long password"}
    )
    assert wrong.status_code == 422
    assert (await there.get("/")).status_code == 200
    changed = await here.post(
        "/settings/password", data={"csrf": csrf, "old": PASSWORD, "new": "another long password"}
    )
    assert changed.status_code == 303
    assert (await there.get("/")).status_code == 303


async def test_a_lead_adds_somebody_who_sets_the_password_by_a_link(inbox: World) -> None:
    lead = await inbox.signed_in("lead", Role.LEAD)
    csrf = token(await lead.get("/settings"))
    page = await lead.post(
        "/settings/users",
        data={"csrf": csrf, "name": "Anna Weiß", "login": "anna", "role": "therapist"},
    )
    path = page.text.split('class="once">')[1].split("<")[0].removeprefix(inbox.site.address)
    anna = inbox.browser()
    assert "Anna Weiß" in (await anna.get(path)).text
    assert (await anna.post(path, data={"password": PASSWORD})).status_code == 303
    assert (await anna.get("/")).status_code == 200
    assert (await anna.get("/health")).status_code == 403
