"""The sheet of a hand-over as a PDF: JSON on standard input, the PDF on standard output.

A process of its own (`api/sheets.py`): to read a font of all Chinese characters takes a second of a core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF

from domain.time import CITY

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
"""Debian's fonts-noto-cjk."""
SIMPLIFIED = 2
"""Which of the collection's fonts draws Chinese as in the mainland."""
TEXTS = {
    "zh": {
        "title": "交接班报告", "shift": "班次", "counts": "未办结", "late": "已超时", "next": "下一班内到期",
        "open": "未办结任务", "suspended": "挂账任务及原因", "done": "本班办结", "roster": "下一班在岗", "none": "无",
        "urgent": "紧急", "today": "今日", "planned": "计划", "cut": "另有 {n} 项未列出", "deputy": "副手 {who}",
        "by": "{at} 前", "itself": "自动办结", "sign": "交班：                    接班：                    时间：",
    },
    "en": {
        "title": "Hand-over of a shift", "shift": "Shift", "counts": "open", "late": "late",
        "next": "due in the next shift",
        "open": "Open tasks", "suspended": "Suspended, and why", "done": "Done in this shift", "roster": "On duty next",
        "none": "none",
        "urgent": "urgent", "today": "today", "planned": "planned", "cut": "{n} more are not listed",
        "deputy": "deputy {who}", "by": "by {at}", "itself": "closed by itself",
        "sign": "Handed over:                    Taken over:                    Time:",
    },
}  # fmt: skip


def sheet(told: dict[str, Any], language: str, rules: dict[str, str], font: Path = FONT) -> bytes:
    """The PDF (A4) of an answer of `GET /handover`; `rules`: what each rule is called."""
    text = TEXTS[language]
    page = FPDF(format="A4")
    page.set_margin(14)
    page.set_auto_page_break(True, 14)
    page.set_title(text["title"])
    page.add_font("cjk", fname=font, collection_font_number=SIMPLIFIED if font.suffix == ".ttc" else 0)
    page.add_page()

    def line(words: str, points: float = 10, space: float = 5.5) -> None:
        page.set_font("cjk", size=points)
        page.multi_cell(0, space, words, new_x="LMARGIN", new_y="NEXT")

    def part(name: str, lines: Iterable[str], counted: int) -> None:
        listed = list(lines)
        page.ln(2)
        line(f"{text[name]}  {counted}", 13, 8)
        for one in listed or [text["none"]]:
            line(one)
        if counted > len(listed):
            line(text["cut"].format(n=counted - len(listed)))

    def task(one: dict[str, Any]) -> str:
        due = text["by"].format(at=_at(one["respond_by"])) if one["respond_by"] else ""
        mark = text["late"] if one["late"] else text["next"] if one["due_next"] else ""
        rule = rules.get(one["rule"], one["rule"])
        done = f"{_at(one['at'])} {one['by_name'] or text['itself']}" if one["part"] == "done" else due
        shown = (text[one["severity"]], rule, one["address"] or one["queue"], done, mark, one["holder"], one["reason"])
        return "· " + "  ".join(word for word in shown if word)

    line(text["title"], 18, 10)
    line(f"{text['shift']}  {_at(told['begins'])} – {_at(told['until'])}   {told['scope'] or '–'}")
    for count in told["counts"]:
        head = f"{text[count['severity']]}  {text['counts']} {count['open']}"
        line(f"{head}  {text['late']} {count['late']}  {text['next']} {count['due_next']}", 11, 6)
    parts = {name: [one for one in told["tasks"] if one["part"] == name] for name in ("open", "suspended", "done")}
    counted = {"open": sum(one["open"] for one in told["counts"]), "suspended": told["suspended"], "done": told["done"]}
    for name, tasks in parts.items():
        part(name, map(task, tasks), counted[name])
    part("roster", (_shift(one, text) for one in told["roster"]), len(told["roster"]))
    page.ln(8)
    line(text["sign"], 11, 8)
    return bytes(page.output())


def _shift(one: dict[str, Any], text: dict[str, str]) -> str:
    deputy = f"  {text['deputy'].format(who=one['deputy'])}" if one["deputy"] else ""
    return f"· {one['grid']}  {_at(one['begins'])} – {_at(one['ends'])}  {one['worker']}{deputy}"


def _at(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(CITY):%m-%d %H:%M}"


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.stdout.buffer.write(sheet(**asked))
