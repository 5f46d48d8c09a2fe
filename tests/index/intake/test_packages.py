"""Archives with filings, and files that only LibreOffice reads."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from assistant.cli.main import main
from eval.robustness.hostile import docx, paragraph
from index.errors import ReadError
from index.intake import build
from index.intake.packages import is_member, is_package, parse_package
from index.intake.parse import parse
from index.intake.watching import Watcher
from index.reading import office
from index.reading.sandbox import end_readers
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder

TEXT = "证券代码：301999\n江南星河精密股份有限公司\n问：毛利率是多少？\n答：约三成。\n"
WORD = docx("".join(map(paragraph, TEXT.strip().split("\n"))))
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument\0".encode("utf-16-le")


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def inner() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("x.txt", TEXT)
    return out.getvalue()


MEMBERS = {
    "2024/星河.txt": TEXT.encode(),
    "a.docx": WORD,
    "bad.pdf": b"%PDF-1.7 no",
    "picture.png": b"\x89PNG",
    "film.mp4": b"0",
    "__MACOSX/._a.docx": b"x",
    "more.zip": inner(),
}


def test_parse_gives_a_document_per_member(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = archive(tmp_path / "a.zip", MEMBERS)
    assert main(["parse", str(path), "--json"]) == 1
    filings = json.loads(capsys.readouterr().out)["filings"]
    assert [f["filing"] and f["filing"]["path"] for f in filings] == [
        *(f"{path}/2024/星河.txt", f"{path}/a.docx", None, None),
    ]
    assert [len(f["pairs"]) for f in filings] == [1, 1, 0, 0]
    assert "bad.pdf" in filings[2]["error"]
    assert "unpack it first" in filings[3]["error"]
    assert main(["parse", str(archive(tmp_path / "b.zip", {"a.docx": WORD}))]) == 0
    assert "约三成。" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_names_in_gbk(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.zip"
    name = "纪要.txt".encode(encoding)
    # A longer name, in both places that have it, without the flag for UTF-8.
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("q" * len(name), TEXT)
    path.write_bytes(path.read_bytes().replace(b"q" * len(name), name))
    (parsed,) = parse_package(path)
    assert not isinstance(parsed, ReadError)
    assert Path(parsed.filing.path).name == "纪要.txt"


def test_a_member_leads_nowhere_else(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"../../x.txt": TEXT.encode(), "/etc/y.txt": TEXT.encode()})
    paths = [p.filing.path for p in parse_package(path) if not isinstance(p, ReadError)]
    assert sorted(paths) == [f"{path}/etc/y.txt", f"{path}/x.txt"]
    assert not (tmp_path.parent / "x.txt").exists()


def test_archives_that_are_refused(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "bomb.zip", {"a.txt": b"0" * (60 << 20)})
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as file:
        info = zipfile.ZipInfo("a.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    damaged = archive(tmp_path / "cut.zip", {"a.txt": TEXT.encode() * 99})
    content = bytearray(damaged.read_bytes())
    content[60:80] = b"\xff" * 20
    damaged.write_bytes(bytes(content))
    for path, reason in ((bomb, "unpacks to"), (link, "links"), (damaged, "damaged")):
        (error,) = parse_package(path)
        assert isinstance(error, ReadError)
        assert reason in error.reason


def test_word_documents_and_sheets_are_no_packages(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(WORD)
    assert not is_package(tmp_path / "a.docx")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    assert not is_package(tmp_path / "a.zip")
    assert not is_package(tmp_path / "missing.zip")


def test_added_listed_and_proved(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    package = archive(folder / "a.zip", MEMBERS)
    (folder / "notes.md").write_text("x")
    (folder / "film.mp4").write_bytes(b"0")
    (folder / "b.txt").write_text(TEXT.replace("三", "四"), "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        report = build.add(store, [folder], FakeEncoder(), processes=1)
        found = {Path(row.path).relative_to(folder).as_posix(): row.status for row in report.files}
        assert found == {
            "a.zip/2024/星河.txt": "added",
            "a.zip/a.docx": "added",
            "a.zip/bad.pdf": "failed",
            "a.zip/more.zip": "failed",
            "b.txt": "added",
        }
        assert dict(report.passed_over) == {".md": 1, ".mp4": 2, ".png": 1}
        again = build.add(store, [folder], FakeEncoder(), processes=1)
        assert [row.status for row in again.files if row.status != "failed"] == ["unchanged"] * 3
        proof = verify(store)
        assert (proof.filings, proof.failed, proof.notes) == (3, (), ())
        assert is_member(package / "a.docx")
        assert not is_member(package / "c.docx")
        said: list[object] = []
        told = {"on_row": said.append, "on_trouble": said.append}
        watcher = Watcher(store, [folder], FakeEncoder(), **told, remove_deleted=True)
        assert watcher._lost() == set()
        package.unlink()
        assert {path.name for path in watcher._lost()} == {"星河.txt", "a.docx"}


def test_what_is_passed_over_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, store = tmp_path / "in", str(tmp_path / "store")
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (folder / "b.png").write_bytes(b"\x89PNG")
    (folder / ".hidden").write_bytes(b"")
    assert main(["add", str(folder), "--store", store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed_over"] == [{"kind": ".png", "files": 1}]
    assert main(["add", str(folder), "--store", store]) == 0
    assert "passed over, of kinds that aren't read: 1 .png" in capsys.readouterr().out


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the only programs there are; readers that stand ready know others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    end_readers()
    yield folder
    end_readers()


@pytest.fixture
def office_there(tmp_path: Path, programs: Path) -> Path:
    """A stand-in for LibreOffice: what it makes of anything is a given file."""
    made = tmp_path / "made"
    program = programs / "soffice"
    program.write_text(
        f"#!{shutil.which('sh', path=os.defpath)}\nPATH={os.defpath}\n"
        'while [ "$1" != --convert-to ]; do shift; done\n'
        f'kind=$2; mkdir -p "$4"; cp {made} "$4/filing.$kind" 2>/dev/null || exit 1\n'
    )
    program.chmod(0o755)
    return made


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.doc", OLD_WORD),
        ("a.wps", OLD_WORD),
        ("a.rtf", b"{\\rtf1 text}"),
        ("纪 要.doc", OLD_WORD),
    ],
)
def test_older_files_are_read_through_libreoffice(
    tmp_path: Path, office_there: Path, name: str, content: bytes
) -> None:
    office_there.write_bytes(WORD)
    path = tmp_path / name
    path.write_bytes(content)
    parsed = parse(path)
    assert [pair.answer for pair in parsed.pairs] == ["约三成。"]
    assert parsed.warnings == ("read through LibreOffice as .docx",)
    assert (parsed.filing.path, parsed.filing.format) == (str(path), "docx")


def test_what_libreoffice_makes_nothing_of(tmp_path: Path, office_there: Path) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(OLD_WORD)
    with pytest.raises(ReadError, match="makes nothing of it"):
        parse(path)
    office_there.write_bytes(docx(""))
    with pytest.raises(ReadError, match="through LibreOffice: a Word document without text"):
        parse(path)


@pytest.mark.usefixtures("programs")
def test_without_libreoffice_a_row_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.doc").write_bytes(OLD_WORD)
    (folder / "b.rtf").write_bytes(b"{\\rtf1 text}")
    (folder / "c.txt").write_text(TEXT, "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        rows = build.add(store, [folder], FakeEncoder(), processes=1).files
    assert [row.status for row in rows] == ["failed", "failed", "added"]
    assert ["LibreOffice" in str(row.error) for row in rows[:2]] == [True, True], rows


def test_an_encrypted_office_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(OLD_WORD + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(ReadError, match="encrypted"):
        parse(path)


@pytest.mark.skipif(office.program() is None, reason="LibreOffice isn't installed here")
def test_libreoffice_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    body = "".join(f"\\u{ord(ch) - (65536 if ord(ch) > 32767 else 0)}?" for ch in TEXT.strip())
    path.write_bytes(b"{\\rtf1 " + body.replace("\\u10?", "\\par ").encode() + b"}")
    assert [pair.answer for pair in parse(path).pairs] == ["约三成。"]
