"""The desk: who is let in, what is taken in under which name, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html

from assistant.answering.answer import Assistant
from assistant.chat import desk_page
from assistant.chat.desk import Desk, pieces
from assistant.chat.desk_cards import TEXT, filed_card, filings_card, parts_card
from assistant.chat.logins import COOKIE, Login
from assistant.chat.uploads import LARGEST, Upload, bare_name, too_large
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


def sent(path: Path, name: str | None = None) -> Upload:
    return Upload(name or path.name, path, 0)


def called(cookie: str | None) -> Any:
    """A call of the page, as Gradio hands it on."""
    return SimpleNamespace(cookies={COOKIE: cookie} if cookie else {})


@pytest.fixture
def cookie(desk: Desk) -> str:
    return desk.logins.enter(LOGIN.user, LOGIN.password, "127.0.0.1")


def test_files_are_known_by_their_bare_names(desk: Desk, tmp_path: Path) -> None:
    uploads = [sent(write(tmp_path / "a" / "hemu.txt", FILING)), sent(tmp_path / "gone.txt")]
    uploads.append(sent(write(tmp_path / "b" / "empty.txt", "")))
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


def test_the_bar_of_an_upload_moves_by_file_and_page(
    desk: Desk, cookie: str, tmp_path: Path
) -> None:
    shown: list[tuple[float, str]] = []
    paged = tmp_path / PAGED.name
    paged.write_bytes(PAGED.read_bytes())
    session = desk.logins.session(cookie) or ""
    uploads = [sent(paged), sent(write(tmp_path / "hemu.txt", FILING))]
    handles = " ".join(desk.uploads.keep(session, upload) for upload in uploads)
    desk_page._take_in(desk)(
        "en",
        SimpleNamespace(handles=handles, total=2),
        called(cookie),
        lambda share, said: shown.append((round(share, 2), said)),
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
        (row,) = desk.add([sent(write(tmp_path / folder / "hemu.txt", text))])
        statuses.append(row.status)
    assert statuses == ["added", "unchanged", "replaced"]
    assert len(desk.entries()) == 1


def test_two_files_of_one_name_are_both_added(desk: Desk, tmp_path: Path) -> None:
    named = (("a", FILING), ("b", LATER), ("c", FILING))
    rows = desk.add([sent(write(tmp_path / at / "hemu.txt", text)) for at, text in named])
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
    assert bare_name(name) == bare


def test_what_is_too_large_or_too_many_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.chat.desk.MOST_FILES", 1)
    first, second = write(tmp_path / "a.txt", FILING), write(tmp_path / "b.txt", LATER)
    rows = desk.add([too_large("../large.txt"), sent(first), sent(second)])
    assert [(row.path, row.status) for row in rows] == [
        ("a.txt", "added"),
        ("large.txt", "failed"),
        ("b.txt", "failed"),
    ]
    assert f"larger than {LARGEST >> 20} MB" in (rows[1].error or "")
    assert "too many" in (rows[2].error or "")
    assert not first.exists()
    assert not second.exists()


def test_a_filing_is_viewed_reported_and_removed(desk: Desk, tmp_path: Path) -> None:
    (row,) = desk.add([sent(write(tmp_path / "hemu.txt", FILING))])
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


@pytest.mark.parametrize("brought", [None, "", "made.up.cookie"])
def test_nothing_is_done_for_who_is_not_let_in(
    desk: Desk, cookie: str, tmp_path: Path, brought: str | None
) -> None:
    (row,) = desk.add([sent(write(tmp_path / "hemu.txt", FILING))])
    session = desk.logins.session(cookie) or ""
    handle = desk.uploads.keep(session, sent(write(tmp_path / "later.txt", LATER)))
    pressed = SimpleNamespace(filing=row.sha256, pair="0", handles=handle, total=1)
    seen, request = desk_page.Viewed(row.sha256 or ""), called(brought)
    assert TEXT["zh"]["login_needed"] in desk_page._take_in(desk)("zh", pressed, request)
    assert desk_page._remove(desk)("zh", None, pressed, request) == (None, "")
    assert desk_page._view(desk)(None, pressed, request) is None
    assert desk_page._press(desk)(seen, pressed, request) == seen
    assert desk_page._shown(desk)("zh", seen, request) == ("", "")
    _, door, tray = desk_page._opened(desk)("zh", request)
    assert "password" in door
    assert tray == ""
    assert len(desk.entries()) == 1
    assert kept(tmp_path / "store") == []


def test_only_a_handle_of_this_login_is_a_file(desk: Desk, cookie: str, tmp_path: Path) -> None:
    """Neither a path, nor what another login sent, nor one file twice."""
    other = desk.logins.enter(LOGIN.user, LOGIN.password, "127.0.0.1")
    upload = sent(write(tmp_path / "hemu.txt", FILING))
    handle = desk.uploads.keep(desk.logins.session(cookie) or "", upload)
    secret = write(tmp_path / "secret.txt", FILING)

    def take(handles: object, by: str) -> str:
        event = SimpleNamespace(handles=handles, total=1)
        return desk_page._take_in(desk)("zh", event, called(by), lambda *_: None)

    for handles in (str(secret), "/etc/passwd", {"path": str(secret)}, [handle], None):
        assert TEXT["zh"]["no_files"] in take(handles, cookie)
    assert TEXT["zh"]["no_files"] in take(handle, other)
    assert TEXT["zh"]["added"] in take(handle, cookie)
    assert TEXT["zh"]["no_files"] in take(handle, cookie)
    assert secret.exists()
    assert len(desk.entries()) == 1


def test_pieces_are_the_whole_text_and_tell_where_pairs_begin(tmp_path: Path) -> None:
    parsed = parse(write(tmp_path / "hemu.txt", FILING))
    shown = list(pieces(parsed))
    assert "".join(piece.text for piece in shown) == parsed.text
    assert [piece.begins for piece in shown if piece.begins] == ["1", "2"]
    assert "".join(piece.text for piece in pieces(parsed, 30)) == parsed.text[:30]


def test_a_pdf_is_viewed_by_its_pages_and_a_pair_reported_on_one(
    desk: Desk, cookie: str, tmp_path: Path
) -> None:
    paged, request = tmp_path / PAGED.name, called(cookie)
    paged.write_bytes(PAGED.read_bytes())
    (row,) = desk.add([sent(paged)])
    pairs = desk.parsed(row.sha256 or "").pairs
    seen: desk_page.Seen = desk_page.Viewed(row.sha256 or "")
    last = str(pairs[-1].pages[-1])
    for pressed in ({"page": last}, {"pair": str(len(pairs) - 1)}, {"page": "x"}, {"pair": "999"}):
        seen = desk_page._press(desk)(seen, SimpleNamespace(**pressed), request)
    assert seen == (row.sha256, {len(pairs) - 1}, int(last))
    assert [one.number for one in kept(tmp_path / "store")] == [pairs[-1].number]
    tree = html.fromstring(desk_page._shown(desk)("en", seen, request)[1])
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
    desk.add([sent(write(tmp_path / "filed.txt", filed), "hemu.txt")])
    parsed = parse(write(tmp_path / "hemu.txt", filed))
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
