"""The desk: who is let in, what is taken in under which name, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from lxml import html

from assistant.answering.answer import Assistant
from assistant.chat import desk_page
from assistant.chat.desk import Desk, Login, _bare_name, pieces
from assistant.chat.desk_cards import TEXT, filed_card, filings_card, parts_card
from index.errors import CallError
from index.intake.build import FileRow
from index.intake.parse import parse
from index.store.feedback import kept
from index.store.store import Store
from tests.assistant.chat.test_cards import HOSTILE
from tests.assistant.cli.test_stores import FILING, LATER
from tests.conftest import Call
from tests.fakes import FakeEncoder
from tests.paths import ROOT

PAGED = ROOT / "eval/collection/files/dev/lifeng-2024-06-12.pdf"
LOGIN = Login("admin", "open sesame")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    Store.open(tmp_path / "store", create=True).close()
    return Desk(tmp_path / "store", FakeEncoder(), LOGIN)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_only_the_login_is_let_in(desk: Desk) -> None:
    assert desk.admits("admin", "open sesame") is True
    for user, password in [("admin", ""), ("", ""), ("admin", "open"), ("Admin", "open sesame")]:
        assert desk.admits(user, password) is False
    assert "sesame" not in repr(LOGIN)


def test_only_from_where_the_login_was_given_files_are_taken(desk: Desk) -> None:
    desk.admits("admin", "wrong", "203.0.113.7")
    assert not desk.may_upload("203.0.113.7")
    desk.admits("admin", "open sesame", "203.0.113.7")
    assert desk.may_upload("203.0.113.7")
    assert not desk.may_upload("203.0.113.8")


def test_guessing_is_stopped_for_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("assistant.chat.desk.time.monotonic", lambda: now)
    assert [desk.admits("admin", str(n)) for n in range(6)] == [False] * 5 + [None]
    assert desk.admits("admin", "open sesame") is None
    now += 61
    assert desk.admits("admin", "open sesame") is True


def test_files_are_known_by_their_bare_names(desk: Desk, tmp_path: Path) -> None:
    uploads = [write(tmp_path / "a" / "hemu.txt", FILING), tmp_path / "gone.txt"]
    uploads.append(write(tmp_path / "b" / "empty.txt", ""))
    told: list[object] = []
    rows = desk.add(uploads, told.append, lambda row: told.append(row.status))
    assert [(row.path, row.status, row.pairs) for row in rows] == [
        ("hemu.txt", "added", 2),
        ("empty.txt", "failed", 0),
        ("gone.txt", "failed", 0),
    ]
    assert told == [2, "added", "failed"]
    assert not any(str(tmp_path) in (row.error or "") for row in rows)
    assert not (tmp_path / "store" / "uploads").exists()


def test_the_bar_of_an_upload_moves_by_file_and_page(desk: Desk, tmp_path: Path) -> None:
    shown: list[tuple[float, str]] = []
    uploads = [str(PAGED), str(write(tmp_path / "hemu.txt", FILING))]
    desk_page._take_in(desk, False)(
        uploads, True, "en", lambda share, said: shown.append((round(share, 2), said))
    )
    pages = len(shown) - 3
    assert pages > 1
    assert shown == [
        (0, "0 of 2 files · 0 pages"),
        *(
            (
                round(page / pages / 2, 2),
                f"0 of 2 files · {page} pages · {PAGED.name} {page}/{pages}",
            )
            for page in range(1, pages + 1)
        ),
        (0.5, f"1 of 2 files · {pages} pages"),
        (1, f"2 of 2 files · {pages} pages"),
    ]


def test_a_later_version_takes_the_place_of_the_former(desk: Desk, tmp_path: Path) -> None:
    statuses = []
    for folder, text in (("a", FILING), ("b", FILING), ("c", LATER)):
        (row,) = desk.add([write(tmp_path / folder / "hemu.txt", text)])
        statuses.append(row.status)
    assert statuses == ["added", "unchanged", "replaced"]
    assert len(desk.entries()) == 1


def test_two_files_of_one_name_are_both_added(desk: Desk, tmp_path: Path) -> None:
    uploads = [write(tmp_path / at / "hemu.txt", t) for at, t in (("a", FILING), ("b", LATER))]
    uploads.append(write(tmp_path / "c" / "hemu.txt", FILING))
    rows = desk.add(uploads)
    assert [row.status for row in rows] == ["added", "added"]
    assert len({row.path for row in rows}) == 2


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("../../x.txt", "x.txt"),
        ("C:\\secret\\x.txt", "x.txt"),
        (".x.txt", "x.txt"),
        ("a\n.txt", "a.txt"),
    ],
)
def test_a_name_leads_nowhere_else(name: str, bare: str) -> None:
    assert _bare_name(Path(name)) == bare


def test_what_is_too_large_or_too_many_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.chat.desk.LARGEST", 1000)
    monkeypatch.setattr("assistant.chat.desk.MOST_FILES", 1)
    large, first = write(tmp_path / "large.txt", FILING * 20), write(tmp_path / "a.txt", FILING)
    rows = desk.add([large, first, write(tmp_path / "b.txt", LATER)])
    assert [(row.path, row.status) for row in rows] == [
        ("a.txt", "added"),
        ("large.txt", "failed"),
        ("b.txt", "failed"),
    ]
    assert "larger than" in (rows[1].error or "")
    assert "too many" in (rows[2].error or "")


def test_of_a_folder_only_filings_are_taken(desk: Desk, tmp_path: Path) -> None:
    names = ("hemu.txt", ".DS_Store", "~$hemu.docx", "notes.log")
    rows = desk.add([write(tmp_path / "f" / name, FILING) for name in names], folder=True)
    assert [row.path for row in rows] == ["hemu.txt"]


def test_a_filing_is_viewed_reported_and_removed(desk: Desk, tmp_path: Path) -> None:
    (row,) = desk.add([write(tmp_path / "hemu.txt", FILING)])
    sha256 = row.sha256 or ""
    parsed = desk.parsed(sha256)
    desk.report(sha256, parsed.pairs[1])
    (said,) = kept(tmp_path / "store")
    assert (said.verdict, said.filing, said.number) == ("parse", sha256, "2")
    desk.remove(sha256)
    assert desk.entries() == []
    with pytest.raises(CallError):
        desk.remove(sha256)
    with pytest.raises(KeyError):
        desk.parsed(sha256)


def test_nothing_is_done_for_who_is_not_let_in(desk: Desk, tmp_path: Path) -> None:
    (row,) = desk.add([write(tmp_path / "hemu.txt", FILING)])
    upload = str(write(tmp_path / "later.txt", LATER))

    class Pressed:
        filing, pair = row.sha256, "0"

    seen = desk_page.Viewed(row.sha256 or "")
    assert desk_page._take_in(desk, False)([upload], False, "zh") == (None, "")
    assert desk_page._remove(desk)(False, "zh", None, Pressed) == (None, "")
    assert desk_page._view(False, None, Pressed) is None  # type: ignore[arg-type]
    assert desk_page._press(desk)(False, seen, Pressed) == seen
    assert desk_page._shown(desk)(False, "zh", seen) == ("", "")
    assert len(desk.entries()) == 1
    assert kept(tmp_path / "store") == []


def test_pieces_are_the_whole_text_and_tell_where_pairs_begin(tmp_path: Path) -> None:
    parsed = parse(write(tmp_path / "hemu.txt", FILING))
    shown = list(pieces(parsed))
    assert "".join(piece.text for piece in shown) == parsed.text
    assert [piece.begins for piece in shown if piece.begins] == ["1", "2"]
    assert "".join(piece.text for piece in pieces(parsed, 30)) == parsed.text[:30]


def test_a_pdf_is_viewed_by_its_pages_and_a_pair_reported_on_one(
    desk: Desk, tmp_path: Path
) -> None:
    (row,) = desk.add([PAGED])
    pairs = desk.parsed(row.sha256 or "").pairs
    seen: desk_page.Seen = desk_page.Viewed(row.sha256 or "")
    last = str(pairs[-1].pages[-1])
    for pressed in ({"page": last}, {"pair": str(len(pairs) - 1)}, {"page": "x"}, {"pair": "999"}):
        seen = desk_page._press(desk)(True, seen, SimpleNamespace(**pressed))
    assert seen == (row.sha256, {len(pairs) - 1}, int(last))
    assert [one.number for one in kept(tmp_path / "store")] == [pairs[-1].number]
    tree = html.fromstring(desk_page._shown(desk)(True, "en", seen)[1])
    here = [str(place) for place, pair in enumerate(pairs) if int(last) in pair.pages]
    assert tree.xpath("//button[contains(@class, 'tag')]/@data-pair") == here
    pressed_there = tree.xpath("//button[contains(@class, 'tag')][@aria-pressed='true']/@data-pair")
    assert pressed_there == [str(len(pairs) - 1)]
    assert len(tree.xpath("//div[@class='sheet']/img")) == 1


def test_both_languages_say_the_same() -> None:
    assert TEXT["zh"].keys() == TEXT["en"].keys()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_and_text_stay_text(desk: Desk, tmp_path: Path, hostile: str) -> None:
    row = FileRow(hostile, None, "failed", 0, (hostile,), hostile)
    filed = FILING.replace("禾木股份有限公司", f"禾木{hostile}股份有限公司")
    desk.add([write(tmp_path / "hemu.txt", filed)])
    parsed = parse(tmp_path / "hemu.txt")
    for markup in (
        filed_card([row], "zh", hostile),
        filings_card(desk.entries(), "zh"),
        parts_card(parsed, hostile, {0}, "en"),
    ):
        tree = html.fragment_fromstring(str(markup), create_parent="div")
        assert not tree.xpath("//script | //img | //svg | //@*[starts-with(name(), 'on')]")
    shown = html.fromstring(str(parts_card(parsed, "x", {0}, "en")))
    assert hostile.split()[0] in shown.text_content()


@pytest.mark.model
@pytest.mark.parametrize("enabled", [True, False])
def test_with_filing_the_chat_may_begin_without_a_filing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    served: list[tuple[bool, object]] = []

    def serve(assistant: Assistant, *, login: object, **_: object) -> None:
        served.append((assistant.is_sample, login))

    monkeypatch.setattr("assistant.cli.commands._extension", lambda _: serve)
    monkeypatch.setenv("YUANDA_STORE", str(tmp_path / "new"))
    monkeypatch.setenv("YUANDA_LOGIN", "admin:secret")
    monkeypatch.setenv("YUANDA_FILING", "on" if enabled else "off")
    assert call("ui").status == 0
    assert served == [(False, ("admin", "secret")) if enabled else (True, None)]
    assert Store.exists(tmp_path / "new") == enabled
