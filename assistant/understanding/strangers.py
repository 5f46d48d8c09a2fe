"""A company's name at the head of a question that is on no list.

Only what clearly has a name's shape: whether filings speak of it decides the rest.
"""

from __future__ import annotations

import re

from assistant.understanding.mentions import ASKED, Sentence
from assistant.understanding.names import TRADES, is_ordinary
from assistant.understanding.places import places

_TRADED = re.compile(rf"([\u4e00-\u9fff]{{2,6}}?)(?:{TRADES})+(?:股份)?(?:有限)?(?:公司)?{ASKED}")
_LEGAL = re.compile(r"([\u4e00-\u9fff()]{4,24}?)(?:股份|集团|责任)?(?:有限公司|股份公司|集团公司)")
_BARE = re.compile(rf"([\u4e00-\u9fff]{{3,4}})(?:公司)?{ASKED}")
# Who is called upon, and a share's name whatever stands before it.
_CALLED = re.compile(
    r"([\u4e00-\u9fff]{3,8}?)(?:公司\s*(?=[:：,，的\d]|预计|公司|目前|今年|去年|请问|您好|你好)"
    r"|\s*(?:[:：]|[,，]\s*(?:公司|贵司)|[,，]?\s*(?:请问|您好|你好)))"
)
_SHARE = re.compile(
    r"([\u4e00-\u9fff]{2,4}(?:股份|集团))(?:公司)?(?!回购|质押|减持|支付|解禁|转让)"
)
_BRACKETED = re.compile(r"[(（]([\u4e00-\u9fff]{3,8})[)）]\s*[?？!！。]*$")
_MARKED = re.compile(r"([*_]?s?\*?st[\u4e00-\u9fff]{2})")
_TRADE_AT_END = re.compile(rf"(?:{TRADES})$")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_TITLE = re.compile(r"总|董|先生|女士|老师|经理|行长|主席|院士|教授|博士")
_ENDS_HERE = re.compile(rf"{ASKED}|公司|请问|您|你")
_HEAD, _SHORTEST, _LONGEST = 16, 3, 8
# How no name begins or ends.
_BEGINS_NO_NAME = re.compile(
    r"[限我你他她它是给对和与在把被从向有没不这那谁请每各该其比像让使用到或若如]|相比|除了|关于"
)
_ENDS_NO_NAME = re.compile(
    r"(?:地区|市场|行业|方案|政策|计划|进展|收入|利润|毛利率|分红|回购|订单|产能|项目|工厂|基地|矿|月份|季度|年度|客户|业务|产品|公司|股份的|情况|问题|方面|部分|部门|负责人|吗|呢)$"
)
# What stands before a trade and makes no name of it.
_NO_NAME = re.compile(
    r"公司|贵司|我司|你们|我们|国内|国外|海外|境内|境外|全球|中国|我国|行业|消费|功率|新能源|工业|高端|智能"
    r"|汽车|医用|军工|商用|民用|家用|储能|光伏|风电|主营|子公司|控股|上游|下游|公告|年报|本次|这次|此次|收购"
    r"|是否|有没|为何|为什|怎么|如何|什么|哪些|目前|现在|最近|最新|今年|去年|明年|未来|新型|其他|其它|相关"
)
_OWN = re.compile(r"公司|贵司|我司|你们|你司|咱们|我们")


def name_at_head(sentence: Sentence) -> str:
    """The name that a question begins with, or has in brackets at its end, where it is on no list;
    empty where it has none."""
    head = sentence.head
    if match := _LEGAL.match(head):
        return match[0] if _may_be_one(match[1]) else ""
    if (match := _TRADED.match(head)) and _may_be_one(match[1]) and _is_distinctive(match[1]):
        return head[: match.end()].strip()
    for pattern in (_MARKED, _CALLED, _SHARE):
        match = pattern.match(head)
        if match and _may_be_one(match[1]) and (_is_distinctive(match[1]) or _is_odd(match[1])):
            return match[1]
    if name := _foreign_run(head):
        return name
    match = _BARE.match(head)
    if match and not _OWN.search(head) and _may_be_one(match[1]) and _is_foreign(match[1]):
        return match[1]
    match = _BRACKETED.search(head)
    if match and _may_be_one(match[1]) and (_is_distinctive(match[1]) or _is_odd(match[1])):
        return match[1]
    return ""


def _foreign_run(head: str) -> str:
    """Words at the beginning that aren't in the language, with a place before and a trade behind
    them; three characters at least."""
    from rjieba import cut

    run, is_foreign, is_whole = "", False, False
    for word in cut(head[:_HEAD]):
        if not _HAN.fullmatch(word):
            break
        if len(word) > 1 and not _is_known(word):
            is_foreign = True
        elif is_foreign and (_TRADE_AT_END.fullmatch(word) or _is_rare(word)):
            run, is_whole = run + word, True
            break
        elif run or word not in places():
            break
        run += word
    rest = head[len(run) :]
    if not is_foreign or not (is_whole or _ENDS_HERE.match(rest)) or _TITLE.match(rest):
        return ""
    return run if _SHORTEST <= len(run) <= _LONGEST and _may_be_one(run) else ""


def _may_be_one(name: str) -> bool:
    return "的" not in name and not (
        _NO_NAME.search(name) or _BEGINS_NO_NAME.match(name) or _ENDS_NO_NAME.search(name)
    )


def _is_distinctive(core: str) -> bool:
    """Whether it isn't made of ordinary words alone: 消费 of 消费电子."""
    from rjieba import cut

    words = [word for word in cut(core) if len(word) > 1]
    return not words or not all(is_ordinary(word) for word in words)


def _is_odd(name: str) -> bool:
    """Whether it ends with a trade, or a word of one character is in it, as in few phrases."""
    from rjieba import cut

    return bool(_TRADE_AT_END.search(name)) or any(len(word) == 1 for word in cut(name))


def _is_foreign(text: str) -> bool:
    """Whether no word of the language is in it, but for a place at its beginning."""
    from rjieba import cut

    words = cut(text)
    rest = words[1:] if words and words[0] in places() else words
    return bool(rest) and not any(_is_known(word) for word in rest)


def _is_rare(word: str) -> bool:
    return not is_ordinary(word) and len(word) > 1


def _is_known(word: str) -> bool:
    from index.normalize import SHIPPED_MODEL, read_tokenizer

    return len(word) > 1 and read_tokenizer(SHIPPED_MODEL).token_to_id(word) is not None
