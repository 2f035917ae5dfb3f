"""What a page seals the server opens, and nothing else opens it."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from api.sealing import NotSealed, SealingKeys
from runtime.settings import CHECKOUT
from tests.contracts.test_page_modules import NODE, TESTS
from web.assets import libraries

SEAL = f"""
localStorage.setItem("citygrid.sealing-key", process.env.KEY);
const {{ seal }} = await import("{(CHECKOUT / "web/static/app/seal.js").as_uri()}");
console.log(await seal(process.env.ACCOUNT, JSON.parse(process.env.CONTENT)));
"""
CONTENT = {"note": "老人独居 " * 400, "checks": {"someone_met": "yes"}}


def sealed_by_a_page(key_id: str, key: str, account: str = "an account") -> str:
    """`CONTENT` as a tablet of this account seals it to this public key."""
    settings = {
        **os.environ,
        "VUE": str(libraries()["/lib/vue.js"]),
        "KEY": json.dumps({"id": key_id, "key": key}),
        "ACCOUNT": account,
        "CONTENT": json.dumps(CONTENT),
    }
    options = ("--import", (TESTS / "browser.js").as_uri(), "--input-type=module", "-e", SEAL)
    run = subprocess.run([NODE, *options], env=settings, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.strip()


def test_the_server_opens_what_a_page_sealed_also_under_a_key_before_the_one_in_force() -> None:
    first = SealingKeys([("k1", b"\x01" * 32)])
    sealed = sealed_by_a_page(*first.public)
    later = SealingKeys([("k1", b"\x01" * 32), ("k2", b"\x02" * 32)])
    assert later.public[0] == "k2"
    for keys in (first, later):
        assert keys.open(sealed) == {"account": "an account", "content": CONTENT}
    for stranger in (SealingKeys([("k1", b"\x03" * 32)]), SealingKeys([("k2", b"\x02" * 32)])):
        with pytest.raises(NotSealed):
            stranger.open(sealed)


def test_what_was_changed_is_refused_whatever_it_is() -> None:
    keys = SealingKeys([("k1", b"\x01" * 32)])
    sealed = sealed_by_a_page(*keys.public)
    head, point, iv, data = sealed.split(".")
    flipped = ("B" if data[5] == "A" else "A").join((data[:5], data[6:]))
    wrong = (
        "", "k1", "k1...", "k1.a.b", f"{head}.{point}.{iv}.{flipped}", f"{head}.{iv}.{iv}.{data}",
        f"{head}.{point}..{data}", f"k9.{point}.{iv}.{data}", sealed + "A", f"{head}.\u00e9.{iv}.{data}",
    )  # fmt: skip
    for text in wrong:
        with pytest.raises(NotSealed):
            keys.open(text)
