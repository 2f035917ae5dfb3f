"""What is printed reads back: the page's size, its texts, its code."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from citygrid import plate_sheet
from database.plates import Plate, new_code

BASE = "https://grid.example.gov.cn"
LONG = "广东省广州市番禺区市桥街道先锋社区右街十二号大院三栋一单元六楼六零一房（原门牌右街旧十二号）"


def plates(*addresses: str) -> list[Plate]:
    names = ("市桥街道", "先锋社区"), ("Shiqiao", "Xianfeng")
    return [Plate(f"D-{n}", address, *names, new_code()) for n, address in enumerate(addresses)]


def test_every_code_is_read_from_the_page_and_every_text_stands_on_it(tmp_path: Path) -> None:
    printed = plates("右街 12 号 101", LONG)
    file = tmp_path / "plates.pdf"
    assert plate_sheet.write(printed, BASE, file) == 2
    pages = pypdfium2.PdfDocument(str(file))
    for plate, page in zip(printed, pages, strict=True):
        width, height = page.get_size()
        assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (105, 148)
        (code,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
        assert code.text == f"{BASE}/p/{plate.code}"
        text = page.get_textpage().get_text_bounded().replace("\r\n", "").replace(" ", "")
        assert plate.code in text
        assert plate.address.replace(" ", "") in text
        assert "先锋社区" in text
        assert plate.dwelling not in text, "a dwelling's number says nothing to who passes by"


def test_a_code_is_128_random_bits_that_can_be_typed() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {26}
    assert set("".join(codes)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_a_font_that_is_not_there_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(plate_sheet.FontMissing, match="fonts-noto-cjk"):
        plate_sheet.write(plates("右街"), BASE, tmp_path / "plates.pdf", tmp_path / "no.ttc")
