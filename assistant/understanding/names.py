"""What a company may be called: the spellings of one name.

A Chinese company's name is place + distinctive part + trade + legal form (北京 + 并行 + 科技 +
股份有限公司), and its short name on the exchange may carry a mark (*ST, -U). People shorten both in
many ways, but hardly ever drop the distinctive part.
"""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.understanding.places import without_place
from index.normalize import SHIPPED_MODEL, normalize, read_tokenizer

_LEGAL_FORM = re.compile(r"(?:集团|控股)?(?:股份)?(?:有限)?(?:责任)?公司$")
# Marks of the exchanges; files' names have `_ST` for `*ST`.
_MARK = re.compile(r"^(?:[*_]?s?\*?st|pt|n|c|xd|xr|dr)(?=[\u4e00-\u9fff])")
_CLASS = re.compile(r"(?:[-_][uwdv]{1,2}|(?<=[\u4e00-\u9fff])[ab]|退|\(退市\))$")
_SHORTEST, _TELLING = 2, 3
# What short names and full names of companies end with.
TRADES = (
    "股份|科技|集团|控股|电子|药业|医药|制药|生物|医疗|电气|电力|电器|能源|新能|机械|机电|机床|重工|精工"
    "|精密|精机|材料|新材|化学|化工|化纤|石化|智能|智造|信息|软件|数据|数码|技术|通信|通讯|网络|光电|光学"
    "|光伏|激光|微电|半导体|芯片|环境|环保|水务|节能|银行|证券|保险|信托|航空|航天|船舶|汽车|汽配|食品"
    "|乳业|酒业|啤酒|饮料|农业|牧业|种业|渔业|传媒|文化|影视|游戏|教育|旅游|酒店|地产|置业|置地|建设|建工"
    "|建筑|建材|水泥|玻璃|钢铁|特钢|有色|矿业|稀土|黄金|煤业|煤电|燃气|热电|港口|物流|高速|铁路|家居|家具"
    "|服饰|纺织|印染|百货|商业|商城|国际|实业|发展|股权|锻压|工具|重装|车业|矿山|精科|数科|电科|光科|医科|种子|粮油|海运|海能|船务|外运|运输|电源|电机|电缆|磁材|磁业|高科|新科|微科|能科|恒科|装饰|幕墙|园林|生态|环能|环科|健康|养老|基因|疫苗|血液|诊断|器械|影院|院线|出版|报业|广告|创投|投资|金控|资本|租赁|期货|网安|安防|安全|卫士|云|在线|互联|互动|娱乐|动漫|股份|轴承|电缆|线缆|电池|锂业|锂电|钴业|钛业|铝业"
    "|铜业|橡胶|轮胎|塑业|塑胶|纸业|包装|印刷|照明|仪器|仪表|装备|动力|液压|阀门|泵业|包业|眼科|口腔"
)
_TRADE = re.compile(TRADES)
# Words of a higher place in the shipped vocabulary, which is in order of frequency, are ordinary.
_ORDINARY = 8_000


@lru_cache(maxsize=1 << 15)
def full_names(name: str, short: str = "") -> tuple[str, ...]:
    """A company's names that are its own: whole, without legal form and place, and the short one
    with its mark and without."""
    whole, brief = compact(name), compact(short)
    core = _LEGAL_FORM.sub("", whole)
    found = [whole, core, brief, *(unmarked(n) for n in (core, brief))]
    parts = [without_place(n) for n in (core, unmarked(brief))]
    found += [part for part in parts if len(part) > _TELLING]
    return tuple(dict.fromkeys(n for n in found if len(n) >= _SHORTEST))


@lru_cache(maxsize=1 << 15)
def beginnings(name: str, short: str = "") -> tuple[str, ...]:
    """The beginnings, of two characters or more, of what follows the place in a company's names,
    but for those that are its full names or ordinary words (光明 of 光明乳业)."""
    whole = set(full_names(name, short))
    cores = [_LEGAL_FORM.sub("", compact(name)), compact(short)]
    parts = [without_place(unmarked(core)) for core in cores]
    starts = [part[:end] for part in parts for end in _ends(part)]
    return tuple(dict.fromkeys(s for s in starts if s not in whole and not is_ordinary(s)))


def _ends(name: str) -> list[int]:
    """Where a beginning of a name may end: not within the word that tells its trade."""
    within = {place for m in _TRADE.finditer(name) for place in range(m.start() + 1, m.end())}
    return [end for end in range(_SHORTEST, len(name) + 1) if end not in within]


def compact(name: str) -> str:
    """A name in the spelling that is searched, without the spaces that short names are padded
    with."""
    return "".join(normalize(name).split())


def unmarked(short: str) -> str:
    """A short name without the exchange's marks, where something is left."""
    rest = _CLASS.sub("", _MARK.sub("", short))
    return rest if len(rest) >= _SHORTEST else short


@lru_cache(maxsize=1 << 15)
def is_ordinary(word: str) -> bool:
    """Whether a word is common in Chinese at large."""
    rank = read_tokenizer(SHIPPED_MODEL).token_to_id(word)
    return rank is not None and rank < _ORDINARY


@lru_cache(maxsize=1 << 15)
def reads_as_words(name: str) -> bool:
    """Whether a name is an ordinary word, or made of such (机器人, 智慧农业): it may be meant as
    one."""
    from rjieba import cut

    return is_ordinary(name) or all(map(is_ordinary, cut(name)))
