"""Mails against a real mail server: thin, once for an alert, in their hours, or one a day."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from sqlalchemy import text

from rupture_watch.delivery.courier import now
from rupture_watch.delivery.log.listing import attempts
from rupture_watch.failures import Misconfigured
from tests.receivers.alerts import STATEMENT, alert_id, revision
from tests.receivers.office import at_work, in_folder, mailbox
from tests.receivers.post import PASSWORD, USER, PostOffice, open_office

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

CASE = "case-canary-4711"


def _parts(mail: EmailMessage) -> str:
    return "\n".join(part.get_content() for part in mail.walk() if not part.is_multipart())


async def test_a_mail_says_that_a_question_awaits_and_nothing_of_whom(tmp_path: Path) -> None:
    async with (
        open_office(PostOffice()) as post,
        at_work(in_folder(tmp_path), mailbox(post.port)) as office,
    ):
        await office.note(revision(CASE))
        await office.settled()
    [mail] = post.mails
    whole = mail.as_string()
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert _parts(mail).count("https://inbox.example/") == 2
    assert "Not for emergencies; not monitored in real time." in _parts(mail)
    assert mail["Auto-Submitted"] == "auto-generated"
    for secret in (CASE, alert_id(CASE), STATEMENT, "Bond", "A4"):
        assert secret not in whole


async def test_a_person_is_told_of_an_alert_once(tmp_path: Path) -> None:
    async with (
        open_office(PostOffice()) as post,
        at_work(in_folder(tmp_path), mailbox(post.port, severities=[3, 4])) as office,
    ):
        await office.note(revision(CASE, 1, severity=2))
        await office.note(revision(CASE, 2, "amended", severity=3))
        await office.settled()
        await office.note(revision(CASE, 3, "amended", severity=4))
        await office.note(revision(CASE, 4, "repaired"))
        rows = await office.settled()
    assert len(post.mails) == len(rows) == 1


async def test_a_person_is_told_again_of_an_alert_that_comes_back(tmp_path: Path) -> None:
    async with (
        open_office(PostOffice()) as post,
        at_work(in_folder(tmp_path), mailbox(post.port)) as office,
    ):
        await office.note(revision(CASE))
        await office.settled()
        await office.note(revision(CASE, 2, "retracted"), revision(CASE, 3, "raised"))
        await office.settled()
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 2


async def test_what_is_over_before_the_quiet_hours_are_is_not_mailed(tmp_path: Path) -> None:
    always = {"begin": "00:00:00", "end": "23:59:59", "zone": "UTC"}
    async with (
        open_office(PostOffice()) as post,
        at_work(in_folder(tmp_path), mailbox(post.port, quiet=always)) as office,
    ):
        await office.note(revision(CASE), revision("another"))
        assert {row.state for row in await office.rows()} == {"pending"}
        [due] = {row.due_at for row in await office.rows()}
        assert dt.datetime.fromtimestamp(due // 1_000_000, dt.UTC).time() == dt.time(23, 59, 59)
        await office.note(revision(CASE, 2, "retracted"))
        assert sorted(row.state for row in await office.rows()) == ["pending", "unneeded"]
    assert post.mails == []


async def test_a_digest_is_one_mail_for_all_that_came_since_the_last(tmp_path: Path) -> None:
    at = {"at": "00:00:00", "zone": "UTC"}
    async with open_office(PostOffice()) as post:
        endpoint = mailbox(post.port, kind="digest", **at)
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision("case-1"), revision("case-2"))
            await office.note(revision("case-3"), revision("case-1", 2, "amended"))
            assert len({row.due_at for row in await office.rows()}) == 1
            async with office.engine.begin() as connection:  # midnight comes
                await connection.execute(
                    text("UPDATE delivery SET due_at = :now, slot = :now"), {"now": now()}
                )
            office.couriers[0].wake()
            rows = await office.settled()
    [mail] = post.mails
    assert [row.state for row in rows] == ["delivered"] * 3
    assert mail["Subject"] == "Rupture Watch: 3 questions await in the inbox"
    assert "case-1" not in mail.as_string()


async def test_a_mail_has_one_message_id_however_often_it_is_tried(tmp_path: Path) -> None:
    said = iter(["451 try later", "451 try later"])
    seen: list[str] = []

    class Greylisting(PostOffice):
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
            content: bytes = envelope.content  # type: ignore[attr-defined] # aiosmtpd's
            seen.extend(x for x in content.decode().splitlines() if x.startswith("Message-ID"))
            return await super().handle_DATA(server, session, envelope)

    async with open_office(Greylisting()) as post:
        post.answer = lambda: next(said, "250 OK")
        async with at_work(in_folder(tmp_path), mailbox(post.port)) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
            results = [one.result for one in await attempts(office.engine, row.id)]
    assert results == ["unavailable", "unavailable", "delivered"]
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert len(post.mails) == 1


async def test_a_permanent_refusal_is_not_tried_again(tmp_path: Path) -> None:
    async with open_office(PostOffice()) as post:
        post.answer = lambda: "550 no such mailbox"
        async with at_work(in_folder(tmp_path), mailbox(post.port)) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
    assert (row.state, row.last_result, row.attempts) == ("failed", "rejected", 1)


async def test_a_mail_whose_fate_is_unknown_is_held_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    async with open_office(PostOffice()) as post:
        endpoint = mailbox(post.port, in_doubt="hold")
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            await office.settled()
            async with office.engine.begin() as connection:  # as a kill after the handing over
                await connection.execute(
                    text("UPDATE delivery SET state = 'pending', started_at = 1")
                )
            assert await office.log.begin(now(), hold=["mail"]) == 1
            [row] = await office.settled()
    assert (row.state, row.last_result) == ("failed", "interrupted")
    assert len(post.mails) == 1


async def test_a_password_goes_over_tls_to_a_trusted_server_only(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(trust)
    for name, one in (("ours", authority), ("theirs", stranger)):
        one.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "wrong").write_text("wrong")
    signed_in: dict[str, Any] = {
        "tls": "starttls",
        "username": USER,
        "password_file": tmp_path / "password",
    }
    async with open_office(PostOffice(), trust=trust) as post:
        good = mailbox(post.port, name="good", ca_file=tmp_path / "ours.pem", **signed_in)
        bad = mailbox(post.port, name="bad", ca_file=tmp_path / "theirs.pem", **signed_in)
        wrong = good.model_copy(update={"name": "wrong", "password_file": tmp_path / "wrong"})
        async with at_work(in_folder(tmp_path), good, bad, wrong) as office:
            await office.note(revision(CASE))
            rows = {row.endpoint: row for row in await office.settled()}
    assert {name: row.last_result for name, row in rows.items()} == {
        "good": "delivered",
        "bad": "untrusted",
        "wrong": "unauthorised",
    }
    assert len(post.mails) == len(post.signed_in) == 1


async def test_a_clinic_s_own_words_replace_the_service_s(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    (words / "alert.subject.txt.j2").write_text("Eine Frage wartet")
    async with (
        open_office(PostOffice()) as post,
        at_work(in_folder(tmp_path), mailbox(post.port, templates=words)) as office,
    ):
        await office.note(revision(CASE))
        await office.settled()
    assert post.mails[0]["Subject"] == "Eine Frage wartet"


@pytest.mark.parametrize("words", ["{{ case }}", "{% if %}"])
def test_a_template_that_cannot_be_filled_is_refused_at_start(tmp_path: Path, words: str) -> None:
    from rupture_watch.delivery.channels.mail import MailChannel  # noqa: PLC0415 - of this test

    (tmp_path / "alert.body.txt.j2").write_text(words)
    with pytest.raises(Misconfigured, match="endpoint mail: templates"):
        MailChannel(mailbox(25, templates=tmp_path))
