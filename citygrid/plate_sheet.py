"""Door plates as a PDF, a page of A6 a plate: address, QR code, and the code to be typed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import segno
from fontTools.ttLib import TTCollection, TTLibError
from fpdf import FPDF

from database.plates import Plate

PAGE_MM = (105, 148)  # A6
MARGIN_MM = 8
QR_MM = 62
FONT_FAMILY = "Noto Sans CJK SC"
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
"""Debian's fonts-noto-cjk: SIL Open Font License 1.1, which allows embedding; a page holds the characters it shows."""
SCAN = "扫码：社区服务 · 网格员 · 上报问题"
SCAN_EN = "Scan: services nearby, your grid worker, report a problem"
REMARK = "本码不含个人信息 No personal data in this code"


class FontMissing(Exception):
    """There is no font with Chinese characters; the message says which package has one."""


def write(plates: Iterable[Plate], base: str, file: Path, font: Path = FONT) -> int:
    """Write a page for each plate; how many. `base`: where phones reach the pages. Raises FontMissing."""
    sheet = FPDF(unit="mm", format=PAGE_MM)
    sheet.set_auto_page_break(False)
    sheet.set_margin(MARGIN_MM)
    sheet.set_title("门牌 door plates")
    try:
        sheet.add_font("cjk", fname=font, collection_font_number=_simplified(font))
    except (OSError, TTLibError, RuntimeError) as missing:
        raise FontMissing(
            f"{font} is no font that can be read: install Debian's package fonts-noto-cjk, or name another by --font."
        ) from missing
    for plate in plates:
        _page(sheet, plate, base)
    sheet.output(str(file))
    return int(sheet.pages_count)


def _page(sheet: FPDF, plate: Plate, base: str) -> None:
    sheet.add_page()
    _line(sheet, " ".join(plate.names_zh), 11, 12)
    _fitted(sheet, plate.address, 18, 19)
    # Bytes mode: the path's letters are those of a URL. 25 % of the code may be scratched.
    code = segno.make_qr(f"{base}/p/{plate.code}", error="q")
    left, top = (PAGE_MM[0] - QR_MM) / 2, 34.0
    _modules(sheet, code, left, top)
    _line(sheet, SCAN, 11, top + QR_MM + 5)
    _line(sheet, SCAN_EN, 7.5, top + QR_MM + 12)
    groups = [plate.code[start : start + 5] for start in range(0, len(plate.code), 5)]
    _line(sheet, " ".join(groups), 9, top + QR_MM + 21)
    _line(sheet, REMARK, 7, PAGE_MM[1] - 13)


def _modules(sheet: FPDF, code: segno.QRCode, left: float, top: float) -> None:
    """The QR code as dark rectangles, a run of modules each; its quiet zone is the paper around it."""
    rows = [list(row) for row in code.matrix]
    module = QR_MM / len(rows)
    sheet.set_fill_color(0)
    for down, row in enumerate(rows):
        across = 0
        while across < len(row):
            run = across
            while run < len(row) and row[run]:
                run += 1
            if run > across:
                sheet.rect(left + across * module, top + down * module, (run - across) * module, module, style="F")
            across = max(run, across + 1)


def _fitted(sheet: FPDF, text: str, points: float, top: float) -> None:
    """In one line if it fits at half the size or more, else in two."""
    width = PAGE_MM[0] - 2 * MARGIN_MM
    sheet.set_font("cjk", size=points)
    share = width / max(sheet.get_string_width(text), 1)
    if share < 0.55:
        half = (len(text) + 1) // 2
        _fitted(sheet, text[:half], points * 0.6, top - 2)
        _fitted(sheet, text[half:], points * 0.6, top + 5)
        return
    _line(sheet, text, points * min(1, share * 0.98), top)


def _line(sheet: FPDF, text: str, points: float, top: float) -> None:
    sheet.set_font("cjk", size=points)
    sheet.set_xy(MARGIN_MM, top)
    sheet.cell(PAGE_MM[0] - 2 * MARGIN_MM, 8, text, align="C")


def _simplified(font: Path) -> int:
    """Which font of a collection draws Chinese as in the mainland; 0 of a single font."""
    if font.suffix.lower() != ".ttc":
        return 0
    with TTCollection(str(font), lazy=True) as collection:
        names = [one["name"].getDebugName(1) for one in collection.fonts]
    return names.index(FONT_FAMILY) if FONT_FAMILY in names else 0
