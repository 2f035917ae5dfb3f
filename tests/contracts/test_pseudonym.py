"""Pseudonyms: the same person the same, nobody without the key; and a key that is guarded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from domain.codes import InvalidCode
from local.stack.local import LocalStack, Ports
from runtime.settings import Settings
from tests.contracts.people import full_width, number
from wire.pseudonym import PSEUDONYM, KeyRefused, Pseudonyms, new_key, read_keys


def test_a_pseudonym_is_the_mac_of_the_normalised_number() -> None:
    made = Pseudonyms(b"k" * 32).of_number(number(1))
    mac = hmac.new(b"k" * 32, number(1).encode(), hashlib.sha256).digest()
    assert made == "k1." + base64.urlsafe_b64encode(mac).decode().rstrip("=")
    assert PSEUDONYM.fullmatch(made)


def test_the_same_person_is_the_same_however_typed_and_another_key_gives_another() -> None:
    ours, theirs = Pseudonyms(b"k" * 32), Pseudonyms(b"l" * 32, "k2")
    for index in range(50):
        person = number(index)
        forms = {person, person.lower(), full_width(person), f" {person} ", person[:6] + person[8:17]}
        assert len({ours.of_number(form) for form in forms}) == 1
        assert theirs.of_number(person)[3:] != ours.of_number(person)[3:]
    assert len({ours.of_number(number(index)) for index in range(500)}) == 500
    with pytest.raises(InvalidCode):
        ours.of_number("not a number")


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    stack = LocalStack(tmp_path, Ports.free(), tmp_path)
    stack.write_environment()
    file = stack.pseudonym_key_file
    before = read_keys(file)
    stack.write_environment()
    assert read_keys(file) == before
    assert new_key() != new_key()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = Settings(_env_file=None, pseudonym_key_file=file)
    assert Pseudonyms.of(settings).key_id == "k1"


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (None, 0o600, "cannot be read"),
        ("", 0o600, "is empty"),
        ("k1 " + "ab" * 32, 0o644, "chmod 600"),
        ("k1 abc", 0o600, "line 1"),
        ("k1 " + "ab" * 32 + "\nk1 " + "cd" * 32, 0o600, "twice"),
    ],
)
def test_a_key_that_is_missing_broken_or_open_is_refused(
    tmp_path: Path, content: str | None, mode: int, message: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content, encoding="ascii")
        file.chmod(mode)
    with pytest.raises(KeyRefused, match=message) as refused:
        read_keys(file)
    assert "abab" not in str(refused.value)


def test_without_a_key_nothing_is_published() -> None:
    with pytest.raises(KeyRefused, match="CITYGRID_PSEUDONYM_KEY_FILE"):
        Pseudonyms.of(Settings(_env_file=None, pseudonym_key_file=None))


def test_the_newest_key_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text("ab" * 32 + "\nk2 " + "cd" * 32 + "\n", encoding="ascii")
    assert [key_id for key_id, _ in read_keys(file)] == ["k1", "k2"]
    assert Pseudonyms.of(Settings(_env_file=None, pseudonym_key_file=file)).key_id == "k2"
