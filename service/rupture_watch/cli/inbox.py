"""Commands of the inbox: serve it, make its read model anew, add people, check the audit log."""

import asyncio
from typing import Annotated

import typer

from rupture_watch.cli.output import Json, print_json
from rupture_watch.failures import FAULTY

inbox = typer.Typer(help="The clinical lead's page.", invoke_without_command=True)
audit = typer.Typer(no_args_is_help=True, help="The audit log of the inbox.")

Guest = Annotated[
    bool, typer.Option("--guest", help="Print a link that signs in once, for a demonstration.")
]


@inbox.callback()
def serve(context: typer.Context, *, guest: Guest = False) -> None:
    """Serve the inbox; prints its address, and at first start a link to set it up."""
    if context.invoked_subcommand is not None:
        return
    from rupture_watch.inbox.serving import serve as operation
    from rupture_watch.inbox.settings import load_inbox
    from rupture_watch.settings import load

    asyncio.run(operation(load(), load_inbox(), guest=guest, say=_say))


@inbox.command("rebuild")
def rebuild(
    *,
    from_topics_only: Annotated[
        bool,
        typer.Option(
            "--from-topics-only",
            help="Also forget facts and answers that the topics do not hold any more.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make the read model anew from the topics; accounts, notes and the audit log stay."""
    from rupture_watch.inbox.projection.rebuilding import rebuild as operation
    from rupture_watch.inbox.settings import load_inbox
    from rupture_watch.settings import load

    count = asyncio.run(operation(load(), load_inbox(), everything=from_topics_only))
    if json:
        print_json({"records": count})
    else:
        typer.echo(f"read {count:,} records")


@inbox.command("add-user")
def add_user(
    login: Annotated[str, typer.Argument(help="What the person signs in with.")],
    name: Annotated[str, typer.Argument(help="What others see.")],
    *,
    role: Annotated[str, typer.Option(help="therapist, lead, ops or auditor.")] = "therapist",
) -> None:
    """Add an account; prints a link by which its person sets a password, once."""
    from rupture_watch.inbox.access.people import add
    from rupture_watch.inbox.settings import load_inbox
    from rupture_watch.settings import load

    typer.echo(asyncio.run(add(load(), load_inbox(), login, name, role)))


@audit.command("verify")
def verify(*, json: Json = False) -> None:
    """Check that no row of the audit log was changed or taken out; exits 1 if one was."""
    from rupture_watch.inbox.access.people import verified
    from rupture_watch.inbox.settings import load_inbox
    from rupture_watch.settings import load

    verdict = asyncio.run(verified(load(), load_inbox()))
    if json:
        print_json(
            {
                "rows": verdict.rows,
                "head": verdict.head,
                "fault": verdict.fault._asdict() if verdict.fault else None,
            }
        )
    elif verdict.fault is None:
        typer.echo(f"{verdict.rows:,} rows hold; the last one is {verdict.head}")
    else:
        typer.echo(f"row {verdict.fault.seq}: {verdict.fault.what}", err=True)
    if verdict.fault is not None:
        raise typer.Exit(FAULTY)


def _say(line: str) -> None:
    typer.echo(line)
    typer.get_text_stream("stdout").flush()
