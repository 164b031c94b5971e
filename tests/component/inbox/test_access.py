"""Every route against the matrix of roles; forms of elsewhere; sessions that end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from rupture_watch.inbox.access import signing_in
from rupture_watch.inbox.access.roles import RIGHTS, Right, Role
from rupture_watch.inbox.storage.local_schema import sessions
from rupture_watch.inbox.web.app import create_app
from tests.component.inbox.world import stories, token

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.component.inbox.world import World

PUBLIC = {
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/once/{token}"), ("POST", "/once/{token}"),
    ("GET", "/livez"), ("GET", "/readyz"),
}  # fmt: skip

# What each role needs, said once more and by hand: the code's own table is held against it.
NEEDED: dict[tuple[str, str], set[Role]] = {
    ("GET", "/"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/live"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/cases/{ref}"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/cases/{ref}/sheet"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/cases/{ref}/sheet.pdf"): {Role.THERAPIST, Role.LEAD},
    ("POST", "/cases/{ref}/decide"): {Role.THERAPIST, Role.LEAD},
    ("POST", "/cases/{ref}/note"): {Role.THERAPIST, Role.LEAD},
    ("POST", "/cases/{ref}/owner"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/repairs"): {Role.THERAPIST, Role.LEAD},
    ("GET", "/rules"): {Role.THERAPIST, Role.LEAD, Role.AUDITOR},
    ("GET", "/rules/versions/{digest}.toml"): {Role.THERAPIST, Role.LEAD, Role.AUDITOR},
    ("POST", "/rules/try"): {Role.LEAD},
    ("GET", "/rules/try/{name}"): {Role.LEAD},
    ("POST", "/rules/publish"): {Role.LEAD},
    ("GET", "/health"): {Role.LEAD, Role.OPS},
    ("GET", "/settings"): set(Role),
    ("POST", "/settings"): set(Role),
    ("POST", "/settings/password"): set(Role),
    ("POST", "/settings/users"): {Role.LEAD},
    ("POST", "/settings/users/{user_id}"): {Role.LEAD},
    ("GET", "/audit"): {Role.AUDITOR},
    ("GET", "/help"): set(Role),
    ("POST", "/sign-out"): set(Role),
}


def routes(app: FastAPI) -> list[APIRoute]:
    found: list[APIRoute] = []

    def walk(parts: Any) -> None:
        for part in parts:
            if isinstance(part, APIRoute):
                found.append(part)
            elif hasattr(part, "original_router"):
                walk(part.original_router.routes)
            elif hasattr(part, "routes") and part.routes:
                walk(part.routes)

    walk(app.routes)
    return found


def named(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in routes(app)
        for method in route.methods or ()
        if method != "HEAD"
    }


def filled(path: str) -> str:
    values = {"ref": "case-falling-bond", "digest": "a" * 12, "name": "b" * 16, "user_id": "99"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


async def test_every_route_is_in_the_matrix_or_public(inbox: World) -> None:
    assert named(create_app(inbox.site)) == PUBLIC | set(NEEDED)


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_reaches_its_routes_and_no_other(inbox: World, role: Role) -> None:
    await inbox.take(stories("falling-bond"))
    client = await inbox.signed_in("person", role)
    page = await client.get("/settings")
    for (method, path), roles in NEEDED.items():
        if path in ("/live", "/sign-out"):
            continue  # one never ends, the other ends the session
        data = {"csrf": token(page)} if method == "POST" else None
        answer = await client.request(method, filled(path), data=data)
        refused = answer.status_code == 403
        assert refused == (role not in roles), (method, path, role, answer.status_code)
        assert answer.status_code != 500, (method, path)


async def test_nobody_reaches_anything_without_signing_in(inbox: World) -> None:
    client = inbox.browser()
    for method, path in NEEDED:
        answer = await client.request(method, filled(path))
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?next=")
    part = await client.get("/", headers={"hx-request": "true"})
    assert part.headers["hx-redirect"].startswith("/sign-in")


def test_operations_and_auditors_see_no_case_and_therapists_no_figures() -> None:
    assert RIGHTS[Role.OPS] == {Right.SEE_HEALTH}
    assert Right.SEE_CASES not in RIGHTS[Role.AUDITOR]
    assert Right.SEE_AGGREGATES not in RIGHTS[Role.THERAPIST]
    assert Right.SEE_AUDIT not in RIGHTS[Role.LEAD], "who acts does not watch over the log"


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": "abc.def"}, {}),
        ({"csrf": "TOKEN"}, {"origin": "http://elsewhere.test"}),
        ({"csrf": "TOKEN"}, {"sec-fetch-site": "cross-site"}),
        ({"csrf": "TOKEN"}, {"origin": "null"}),
    ],
)
async def test_a_form_of_elsewhere_changes_nothing(
    inbox: World, given: dict[str, str], headers: dict[str, str]
) -> None:
    client = await inbox.signed_in("person", Role.LEAD)
    mine = token(await client.get("/settings"))
    data = {**{k: v.replace("TOKEN", mine) for k, v in given.items()}, "language": "de"}
    answer = await client.post("/settings", data=data, headers=headers)
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    (row,) = await inbox.rows("SELECT language FROM users")
    assert row["language"] is None


async def test_a_token_of_another_session_does_not_fit(inbox: World) -> None:
    one = await inbox.signed_in("one", Role.LEAD)
    other = await inbox.signed_in("other", Role.LEAD)
    answer = await other.post("/settings", data={"csrf": token(await one.get("/settings"))})
    assert answer.status_code == 403
    fits = await one.post("/settings", data={"csrf": token(await one.get("/settings"))})
    assert fits.status_code == 303


async def test_a_session_ends_after_twelve_idle_hours(inbox: World) -> None:
    client = await inbox.signed_in("person", Role.LEAD)
    hour = 3600 * 1_000_000
    for hours, status in ((11, 200), (12.1, 303)):
        async with inbox.database.writing() as connection:
            await connection.execute(
                sessions.update().values(seen=signing_in.now() - int(hours * hour))
            )
        answer = await client.get("/")
        assert answer.status_code == status
    assert "ended=1" in answer.headers["location"]
    assert "Your session has ended" in (await client.get(answer.headers["location"])).text


async def test_an_account_that_ends_is_out_at_once(inbox: World) -> None:
    lead = await inbox.signed_in("lead", Role.LEAD)
    other = await inbox.signed_in("other", Role.THERAPIST)
    assert (await other.get("/")).status_code == 200
    (row,) = await inbox.rows("SELECT id FROM users WHERE login = 'other'")
    csrf = token(await lead.get("/settings"))
    await lead.post(f"/settings/users/{row['id']}", data={"csrf": csrf, "does": "end"})
    assert (await other.get("/")).status_code == 303


async def test_rights_that_are_lost_are_lost_with_the_next_page(inbox: World) -> None:
    lead = await inbox.signed_in("lead", Role.LEAD)
    other = await inbox.signed_in("other", Role.LEAD)
    assert (await other.get("/health")).status_code == 200
    (row,) = await inbox.rows("SELECT id FROM users WHERE login = 'other'")
    csrf = token(await lead.get("/settings"))
    await lead.post(f"/settings/users/{row['id']}", data={"csrf": csrf, "role": "therapist"})
    answer = await other.get("/health")
    assert answer.status_code == 403
    assert "not part of your role" in answer.text


async def test_the_last_lead_stays(inbox: World) -> None:
    lead = await inbox.signed_in("lead", Role.LEAD)
    (row,) = await inbox.rows("SELECT id FROM users")
    for change in ({"does": "end"}, {"role": "therapist"}):
        csrf = token(await lead.get("/settings"))
        answer = await lead.post(f"/settings/users/{row['id']}", data={"csrf": csrf, **change})
        assert answer.status_code == 422
    assert await inbox.rows("SELECT role, active FROM users") == [{"role": "lead", "active": 1}]
