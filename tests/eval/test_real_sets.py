"""Labelled sets of real questions: what is asked, of what, and that no text is lost on the way."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from eval.reports import real
from eval.sets import asking_forms, build, filings
from eval.sets.datasets import LabelledQuery, read_beir, read_questions
from eval.sets.split import part_of_company
from eval.sets.stored import stored_set
from index.files import sha256_of
from index.store.store import Store
from tests.fakes import FakeEncoder

# Companies of the development part, by the rule that parts them.
SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
SPELT = (f"{one}{other}股份" for one in SIGNS for other in SIGNS)
NAMES = [name for name in SPELT if part_of_company(name) == "dev"][:30]
ASKED = ("回购进展如何", "毛利率为什么下降")


# What was asked at one event only.
ONCE = {
    2016: (
        "光伏组件出货几何？",
        "欧洲客户偏爱双面款式，吉瓦级订单排到翌年夏天，仓库腾空迎接旺季到来。",
    ),
    2017: (
        "儿童疫苗获批了没有？",
        "药监部门仍在审评资料，临床三期入组顺利，预防效果优于对照组别许多。",
    ),
}


def answer(company: str, topic: str) -> str:
    return (
        f"您好，{company}的{topic}：本期内已按计划推进第{len(topic)}阶段，详情如上，金额为3.2亿元。"
    )


def pack(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real material in its form, made up: each company has two events, and a repeated answer."""
    folder = tmp_path_factory.mktemp("data")
    rows, groups = [], []
    for number, company in enumerate(NAMES):
        code = f"{600000 + number}"
        for year in (2016, 2017):
            event = f"{company}{year}年度业绩说明会"
            date = f"{year + 1}/05/0{1 + number % 9}"
            own = [(f"{year}年{topic}？", answer(company, f"{year}{topic}")) for topic in ASKED]
            own.append(ONCE[year])
            if year == 2017:
                same = answer(company, "产能利用率")
                asked = ["公司目前产能多少？", "产能利用率能到几成，够不够用？"]
                own += [(question, same) for question in asked]
                groups.append(
                    {"company": company, "event": event, "answer": same, "questions": asked}
                )
            own.append(("有什么建议？", "谢谢！"))
            rows += [
                {"question": q, "answer": a, "company": company, "event": event}
                | {"code": code, "date": date}
                for q, a in own
            ]
    pack(folder / "results_briefings.jsonl.gz", rows)
    pack(folder / "same_answer.jsonl.gz", groups)
    labels = {"IS_QUESTION": "Positive", "QUES_RELEVANCE": "Positive", "ANS_READABILITY": "4"}
    pack(
        folder / "fintruthqa.jsonl.gz",
        (
            {
                "question": f"第{i}个项目进展如何？",
                "answer": f"第{i}个项目已经投产，产能正在爬坡之中。{i}",
            }
            | {"labels": labels | {"ANS_RELEVANCE": "1" if i % 7 == 0 else "3"}}
            for i in range(120)
        ),
    )
    pack(folder / "evasion_llm.jsonl.gz", [])
    return folder


@pytest.fixture(scope="module")
def sets(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets")
    build.main(["--data", str(data), "--out", str(out), "--parts", "dev"])
    return out / "dev"


def of_kind(folder: Path, kind: str) -> list[LabelledQuery]:
    return [q for q in read_beir(folder).queries if q.slices["type"] == kind]


def test_a_paraphrase_is_answered_by_the_other_pair(sets: Path) -> None:
    held = {document.id: document for document in read_beir(sets / "briefings").documents}
    asked = of_kind(sets / "briefings", "paraphrase")
    assert asked
    for query in asked:
        for key in query.relevant:
            assert held[key].company == query.names
            assert held[key].title not in query.text


def test_strangers_and_left_out_events_are_not_held(sets: Path) -> None:
    documents = read_beir(sets / "briefings").documents
    held = {document.company for document in documents}
    strangers, missed = (of_kind(sets / "briefings", kind) for kind in ("stranger", "near_miss"))
    assert strangers
    assert missed
    assert not held & {query.slices["company"] for query in strangers}
    for query in missed:
        assert query.names in held
        assert not query.relevant


def test_answers_alone_have_no_questions(sets: Path) -> None:
    documents = read_beir(sets / "answers").documents
    assert not any(document.title for document in documents)
    texts = {document.text for document in documents}
    assert all(not query.relevant for query in of_kind(sets / "answers", "unanswered"))
    for query in of_kind(sets / "answers", "hidden"):
        assert query.relevant
    assert "谢谢！" in texts


def test_platform_questions_of_the_part_alone_are_asked(sets: Path) -> None:
    dataset = read_beir(sets / "platform")
    kinds = {query.slices["type"]: bool(query.relevant) for query in dataset.queries}
    assert kinds == {"answered": True, "evaded": False, "unanswered": False}
    assert len(dataset.documents) > len(dataset.queries)


def test_a_store_holds_the_set_in_its_own_characters(sets: Path, tmp_path: Path) -> None:
    dataset = read_beir(sets / "briefings")
    stored = stored_set(sets / "briefings", tmp_path, FakeEncoder())
    with Store.reader(stored.folder) as store:
        texts = {
            stored.documents[entry.filing.sha256, pair.number]: (pair.question, pair.answer)
            for entry in store.filings()
            for pair in store.pairs_of(entry.filing.sha256)
        }
    assert texts == {document.id: (document.title, document.text) for document in dataset.documents}


def test_the_report_measures_and_compares(
    sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--sets", str(sets.parent), "--only", "briefings", "--work", str(tmp_path / "work")]
    assert real.main([*common, "--records", str(tmp_path / "first")]) == 0
    out = tmp_path / "report.json"
    again = ["--rivals", "--against", f"first={tmp_path / 'first'}", "--json", str(out)]
    assert real.main([*common, *again]) == 0
    found = json.loads(out.read_text("utf-8"))["sets"]["briefings"]
    named = found["company_first"]
    assert named["first"] == named["named"] > 0
    assert found["against"].keys() == {"BM25, characters", "first"}
    assert found["against"]["first"]["R@1"]["p"] == 1.0
    assert found["kinds"]["stranger"]["answered"] == 0
    assert "named company first" in capsys.readouterr().out


def test_written_questions_on_filings(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "filings").mkdir(parents=True)
    filing = data / "filings" / "a.txt"
    filing.write_text("问：回购了吗？\n答：回购了。\n", "utf-8")
    with (data / "filings" / "INDEX.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["file", "company", "code", "date"], ["a.txt", "华一", "600001", ""]]
        )
    right = [{"sha256": sha256_of(filing), "number": "1"}]
    rows = [
        {"id": "x", "part": "dev", "kind": "content", "question": "华一回购了吗", "company": "华一"}
        | {"right": right, "reason": None},
        {
            "id": "y",
            "part": "dev",
            "kind": "no_topic",
            "question": "华一上市了吗",
            "company": "华一",
        }
        | {"right": [], "reason": "not_covered", "today": "2026-11-27"},
        {"id": "z", "part": "test", "kind": "content", "question": "?", "company": None}
        | {"right": [], "reason": "not_a_question"},
    ]
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert filings.write(data, questions, "dev", tmp_path / "set") == 2
    first, second = read_questions(tmp_path / "set")
    assert (first.filing, first.number, first.names) == (right[0]["sha256"], "1", "600001")
    assert (second.filing, second.names, second.today) == (None, "600001", "2026-11-27")


@pytest.mark.parametrize(
    ("said", "canned"),
    [
        ("谢谢您的建议。", True),
        ("您好！相关情况请关注公司于2017年4月8日披露的《2016年度报告》。谢谢！", True),
        ("您好，公司目前设计产能为二十万吨，利用率在八成左右，二期预计明年投产。", False),
    ],
)
def test_canned_answers(said: str, canned: bool) -> None:
    assert asking_forms.is_canned(said) is canned


def test_a_company_is_named_once() -> None:
    asked = "华一股份的毛利率是多少？"
    assert asking_forms.naming(asked, "华一股份", "600001") == asked
    for question in ("毛利率多少？", "贵公司毛利率多少？", "请问公司毛利率多少？"):
        named = asking_forms.naming(question, "华一股份", "600001")
        assert ("华一股份" in named) != ("600001" in named)
