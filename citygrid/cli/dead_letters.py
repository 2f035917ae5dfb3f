"""Records that could not be read, or not yet: list them, look at one, send them back.

Without `--reveal` nothing here shows what a record says: dead letters are personal data. A record's name is where it
stood: `topic:partition:offset`.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, errors
from domain.time import CITY
from runtime.settings import Settings, load

if TYPE_CHECKING:
    from producers.mending.letters import Content, DeadLetters, Letter, Origin
    from wire.registry import Registry

    Choose = Callable[[Letter, Content], Content | None]

Result = TypeVar("Result")
EXAMPLE = "citygrid dead-letters list"
WRONG_USE = 2

app = typer.Typer(help="Records that could not be read: list them, look at one, send them back.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET", help="As `list` prints it.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="Only records of this topic.")]


@app.command("list", epilog="Example: citygrid dead-letters list --topic police.household-registration --json")
def list_(topic: OfTopic = None, as_json: AsJson = False) -> None:
    """List what was put aside: where it stood, why, since when, how often, and when it was sent back."""
    settings = load()
    letters = [letter for letter in _letters(settings).values() if topic in (None, letter.origin.topic)]
    if as_json:
        print(json.dumps([_row(letter) for letter in letters], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("record", "kept in", "reason", "since", "times", "bytes", "sent back"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        since, back = _when(letter.put_aside_at), _when(letter.replayed_at)
        table.add_row(
            str(letter.origin), letter.kept_in, letter.reason, since, str(letter.times), str(letter.size), back
        )
    console.print(table)
    waiting = sum(1 for letter in letters if letter.replayed_at is None)
    console.print(f"{len(letters)} records, {waiting} of them not sent back")


@app.command(epilog="Example: citygrid dead-letters show police.household-registration:2:4711 --to mend.json")
def show(
    name: Name,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print what the record says: personal data.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write what it says into a new file, mode 0600.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one record: where it stood and why it was put aside; what it says only with --reveal or --to."""
    settings = load()
    letter = _letter(settings, name)
    row = _row(letter)
    if reveal or to:
        content = _refusing(lambda: _dead_letters(settings).content(letter))
        document = _readable(settings, content)
        if to:
            _write_private(to, document, content)
            errors.print(f"Written to {to}, readable by you only: delete it when the record is mended.")
        if reveal:
            row["content"] = document
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    for field, value in row.items():
        shown = json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, dict) else value
        console.print(f"{field}: {shown}", markup=False, highlight=False)


@app.command(
    epilog="Example: citygrid dead-letters replay --id police.household-registration:2:4711 --mended mend.json"
)
def replay(
    every: Annotated[bool, typer.Option("--all", help="Everything that was not sent back yet.")] = False,
    parked: Annotated[bool, typer.Option("--parked", help="Parked records that this version can read.")] = False,
    topic: OfTopic = None,
    names: Annotated[list[str] | None, typer.Option("--id", help="One record; may be repeated.")] = None,
    mended: Annotated[
        Path | None, typer.Option("--mended", help="Send the event in this JSON file instead (with one --id).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send departments' records back to where they came from, each once; prints which and how many.

    Parked records go only if this version can read them. Exit code 1: a record is not there or Kafka refused.
    """
    chosen = [every, parked, topic is not None, bool(names)]
    if sum(chosen) != 1:
        raise CommandFailed("Say what to send back: one of --all, --parked, --topic and --id.", WRONG_USE)
    if mended and len(names or []) != 1:
        raise CommandFailed("--mended takes one record's place: name it with one --id.", WRONG_USE)
    settings = load()
    origins = {_letter(settings, name, to_send=True).origin for name in names or []}
    sent = _replay(settings, _chooser(settings, mended), every, parked, topic, origins, quiet=as_json)
    if as_json:
        print(json.dumps({"replayed": [str(origin) for origin in sent]}, ensure_ascii=False))
    else:
        console.print(f"{len(sent)} records sent back")


def _replay(
    settings: Settings,
    choose: Choose,
    every: bool,
    parked: bool,
    topic: str | None,
    origins: set[Origin],
    *,
    quiet: bool,
) -> list[Origin]:
    from wire.topics import DEAD_LETTERS, PARKED

    sent: list[Origin] = []

    def among(letter: Letter) -> bool:
        return every or parked or letter.origin.topic == topic or letter.origin in origins

    def tell(letter: Letter) -> None:
        sent.append(letter.origin)
        if not quiet:
            console.print(str(letter.origin), markup=False, highlight=False)

    places = (PARKED,) if parked else (DEAD_LETTERS, PARKED)
    _refusing(lambda: _dead_letters(settings).replay(choose, among, tell, places))
    return sent


def _chooser(settings: Settings, mended: Path | None) -> Choose:
    from producers.mending.replay import chooser

    text = _read(mended) if mended else None
    return chooser(settings, _registry(settings), text)


def _letters(settings: Settings) -> dict[Origin, Letter]:
    return _refusing(lambda: _dead_letters(settings).letters())


def _letter(settings: Settings, name: str, *, to_send: bool = False) -> Letter:
    from producers.mending.letters import Origin

    origin = _refusing(lambda: Origin.parse(name))
    letter = _letters(settings).get(origin)
    if letter is None:
        raise CommandFailed(f"There is no dead letter {origin}: `citygrid dead-letters list` prints those there are.")
    if to_send and not _dead_letters(settings).may_go_back(letter):
        raise CommandFailed(
            f"{origin} was written by a stage, not by a department: sent again it would put the past over the present. "
            "Mend the reader; the stage writes the row anew with its next change."
        )
    return letter


def _dead_letters(settings: Settings) -> DeadLetters:
    from producers.mending.letters import DeadLetters

    return DeadLetters(settings)


def _registry(settings: Settings) -> Registry:
    from wire.registry import Registry

    return Registry.of(settings, on_wait=lambda _: errors.print("waiting for the schema registry …"))


def _refusing(ask: Callable[[], Result]) -> Result:
    """What `ask` returns; what a person can mend ends the command with its sentence."""
    from producers.mending.event_json import NotMended
    from producers.mending.letters import LettersUnreadable
    from wire.pseudonym import KeyRefused

    try:
        return ask()
    except (LettersUnreadable, NotMended, KeyRefused) as refused:
        raise CommandFailed(str(refused)) from refused


def _readable(settings: Settings, content: Content) -> dict[str, Any]:
    """The event as JSON, or key and value in base64 if the value is no readable event."""
    from producers.mending.event_json import as_json

    event = as_json(_registry(settings), content.value)
    if event is not None:
        return event
    raw = {"key_base64": content.key, "value_base64": content.value}
    return {name: b64encode(part).decode() if part is not None else None for name, part in raw.items()}


def _write_private(to: Path, document: dict[str, Any], content: Content) -> None:
    """JSON if the event is readable, else the value's bytes."""
    text = json.dumps(document, ensure_ascii=False, indent=1).encode() if "kind" in document else content.value or b""
    try:
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except OSError as refused:
        raise CommandFailed(f"{to} cannot be written ({refused.strerror}): name a new file.") from refused


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as refused:
        raise CommandFailed(f"{file} cannot be read as UTF-8 text ({type(refused).__name__}).") from refused


def _row(letter: Letter) -> dict[str, Any]:
    origin = letter.origin
    return {
        "record": str(origin),
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "kept_in": letter.kept_in,
        "reason": letter.reason,
        "schema_id": letter.schema_id,
        "published_at": _utc(letter.origin_at),
        "put_aside_at": _utc(letter.put_aside_at),
        "times": letter.times,
        "bytes": letter.size,
        "replay_of": letter.replay_of,
        "replayed_at": _utc(letter.replayed_at),
    }


def _utc(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


def _when(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, CITY).strftime("%Y-%m-%d %H:%M:%S")
