"""Commands at the edge: gateway, map, mapping, keys."""

import datetime as dt
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rupture_watch.cli.output import Json, moment, print_json
from rupture_watch.failures import FAULTY

mapping = typer.Typer(no_args_is_help=True, help="How other systems' words become ours.")
keys = typer.Typer(no_args_is_help=True, help="Secrets of the gateway, freshly made.")

Body = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="As it would be sent.")
]
Bodies = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="As sent.")
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", exists=True, dir_okay=False, help="TOML; absent: the shipped one."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--keys", exists=True, dir_okay=False, help="Absent: a public example key."),
]
FormatOption = Annotated[
    Literal["auto", "fhir", "hl7v2", "cds-hooks", "cloudevents"], typer.Option("--format")
]
EXAMPLE_NOTE = "pseudonyms are made with the public example key: look at them, send none of them"


def gateway() -> None:
    """Take events in over HTTP and MLLP; each is answered once Kafka has it. Stops at SIGTERM."""
    from rupture_watch.gateway.extra import require

    require()
    from rupture_watch.gateway.settings import load
    from rupture_watch.settings import load as load_service

    gateway, service = load(), load_service()
    from rupture_watch.gateway.serving import serve  # the settings are wrong more often, and quick

    raise typer.Exit(serve(gateway, service))


def map_file(
    file: Body,
    *,
    format: FormatOption = "auto",  # noqa: A002 - the option's name
    mapping: MappingFile = None,
    keys: KeyFile = None,
    received: Annotated[
        str | None, typer.Option(help="Judge as if received then; absent: when it was recorded.")
    ] = None,
    backfill: Annotated[bool, typer.Option("--backfill", help="History sent late.")] = False,
) -> None:
    """Print what a FHIR, HL7 v2, CDS Hooks or CloudEvents file becomes; exits 1 if refused."""
    from rupture_watch.gateway.extra import require

    require()
    import msgspec

    body = file.read_bytes()
    mapper = _mapper(mapping, keys)
    chosen = _format(file, body, format)
    run = mapper.run(None if received is None else moment(received), backfill=backfill)
    mapped = mapper.of_format(run, body, chosen)
    for event in mapped.events:
        typer.echo(msgspec.json.encode(event).decode())
    for verdict in mapped.verdicts:
        if verdict.outcome != "mapped" and verdict.reason != "other_resource":
            typer.echo(f"{file}: {verdict.outcome}: {verdict.message}", err=True)
    if keys is None and mapped.events and chosen != "cloudevents":
        typer.echo(EXAMPLE_NOTE, err=True)
    if mapped.refused:
        raise typer.Exit(FAULTY)


@mapping.command("report")
def mapping_report(
    files: Bodies,
    *,
    mapping: MappingFile = None,
    json: Json = False,
) -> None:
    """Show the codes that the mapping does not know, with counts and where they go instead."""
    from rupture_watch.gateway.extra import require

    require()
    from rupture_watch.gateway.mapping.report import report

    mapper = _mapper(mapping, None)
    found = report(mapper, (file.read_bytes() for file in files))
    if json:
        print_json(found.as_json())
        return
    for line in found.lines():
        typer.echo(line)


@mapping.command("show")
def mapping_show(*, mapping: MappingFile = None) -> None:
    """Print the whole mapping, shipped presets included, as JSON."""
    from rupture_watch.gateway.extra import require

    require()
    from rupture_watch.gateway.mapping.profile import load

    typer.echo(load(mapping).model_dump_json(indent=2))


@keys.command("pseudonym")
def keys_pseudonym(
    name: Annotated[str, typer.Argument(help="A name for the key, such as 2026-01.")],
    *,
    since: Annotated[str | None, typer.Option(help="RFC 3339; absent: now.")] = None,
) -> None:
    """Make a pseudonymisation key: a table for the gateway's key file."""
    from rupture_watch.gateway.keyfile import SECRET_BYTES, stanza

    start = dt.datetime.now(dt.UTC) if since is None else _aware(since)
    typer.echo(stanza(name, secrets.token_bytes(SECRET_BYTES), start), nl=False)


@keys.command("client")
def keys_client(
    name: Annotated[str, typer.Argument(help="Who will hold it.")],
    *,
    scopes: Annotated[str, typer.Option(help="Of: events, fhir, hl7v2, cds.")] = "events,fhir",
) -> None:
    """Make an API key: printed once on standard error; its table, hashed, for the client file."""
    from rupture_watch.gateway.clients import new_key, stanza

    key = new_key()
    typer.echo(f"API key of {name}, shown this once: {key}", err=True)
    typer.echo(stanza(name, key, scopes.split(",")), nl=False)


def _aware(text: str) -> dt.datetime:
    moment(text)
    return dt.datetime.fromisoformat(text)


def _mapper(mapping_file: Path | None, key_file: Path | None) -> Any:
    from rupture_watch.gateway.keyfile import load as load_keys
    from rupture_watch.gateway.mapping.mapper import Mapper
    from rupture_watch.gateway.mapping.profile import load
    from rupture_watch.gateway.mapping.pseudonyms import Keyring

    ring = Keyring.example() if key_file is None else Keyring(load_keys(key_file))
    return Mapper(load(mapping_file), ring)


def _format(file: Path, body: bytes, chosen: str) -> Any:
    from rupture_watch.gateway.mapping.mapper import guess

    found = guess(body) if chosen == "auto" else chosen
    if found is None:
        typer.echo(f"{file}: refused: unreadable: none of the formats; name one", err=True)
        raise typer.Exit(FAULTY)
    return found
