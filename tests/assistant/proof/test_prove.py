"""Files that prove a quote, and their check on another machine."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from PIL import Image
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from assistant.proof import fonts, pdf
from assistant.proof.check import check, read_proof
from assistant.proof.document import digest
from assistant.proof.pdf import dumps
from index.errors import CallError, ReadError
from index.files import sha256_of
from tests.conftest import Call
from tests.paths import ROOT

STRANGER = Path(__file__).with_name("stranger.py")
ADDRESS = "https://www.example.com/a?id=1"
QUESTION = "公司的产能利用率如何？"
REAL = ROOT.parent / "shared" / "data" / "real" / "filings"


def lines_of(company: str, share: int) -> list[str]:
    answer = f"截至报告期末，{company}产能利用率为{share}%，不存在闲置的产线，"
    return [
        f"证券代码：3090{share} 证券简称：{company}",
        f"{company}股份有限公司投资者关系活动记录表",
        "时间 2024年5月8日",
        f"1、{QUESTION}",
        "答：" + answer,
        "并将随订单增加而提高。",
        "2、公司有分红计划吗？",
        "答：公司暂无应披露而未披露的分红计划。",
    ]


def pdf_file(path: Path, lines: list[str], after: int = 5) -> Path:
    """A PDF of two pages: what follows line ``after`` is on the second one, below its number."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(str(path), invariant=1)
    for number, page in enumerate((lines[:after], lines[after:]), start=1):
        canvas.setFont("STSong-Light", 11)
        for row, line in enumerate(page):
            canvas.drawString(60, 780 - 22 * row, line)
        canvas.drawString(290, 30, str(number))
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture(scope="module")
def filings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten filings, each of another company: eight PDFs and two of text."""
    folder = tmp_path_factory.mktemp("filings")
    names = (
        "禾木光电 青石股份 白杨科技 长河重工 远山材料 明湖医药 东篱软件 南枝电子 北辰能源 西岭机械"
    )
    found = []
    for share, company in enumerate(names.split(), start=81):
        lines = lines_of(company, share)
        if share > 88:
            found.append(folder / f"{share}.txt")
            found[-1].write_text("\n".join(lines), "utf-8")
        else:
            found.append(pdf_file(folder / f"{share}.pdf", lines))
    row = {"sha256": sha256_of(found[0]), "page": ADDRESS}
    (folder / "provenance.jsonl").write_text(json.dumps(row), "utf-8")
    return found


@pytest.fixture(scope="module")
def store(filings: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from index.embedding.encoder import load_encoder
    from index.intake import build
    from index.store.store import Store

    folder = tmp_path_factory.mktemp("proofs") / "store"
    with Store.open(folder, create=True) as opened:
        report = build.add(opened, filings, load_encoder(), processes=1)
    assert report.pairs == 20
    return folder


Prove = Callable[..., Path]


@pytest.fixture(scope="module")
def proofs() -> dict[str, bytes]:
    """Those that were made, by their names."""
    return {}


@pytest.fixture
def prove(call: Call, store: Path, tmp_path: Path, proofs: dict[str, bytes]) -> Prove:
    def run(share: int, suffix: str = "json") -> Path:
        out = tmp_path / f"{share}.{suffix}"
        if out.name in proofs:
            out.write_bytes(proofs[out.name])
            return out
        where = ("--store", store, "--code", f"3090{share}", "--out", out)
        proved = call("prove", QUESTION, *where, "--json")
        assert proved.status == 0, proved.err
        assert proved.json["number"] == "1"
        proofs[out.name] = out.read_bytes()
        return out

    return run


def stranger(proof: Path, filing: Path) -> str:
    """What a stranger's check says: nothing where all is well."""
    done = subprocess.run(
        [sys.executable, "-I", STRANGER, proof, filing],
        capture_output=True,
        text=True,
        cwd=proof.parent,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr.strip()


@pytest.mark.model
def test_a_stranger_checks_ten_proofs(prove: Prove, filings: list[Path]) -> None:
    has_font = fonts.font_of(None) is not None
    for share, filing in enumerate(filings, start=81):
        suffix = "pdf" if share % 2 and (has_font or filing.suffix == ".pdf") else "json"
        proof = prove(share, suffix)
        assert stranger(proof, filing) == ""
        assert all(one.holds for one in check(proof, filing))
        assert stranger(proof, filings[share % 10]) == "another file"


@pytest.mark.model
def test_a_stranger_checks_proofs_of_real_filings(call: Call, tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip("the real filings are not at hand (../shared/data/real)")
    paths = sorted(REAL.glob("*.pdf"))[::60]
    call("add", *paths, "--store", tmp_path / "store")
    by_content = {sha256_of(path): path for path in paths}
    for place, path in enumerate(paths):
        pairs = call("parse", path, "--json").json["pairs"]
        # 今年 is this year's, whatever it was when it was asked.
        pair = next(p for p in pairs if not re.search("[今去明]年|季度|目前", p["question"]))
        out = tmp_path / f"{place}.json"
        where = ("--store", tmp_path / "store", "--out", out)
        proved = call("prove", pair["question"], *where, "--json")
        assert proved.status == 0
        filing = by_content[proved.json["filing"]]
        assert stranger(out, filing) == ""
        assert [one for one in check(out, filing) if not one.holds] == []


@pytest.mark.model
def test_what_a_proof_tells(prove: Prove, filings: list[Path]) -> None:
    proof = json.loads(prove(81).read_bytes())
    assert proof["filing"]["sha256"] == sha256_of(filings[0])
    assert proof["filing"]["address"] == ADDRESS
    assert (proof["filing"]["code"], proof["filing"]["activity_date"]) == ("309081", "2024-05-08")
    told = proof["quotation"]
    assert told["answer"].replace("\n", "").endswith("提高。")
    assert told["pages"] == [1, 2]
    assert {"答：", "1"} <= {gap["text"].strip() for gap in told["left_out"]}
    assert proof["scope"]["filters"] == {"code": "309081"}
    assert (proof["scope"]["filings"], proof["scope"]["pairs"]) == (1, 2)
    assert proof["text"]["read_with"]["pypdfium2"]
    assert [crop["page"] for crop in proof["crops"]] == [1, 2]
    with Image.open(io.BytesIO(base64.b64decode(proof["crops"][0]["png"]))) as picture:
        colours = {colour[:3] for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    yellow = [c for c in colours if c[0] > 240 and c[2] < 200]
    blue = [c for c in colours if c[2] > 230 and c[0] < 225]
    assert yellow
    assert blue
    assert prove(89).read_bytes().count(b'"png"') == 0


def altered(proof: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    document = json.loads(proof.read_bytes())
    change(document)
    other = proof.with_name("altered.json")
    other.write_bytes(dumps(document))
    return other


def _no_to_yes(proof: dict[str, Any]) -> None:
    proof["quotation"]["answer"] = proof["quotation"]["answer"].replace("不存在", "存在")


def _cut_no(proof: dict[str, Any]) -> None:
    """A forger's spans that skip one character, told nowhere."""
    told = proof["quotation"]
    at = told["answer"].index("不")
    start = told["answer_spans"][0][0]
    told["answer"] = told["answer"].replace("不", "", 1)
    told["answer_spans"][:1] = [
        [start, start + at],
        [start + at + 1, told["answer_spans"][0][1]],
    ]


def _cut_and_told(proof: dict[str, Any]) -> None:
    told = proof["quotation"]
    _cut_no(proof)
    start = told["answer_spans"][0][1]
    told["left_out"].insert(1, {"start": start, "end": start + 1, "text": "不"})


def _swapped(proof: dict[str, Any]) -> None:
    told = proof["quotation"]
    told["answer_spans"].reverse()


def _of_another(proof: dict[str, Any]) -> None:
    proof["filing"]["company"] = "别家"


def _other_day(proof: dict[str, Any]) -> None:
    proof["filing"]["activity_date"] = "2025-05-08"


def _other_number(proof: dict[str, Any]) -> None:
    proof["quotation"]["number"] = "7"


def _other_page(proof: dict[str, Any]) -> None:
    proof["quotation"]["pages"] = [1]


def _blank_picture(proof: dict[str, Any]) -> None:
    _picture(proof, lambda picture: Image.new("RGB", picture.size, "white"))


def _retouched(proof: dict[str, Any]) -> None:
    def retouch(picture: Image.Image) -> Image.Image:
        whole = picture.convert("RGB")
        whole.paste((255, 255, 255), (200, 60, 320, 100))
        return whole

    _picture(proof, retouch)


def _picture(proof: dict[str, Any], change: Callable[[Image.Image], Image.Image]) -> None:
    with Image.open(io.BytesIO(base64.b64decode(proof["crops"][0]["png"]))) as picture:
        out = io.BytesIO()
        change(picture).save(out, format="PNG")
    proof["crops"][0]["png"] = base64.b64encode(out.getvalue()).decode()


def _no_picture(proof: dict[str, Any]) -> None:
    proof["crops"] = proof["crops"][1:]


@pytest.mark.model
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_no_to_yes, "answer"),
        (_cut_no, "left_out"),
        (_cut_and_told, "pair"),
        (_swapped, "answer"),
        (_of_another, "head"),
        (_other_day, "head"),
        (_other_number, "pair"),
        (_other_page, "pair"),
        (_blank_picture, "picture of page 1"),
        (_retouched, "picture of page 1"),
        (_no_picture, "pictures"),
    ],
)
def test_a_forged_proof_does_not_hold(
    call: Call,
    prove: Prove,
    filings: list[Path],
    change: Callable[[dict[str, Any]], None],
    what: str,
) -> None:
    forged = altered(prove(81), change)
    wrong = {one.what for one in check(forged, filings[0]) if not one.holds}
    assert what in wrong
    checked = call("prove", "--check", forged, "--filing", filings[0], "--json")
    assert (checked.status, checked.json["holds"]) == (1, False)


@pytest.mark.model
def test_a_pdf_that_shows_another_text_than_it_holds(
    prove: Prove, filings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    font = fonts.font_of(None)
    if font is None:
        pytest.skip("no font with Chinese characters on this machine")
    proof = json.loads(prove(81).read_bytes())
    honest, text = proof["quotation"]["answer"], dumps(proof)
    assert honest.count("不存在") == 1
    # A forger's PDF: its pages lie, its attachment doesn't.
    lying = json.loads(text)
    lying["quotation"]["answer"] = honest.replace("不存在", "存在")
    monkeypatch.setattr(pdf, "dumps", lambda _: text)
    found = filings[0].with_name("lying.pdf")
    found.write_bytes(pdf.pdf_of(lying, font))
    checked = check(found, filings[0])
    assert {one.what for one in checked if not one.holds} == {"pages"}


@pytest.mark.model
def test_the_command(call: Call, prove: Prove, filings: list[Path], tmp_path: Path) -> None:
    proof = prove(82)
    checked = call("prove", "--check", proof, "--filing", filings[1])
    assert (checked.status, checked.out.splitlines()[-1]) == (0, "holds")
    other = call("prove", "--check", proof, "--filing", filings[2])
    assert (other.status, other.out.splitlines()[-1]) == (1, "does not hold")
    assert "another file" in other.out
    assert call("prove", "--check", tmp_path / "none.json", "--filing", filings[0]).status == 2
    assert call("prove", "--check", proof, "--filing", tmp_path / "none").status == 2
    assert call("prove", "--check", proof).status == 2
    assert call("prove", QUESTION).status == 2
    assert call("prove", QUESTION, "--out", tmp_path / "a.txt").status == 2
    assert call("prove", QUESTION, "--out", tmp_path / "none" / "a.pdf").status == 2
    assert call("prove", QUESTION, "--out", tmp_path / "a.pdf", "--font", proof).status == 2


@pytest.mark.model
def test_nothing_is_proved_where_nothing_answers(call: Call, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    done = call("prove", "帮我写一首诗", "--store", store, "--out", out, "--json")
    assert (done.status, done.json) == (1, {"out": None, "decision": "abstain"})
    assert not out.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"proof": "yuanda", "version": 1}', b"[" * 100_000, b"%PDF-1.7\n"],
    ids=range(7),
)
def test_what_is_no_proof_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "proof"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        read_proof(path)


@pytest.mark.model
def test_without_a_font_the_pdf_shows_the_page(
    prove: Prove, filings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = json.loads(prove(83).read_bytes())
    path = filings[2].with_name("bare.pdf")
    path.write_bytes(pdf.pdf_of(proof, None))
    assert stranger(path, filings[2]) == ""
    assert all(one.holds for one in check(path, filings[2]))
    plain = json.loads(prove(89).read_bytes())
    with pytest.raises(CallError, match="--font"):
        pdf.pdf_of(plain, None)
    monkeypatch.setattr(fonts, "_folders", lambda: iter(()))
    fonts._found.cache_clear()
    try:
        assert fonts.font_of(None) is None
    finally:
        fonts._found.cache_clear()


def test_a_font_that_may_not_be_embedded_is_not(tmp_path: Path) -> None:
    def font(rights: int) -> Path:
        builder = FontBuilder(1000, isTTF=True)
        names = [".notdef", *(f"u{ord(ch):04X}" for ch in "问答原文证明")]
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap({ord(ch): f"u{ord(ch):04X}" for ch in "问答原文证明"})
        builder.setupGlyf({name: Glyph() for name in names})
        builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
        builder.setupHorizontalHeader()
        builder.setupNameTable({"familyName": "甲"})
        builder.setupOS2(fsType=rights)
        builder.setupPost()
        builder.save(tmp_path / f"{rights}.ttf")
        return tmp_path / f"{rights}.ttf"

    assert fonts.font_of(font(0)) is not None
    with pytest.raises(CallError, match="embedded"):
        fonts.font_of(font(2))


@pytest.mark.model
def test_the_pdf_is_pdf_a_3_with_its_fonts(prove: Prove) -> None:
    if fonts.font_of(None) is None:
        pytest.skip("no font with Chinese characters on this machine")
    content = prove(84, "pdf").read_bytes()
    assert b"<pdfaid:part>3</pdfaid:part>" in content
    assert b"/OutputIntents" in content
    assert b"/AFRelationship /Data" in content
    assert content.count(b"/FontDescriptor ") == content.count(b"/FontFile") > 0
    assert len(content) < 400_000


def test_texts_are_told_apart() -> None:
    assert digest("甲") != digest("乙")
    assert digest("\ud800") != digest("\ud801")


@pytest.mark.model
@pytest.mark.parametrize("kind", ["docx", "html", "csv", "xlsx"])
def test_proofs_of_other_formats(call: Call, tmp_path: Path, kind: str) -> None:
    filing = tmp_path / f"filing.{kind}"
    lines = lines_of("禾木光电", 91)
    header, row = ["公司名称", "问题", "回答"], ["禾木光电", QUESTION, "产能利用率为91%。"]
    if kind == "docx":
        document = docx.Document()
        for line in lines:
            document.add_paragraph(line)
        document.save(str(filing))
    elif kind == "html":
        body = "".join(f"<p>{line}</p>" for line in lines)
        filing.write_text(f"<html><body>{body}</body></html>", "utf-8")
    elif kind == "csv":
        filing.write_text("\n".join(",".join(cells) for cells in (header, row)), "utf-8")
    else:
        book = openpyxl.Workbook()
        book.worksheets[0].append(header)
        book.worksheets[0].append(row)
        book.save(filing)
    call("add", filing, "--store", tmp_path / "store")
    out = tmp_path / "proof.json"
    proved = call("prove", QUESTION, "--store", tmp_path / "store", "--out", out, "--json")
    assert proved.status == 0, proved.err
    assert json.loads(out.read_bytes())["crops"] == []
    assert [one for one in check(out, filing) if not one.holds] == []
    forged = altered(out, lambda proof: proof["quotation"].update(question="别的问题？"))
    assert {one.what for one in check(forged, filing) if not one.holds} == {"question"}
