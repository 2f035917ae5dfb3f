"""Both languages of the pages say the same things, and the shell that works offline is whole."""

from __future__ import annotations

import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain import rules
from processes.api_server import pages, words_module
from runtime.settings import Settings
from web.assets import STATIC, WORDS, libraries
from web.bundle import bundle
from wire.words import words

ENTRY = re.compile(r'^  ("(?:[^"\\]|\\.)+"):\s+("(?:[^"\\]|\\.)*"),$', re.MULTILINE)
USED = re.compile(r'\b(?:t|named)\(\s*"([^"]+)"')
IMPORT = re.compile(r'(?:from|import)\s+"([^"]+)"')
LINKED = re.compile(r'(?:href|src)="([^"#]+)"')
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
EVENTS = Path(__file__).resolve().parents[2] / "schemas" / "events"
ROWS = EVENTS.parent / "rows"
PLACE = re.compile(r"\{(\w+)\}")


def texts(language: str) -> dict[str, str]:
    entries_found: list[tuple[str, str]] = []
    for file in sorted((STATIC / "text" / language).glob("*.js")):
        source = file.read_text(encoding="utf-8")
        entries = [(json.loads(key), json.loads(text)) for key, text in ENTRY.findall(source)]
        assert len(entries) == source.count('\n  "'), (
            f"text/{language}/{file.name}: a line is not of the form key: text,"
        )
        assert f'"./{language}/{file.name}"' in (STATIC / "text" / f"{language}.js").read_text(encoding="utf-8")
        entries_found += entries
    keys = [key for key, _ in entries_found]
    assert len(keys) == len(set(keys)), f"text/{language}/: a key stands twice"
    return dict(entries_found)


def modules() -> list[Path]:
    return [file for file in sorted(STATIC.rglob("*.js")) if STATIC / "text" not in file.parents]


def test_both_languages_have_the_same_keys() -> None:
    chinese, english = texts("zh"), texts("en")
    assert chinese.keys() == english.keys()
    for file in (STATIC / "text" / "zh").glob("*.js"):
        english_file = STATIC / "text" / "en" / file.name
        assert [entry[0] for entry in ENTRY.findall(file.read_text("utf-8"))] == [
            entry[0] for entry in ENTRY.findall(english_file.read_text("utf-8"))
        ]
    assert all(chinese.values())
    assert all(english.values())


def test_a_text_and_its_translation_take_the_same_values() -> None:
    chinese, english = texts("zh"), texts("en")
    differing = [key for key in chinese if set(PLACE.findall(chinese[key])) != set(PLACE.findall(english[key]))]
    assert differing == []


def test_each_text_that_a_page_asks_for_is_there() -> None:
    known = texts("zh").keys() | words()["zh"].keys()
    code = {file.name: COMMENT.sub("", file.read_text(encoding="utf-8")) for file in modules()}
    asked = {(name, key) for name, source in code.items() for key in USED.findall(source)}
    assert asked
    assert {(name, key) for name, key in asked if key not in known} == set()


def test_each_name_that_comes_from_a_contract_or_a_rule_has_words() -> None:
    """Rules, departments, kinds of statements and the codes in their values, in the schemas as they stand."""
    streams = [json.loads(file.read_text("utf-8")) for file in sorted(EVENTS.glob("*/*.avsc"))]
    wanted = {f"department.{file.parent.name}" for file in EVENTS.glob("*/*.avsc")}
    wanted |= {f"topic.{file.parent.name}.{file.stem}" for file in EVENTS.glob("*/*.avsc")}
    files = [module.name for module in pkgutil.iter_modules(rules.__path__) if not module.name.startswith("_")]
    wanted |= {f"view.{file.stem}" for file in ROWS.glob("*.avsc")}
    wanted |= {f"rule.{name.replace('_', '-')}" for name in files}
    for stream in streams:
        wanted |= {f"kind.{one['name']}" for one in within(stream, "record") if one is not stream}
        for code in within(stream, "enum"):
            group = "relation" if code["name"] == "Relation" else "value"
            wanted |= {f"{group}.{symbol}" for symbol in code["symbols"]}
    assert len(wanted) > 40
    for language in ("zh", "en"):
        assert wanted - (texts(language).keys() | words()[language].keys()) == set()


def within(schema: Any, kind: str) -> list[dict[str, Any]]:
    """Every type of that kind in an Avro schema."""
    if isinstance(schema, list):
        return [one for part in schema for one in within(part, kind)]
    if not isinstance(schema, dict):
        return []
    return [schema] * (schema.get("type") == kind) + [one for part in schema.values() for one in within(part, kind)]


def test_no_page_holds_a_text_of_its_own() -> None:
    """Chinese in a module would be seen by English readers; comments may hold some."""
    chinese = re.compile("[\u4e00-\u9fff]")
    lines = [
        f"{file.name}: {line.strip()}"
        for file in modules()
        for line in file.read_text(encoding="utf-8").splitlines()
        if chinese.search(line.split("//")[0]) and not line.lstrip().startswith(("*", "/*"))
    ]
    assert lines == []


def test_the_offline_shell_has_every_file_of_the_workers_page() -> None:
    made = bundle(words_module())
    release = json.loads(re.findall(r"const RELEASE = (.*);", made.pages["/sw.js"].content.decode())[0])
    listed = {address.removeprefix(f"/v/{made.version}") for address in release["files"]}
    lib = libraries()
    assert listed == reachable("/worker.html", lib) | reachable("/index.html", lib)


def reachable(path: str, lib: dict[str, Path]) -> set[str]:
    """Every file that the page at `path` loads, itself included."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in lib or here == WORDS or not here.endswith((".html", ".js")):
            continue
        source = (STATIC / here[1:]).read_text(encoding="utf-8")
        names = LINKED.findall(source) if here.endswith(".html") else IMPORT.findall(source)
        base = (STATIC / here[1:]).parent
        for name in names:
            target = name if name.startswith("/") else "/" + (base / name).resolve().relative_to(STATIC).as_posix()
            waiting.append(target)
    return seen


@pytest.mark.parametrize("page", sorted(file.name for file in STATIC.glob("*.html")))
def test_a_page_loads_nothing_from_outside_and_holds_no_inline_script(page: str) -> None:
    source = (STATIC / page).read_text(encoding="utf-8")
    assert not re.search(r"""(?:href|src)=["'](?:https?:)?//""", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert not re.search(r"<style|\sstyle=", source)
    assert all(path in libraries() or (STATIC / path.lstrip("/")).is_file() for path in LINKED.findall(source))


def test_files_stay_small_enough_to_read() -> None:
    assert [
        file.name for file in STATIC.rglob("*.js") if len(file.read_text(encoding="utf-8").splitlines()) > 300
    ] == []


async def test_names_that_stand_in_contracts_and_rules_come_with_the_server() -> None:
    server = httpx.ASGITransport(pages(Settings(_env_file=None)))
    async with httpx.AsyncClient(transport=server, base_url="http://127.0.0.1") as client:
        answer = await client.get(WORDS)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert json.loads(answer.text.removeprefix("export default ").removesuffix(";\n")) == words()


def test_no_line_of_the_pages_is_longer_than_120_characters() -> None:
    files = [file for file in sorted(STATIC.rglob("*")) if file.is_file()]
    assert len(files) > 60
    assert [
        f"{file.name}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ] == []
