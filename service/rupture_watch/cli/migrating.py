"""The command that moves an installation: repartition."""

import asyncio
from typing import Annotated

import typer

from rupture_watch.cli.output import Json, count_progress, print_json


def repartition(
    *,
    partitions: Annotated[int, typer.Option(min=1, max=4096, help="Of the new installation.")],
    prefix: Annotated[str, typer.Option(help="Of its topics, such as `alliance-8.`.")],
    app_id: Annotated[str, typer.Option(help="Its RUPTURE_WATCH_APP_ID.")],
    go: Annotated[
        bool, typer.Option("--go", help="Do it; without, only say what would be.")
    ] = False,
    json: Json = False,
) -> None:
    """Carry all states and unread events to new topics with another number of partitions.

    Run with the old installation's settings, its workers stopped. The old topics stay as they are.
    Killed, it goes on where it was; run it again for what senders still wrote to the old topics.
    """
    from rupture_watch.operations.repartition import renamed
    from rupture_watch.operations.repartition import repartition as operation
    from rupture_watch.settings import load

    old = load()
    new = renamed(old, partitions=partitions, prefix=prefix, app_id=app_id)
    with count_progress("records") as bar:
        done = asyncio.run(
            operation(
                old,
                new,
                go=go,
                progress=lambda name, count: bar.update(
                    bar.task_ids[0], description=name, completed=count
                ),
            )
        )
    if json:
        print_json(
            {
                "dry_run": not go,
                "waiting": done.waiting,
                "carried": done.carried,
                "cases_compared": done.cases,
            }
        )
        return
    for name, count in (done.carried if go else done.waiting).items():
        typer.echo(f"{count:>10,} {name}")
    if not go:
        typer.echo("offsets to read; dry run, nothing written; --go copies what is in them")
        return
    if done.cases is not None:
        typer.echo(f"{done.cases:,} cases compared: the same bytes, each in its partition")
    typer.echo("start the workers with")
    for name in ("partitions", "topic_prefix", "app_id"):
        typer.echo(f"  RUPTURE_WATCH_{name.upper()}={getattr(new, name)}")
