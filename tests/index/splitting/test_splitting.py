"""Text to pairs: what ends an answer, what is furniture, which reading of the marks is taken."""

from __future__ import annotations

import pytest

from index.reading.document import Document
from index.records import Format, Span
from index.splitting import split
from index.splitting.head import read_head
from index.splitting.tail import han_number


def pairs(text: str, kind: Format = "docx", bold: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """(question, answer) of each pair in a text, white space between paragraphs as one ``/``."""
    spans = tuple(Span(text.index(b), text.index(b) + len(b)) for b in bold)
    found = split(Document(text, kind, bold=spans)).pairs
    return [("/".join(p.question.split("\n")), "/".join(p.answer.split("\n"))) for p in found]


def numbers(text: str) -> list[str]:
    return [pair.number for pair in split(Document(text, "docx")).pairs]


def test_numbered_items_stay_in_their_answer() -> None:
    text = (
        "1、产能如何？\n公司有三处工厂：\n1、华东工厂；\n2、华南工厂；\n3、西部工厂。\n"
        "2、毛利率多少？\n三成左右。\n"
    )
    assert pairs(text) == [
        ("产能如何？", "公司有三处工厂：/1、华东工厂；/2、华南工厂；/3、西部工厂。"),
        ("毛利率多少？", "三成左右。"),
    ]
    assert numbers(text) == ["1", "2"]


def test_han_items_in_an_answer_and_han_numbered_questions() -> None:
    text = (
        "一、变化大吗？\n变化有：\n一、轻资产；\n二、新曲线。\n二、存栏多少？\n三万头。\n"
        "三、分红吗？\n分。"
    )
    assert [q for q, _ in pairs(text)] == ["变化大吗？", "存栏多少？", "分红吗？"]


def test_questions_answered_together_are_one_pair() -> None:
    text = "Q1：产能如何？\nQ2：毛利率多少？\nA：产能满，毛利率三成。\nQ3：分红吗？\nA：分。"
    assert pairs(text) == [
        ("产能如何？/毛利率多少？", "产能满，毛利率三成。"),
        ("分红吗？", "分。"),
    ]
    assert numbers(text) == ["1", "3"]


# A filing whose lines are some 44 columns wide.
FULL = (
    "公司持续推进产能建设与客户拓展，各项工作按照\n"
    "年初的计划有序进行，预计全年能够完成既定的目\n标任务。\n"
)


def wrapped(*parts: str) -> str:
    return "".join(f"{part}\n{FULL}" for part in parts)


def test_a_justified_mark_stands_apart() -> None:
    text = "投资者提问1：产能如何？\n公 司 回 复 ： 产 能 已 满 。\n"
    text += "投资者提问2：分红吗？\n公 司 回 复：分。"
    assert [q for q, _ in pairs(text)] == ["产能如何？", "分红吗？"]


def test_a_question_without_its_mark_fills_the_line() -> None:
    asked = (
        "1、请公司说明烧碱和聚醚的产能以及开工率如何",
        "2、请公司说明毛利率",
        "3、请公司说明分红",
    )
    assert [q for q, _ in pairs(wrapped(*asked), "pdf")] == [q[2:] for q in asked]


def test_the_rest_of_a_question_on_a_line_of_its_own() -> None:
    asked = (
        "（1）研发费用占收入两成还多会一直持续下去吗？\n研发人员有多少",
        "（2）产能如何？",
        "（3）分红吗？",
    )
    found = [q for q, _ in pairs(wrapped(*asked), "pdf")]
    assert found == [
        "研发费用占收入两成还多会一直持续下去吗？研发人员有多少",
        "产能如何？",
        "分红吗？",
    ]


def test_a_second_question_without_its_mark_ends_with_its_line() -> None:
    asked = ("1、渠道库存高企影响出货吗？库存要多久消化完", "2、产能如何？", "3、分红吗？")
    assert [q for q, _ in pairs(wrapped(*asked), "pdf")] == [q[2:] for q in asked]


def test_a_remark_behind_an_answer_that_fills_its_line() -> None:
    text = wrapped("1、产能如何？", "2、分红吗？") + (
        "3、有计划吗？\n公司现有的资金和授信已经能够满足建设需要了。\n"
        "会议主持人提醒各参会者：交流不构成盈利预测。\n特此公告。\n"
    )
    assert pairs(text, "pdf")[-1] == ("有计划吗？", "公司现有的资金和授信已经能够满足建设需要了。")


def test_a_wrapped_word_is_no_mark() -> None:
    text = wrapped("提问1：产能如何？", "提问2：分红吗？").replace(
        "完成既定的目\n标任务", "完成，仍然有几个\n问题：任务"
    )
    assert [q for q, _ in pairs(text, "pdf")] == ["产能如何？", "分红吗？"]


def test_a_bold_question_behind_an_answer_that_fills_its_line() -> None:
    full = FULL.replace("按照", "完成").replace(
        "标任务。\n", "标任务，并且持续改善经营质量和各项经营指标。\n"
    )
    asked = ("产能如何，能不能满足全部客户的需求呢公司？", "毛利率多少？", "分红吗？")
    text = "".join(f"{q}\n{full}" for q in asked)
    assert [q for q, _ in pairs(text, "pdf", bold=asked)] == list(asked)


def test_one_speaker_does_not_mark_all_answers() -> None:
    text = "主持人：欢迎。\n产能如何？\n产能已满。\n毛利率多少？\n三成。\n分红吗？\n分。"
    assert [q for q, _ in pairs(text)] == ["产能如何？", "毛利率多少？", "分红吗？"]


def test_bold_questions_without_a_mark() -> None:
    asked = ("产能利用率的情况", "海外订单有没有变化", "明年的目标")
    text = "\n".join(f"{q}\n答复{i}，说了一些话。" for i, q in enumerate(asked))
    text = text.replace("产能利用率的情况", "产能利用率的情况如何")
    bold = ("产能利用率的情况如何", "海外订单有没有变化", "明年的目标")
    assert [q for q, _ in pairs(text + "\n有没有风险？\n没有。", bold=(*bold, "有没有风险？"))] == [
        "产能利用率的情况如何",
        "海外订单有没有变化",
        "明年的目标",
        "有没有风险？",
    ]


def test_an_answer_by_name() -> None:
    text = (
        "接待人员：董事长 师健伟；财务总监 佟小满\n"
        "问题1：产能如何？\n师健伟：产能充足。\n问题2：毛利率多少？\n佟小满：三成。其中：海外四成。"
    )
    assert pairs(text) == [
        ("产能如何？", "产能充足。"),
        ("毛利率多少？", "三成。其中：海外四成。"),
    ]


def test_question_and_answer_in_one_paragraph() -> None:
    text = "1、产能如何？您好，产能充足，请放心。\n2、毛利率多少？毛利率三成左右，保持稳定。"
    assert pairs(text) == [
        ("产能如何？", "您好，产能充足，请放心。"),
        ("毛利率多少？", "毛利率三成左右，保持稳定。"),
    ]


def test_a_mark_that_was_wrapped() -> None:
    wide = "公司的产能利用率在行业里处于什么样的水平，未来三年有没有新的扩产计划，何时投产？回"
    filler = (
        "公司的产能利用率保持在百分之九十以上，处于行业前列，没有新的扩产计划，也没有关停的计划，"
    )
    text = (
        f"问题1、{wide}\n答：{filler}\n{filler}\n{filler}请放心。\n问题2、分红吗？\n回答：分红。\n"
    )
    assert pairs(text, "text")[0][0].endswith("何时投产？")
    assert pairs(text, "text")[0][1].startswith("公司的产能利用率保持")


@pytest.mark.parametrize(
    "tail",
    [
        "三、其他事项\n无。",
        "【其他说明】\n以上内容由公司整理。",
        "附件清单（如有）\n无\n日期\n2024年5月6日",
        "关于本次活动是否涉及应披露重大信息的说明\n不涉及",
        "某某股份有限公司\n董事会\n2024年5月6日",
        "某某股份有限公司\n二〇二四年五月六日",
        "特此公告。",
        "网站地图 | 联系我们\n本页内容由上市公司提供",
        "接待过程中，公司严格按照有关制度规定与投资者进行了交流。",
        "因时间关系，未能逐一回复的问题，公司将通过互动易平台继续解答。",
        "会议主持人提醒各参会者：交流中涉及的前瞻性陈述不构成盈利预测。",
        "公司感谢各位投资者的关注，相关信息以公司公告为准。",
        "会后，机构代表参观了公司的实验室。",
        "以上内容为公司根据现场问答整理，如与公告不一致，以公告为准。\n特此公告。\n某某股份有限公司\n董事会",
    ],
)
def test_what_stands_behind_the_last_answer(tail: str) -> None:
    text = f"二、主要内容\n问题1、产能如何？\n回答：产能充足。\n没有变化。\n{tail}\n"
    assert pairs(text) == [("产能如何？", "产能充足。/没有变化。")]


@pytest.mark.parametrize(
    "said",
    [
        "感谢您对公司的关注。",
        "本次回购的资金来自自有资金。",
        "（一）其他业务收入增长。",
        "公司董事会高度重视分红。",
        "具体数据请以定期报告为准。",
    ],
)
def test_what_belongs_to_the_last_answer(said: str) -> None:
    text = f"问题1、产能如何？\n回答：产能充足。\n{said}\n"
    assert pairs(text) == [("产能如何？", f"产能充足。/{said}")]


def test_the_next_section_ends_the_last_answer() -> None:
    text = (
        "一、基本情况\n时间：今天\n二、问答\n1、产能如何？\n充足，请放心。\n2、分红吗？\n分红的。\n"
        "三、来访名单"
    )
    assert pairs(text)[-1] == ("分红吗？", "分红的。")


def test_running_titles_in_text_that_was_extracted() -> None:
    title = "某某科技股份有限公司投资者关系活动记录表"
    text = (
        "某某科技股份有限公司\n投资者关系活动记录表\n活动类别\n√现场参观\n时间：今天\n地点：公司\n"
        "参与单位：某某基金\n主要内容\n"
        + "公司先介绍了上半年的经营情况，各项业务进展顺利，收入和利润都有增长。\n" * 8
        + f"问题1、产能如何？\n回答：产能利用率\n第1页\n{title}\n处于高位。\n问题2、分红吗？\n"
        + "回答：分红。\n"
        + "分红方案会结合公司的盈利和资金情况综合考虑。\n" * 12
        + "某某科技股份有限公司\n董事会\n第2页\n"
    )
    assert pairs(text, "text")[0][1].replace("/", "") == "产能利用率处于高位。"


def test_every_character_is_accounted_for() -> None:
    text = (
        "某某股份有限公司\n活动时间：2024年5月6日\n主要内容\n公司先介绍了情况。\n"
        "问题1、产能如何？\n回答：充足。\n问题2、分红吗？\n回答：分。\n特此公告。\n"
    )
    parts = split(Document(text, "docx")).parts
    said = [(p.kind, p.pair, text[p.start : p.end].strip()) for p in parts]
    assert said == [
        ("head", None, "某某股份有限公司\n活动时间：2024年5月6日\n主要内容"),
        ("context", None, "公司先介绍了情况。"),
        ("mark", 0, "问题1、"), ("question", 0, "产能如何？"),
        ("mark", 0, "回答："), ("answer", 0, "充足。"),
        ("mark", 1, "问题2、"), ("question", 1, "分红吗？"),
        ("mark", 1, "回答："), ("answer", 1, "分。"),
        ("rest", None, "特此公告。"),
    ]  # fmt: skip


def test_a_gap_in_the_numbers_is_told() -> None:
    text = "问题1、产能如何？\n回答：充足。\n问题3、分红吗？\n回答：分。\n"
    assert split(Document(text, "docx")).warnings == ("question numbers jump from 1 to 3",)


def test_a_large_rest_is_told() -> None:
    text = "问题1、产能如何？\n回答：充足。\n附件清单\n" + "某某基金 张三\n" * 100
    assert "are in no question or answer" in split(Document(text, "docx")).warnings[0]


def test_no_question_at_all() -> None:
    assert split(Document("今天天气很好。\n公司经营正常。", "docx")).warnings == (
        "no question with an answer found",
    )


def test_labels_in_a_narrow_column_and_dates_in_words() -> None:
    head = (
        "某某股份有限公司\n证券代码：３００００１\n投资者关系活动类\n别\n"
        "□现场参观 √业绩说明会 □其他\n"
        "参与单位名称及人\n员姓名\n长江证券 张三、景顺\n基金 李四\n"
        "时    间 2024/4/30 上午\n地点 公司会议室\n"
        "上市公司接待人员\n姓名 董事长 王五；董事会秘书 赵\n六\n投资者关系活动主要\n内容介绍\n"
    )
    fields, end = read_head(head, "某某股份有限公司\n二〇二四年五月六日\n")
    assert fields["code"] == "300001"
    assert fields["exchange"] == "SZSE"
    assert fields["activity_types"] == ("业绩说明会",)
    assert fields["participants"] == "长江证券 张三、景顺基金 李四"
    assert fields["activity_date"] == "2024-04-30"
    assert fields["filed_date"] == "2024-05-06"
    assert fields["place"] == "公司会议室"
    assert fields["hosts"] == "董事长 王五；董事会秘书 赵六"
    assert end >= len(head) - 1


def test_a_date_without_a_label() -> None:
    head = "某某股份有限公司于2024年5月16日 15:00-16:30召开了业绩说明会。\n"
    assert read_head(head, "")[0]["activity_date"] == "2024-05-16"


@pytest.mark.parametrize(("han", "value"), [("一", 1), ("十", 10), ("十二", 12), ("二十一", 21)])
def test_han_numbers(han: str, value: int) -> None:
    assert han_number(han) == value
