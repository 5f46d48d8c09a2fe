"""Whether two filed questions ask the same of a company at different times."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.understanding.periods import without_periods
from index.normalize import normalize
from index.terms import terms, weight

# Share of what two questions say that both say, and words of one that the other may lack.
_SAME = 0.72
_POLITE = re.compile(
    r"尊敬的.{0,8}?[,:，：!！]|您好|你好|请问(?:一下)?|谢谢|感谢|贵公司|贵司|公司|我司|目前|现在|当前|最新|最近"
    r"|介绍一下|请介绍|介绍下|能否|是否|一下|如何|怎么样|怎样|是多少|多少|情况|的|吗|呢|了"
)


def alike(one: str, other: str, *, periods: bool = False) -> bool:
    """Whether two questions are the same but for politeness and, unless ``periods``, the time."""
    a, b = _weights(one, periods), _weights(other, periods)
    if not a or not b:
        # Filed questions may be hidden: nothing is like nothing.
        return bool(one.strip()) and normalize(one) == normalize(other)
    union = sum((a | b).values())
    both = sum(value for word, value in a.items() if word in b)
    return both >= _SAME * union


@lru_cache(maxsize=1 << 13)
def _weights(question: str, periods: bool) -> dict[str, float]:
    plain = normalize(question)
    core = _POLITE.sub(" ", plain if periods else without_periods(plain))
    return {word: weight(word) for word in terms(core)}
