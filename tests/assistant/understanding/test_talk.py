"""What is a question, and what isn't."""

from __future__ import annotations

import pytest

from assistant.understanding.talk import Kind, kind_of
from index.normalize import normalize


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "talk") for text in ("你好", "您好！", "hello", "谢谢您的回复", "辛苦了", "测试")),
        *(
            (text, "talk")
            for text in ("test", "1+1=?", "3乘以5是多少", "今天天气怎么样", "讲个笑话")
        ),
        *(
            (text, "talk")
            for text in ("你是谁", "哈哈哈", "😀", "？？？", "……", "asdfgh", "123456")
        ),
        *(
            (text, "talk")
            for text in ("'; DROP TABLE pairs;--", "<script>alert(1)</script>", "加油！")
        ),
        *((text, "talk") for text in ("祝公司越来越好", "吃饭了吗", "帮我订一张去杭州的高铁票")),
        *((text, "keyword") for text in ("毛利率", "在手订单", "回购")),
        *((text, "question") for text in ("毛利率是多少", "你好，请问毛利率", "为什么下降")),
        *((text, "question") for text in ("天气对公司业务有影响吗", "公司测试设备的订单有多少")),
        *((text, "question") for text in ("电影票房收入多少", "谢谢，请问分红方案是什么")),
        ("公司2024年每10股派发现金5元", "statement"),
    ],
)
def test_kind(text: str, kind: Kind) -> None:
    plain = normalize(text)
    assert kind_of(plain, plain, names_company=False) == kind


def test_a_company_and_no_more() -> None:
    assert kind_of("砺晶", "", names_company=True) == "name"
    assert kind_of("砺晶,你好", "你好", names_company=True) == "name"
    assert kind_of("砺晶 毛利率", "毛利率", names_company=True) == "keyword"
