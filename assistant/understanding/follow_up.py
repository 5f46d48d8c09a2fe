"""A question that goes on from the one before: 晟野呢, 2023年呢, 为什么下降."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assistant.understanding.companies import CompanyMatcher, Mention
from assistant.understanding.periods import without_periods
from index.normalize import normalize

# How a question begins or ends that goes on from the one before.
_GOES_ON = re.compile(
    r"(?:那|其中|另外|此外|还有(?!没)|它|他们|这|该|具体|后续|对此|and |what about )"
)
_TRAILS_OFF = re.compile(r"呢[?!。]*$")
_LINK = re.compile(r"^(?:那么?|其中|另外|此外|还有)[，,]?|呢\s*[?？!！。]*$")
_LONGEST = 30
# What asks without saying of what.
_NO_TOPIC = re.compile(
    r"[\s\W_]|为什么|为何|为啥|怎么(?:样|回事)?|如何|怎样|什么|多少|哪些|哪里|几|是否|是不是|有没有|会不会|能不能|能否|可否"
    r"|原因|理由|下降|上升|下滑|增长|增加|减少|提高|提升|降低|变化|波动|高|低|大|小|好|差|快|慢|这么|那么|这样|那样|还|都"
    r"|具体|详细|主要|分别|展开|再|说明|说说|讲讲|介绍|解释|一下|下|请|可以|吗|呢|吧|啊|的|了|是|有|会|能|在|又|也|就|何时|时候"
    r"|持续|预计|未来|后续|接下来|趋势|情况|进展|影响|公司|贵司|你们|它|这个|那个|这|那|其中|此|该|占比?|对|由于|因为|哪"
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What is asked: whom it names and, where they say what this one leaves out, the words of the
    question before. ``has_topic``: it may be understood without them. ``follows``: it was taken
    together with that one; ``names_company``: its own words name one."""

    mention: Mention
    before: str = ""
    has_topic: bool = True
    follows: bool = False
    names_company: bool = False


def understood(
    question: str, previous: str | None, matcher: CompanyMatcher, *, pinned: bool = False
) -> Understood:
    """A question together with the one that it follows up.

    The company stays that of the question before until another one is named. ``pinned``: who is
    asked is known without either.
    """
    if not previous:
        alone = matcher.match(question, about=pinned)
        return Understood(alone, names_company=bool(alone.companies))
    former = matcher.match(previous, about=pinned)
    mention = matcher.match(question, about=pinned or bool(former.companies))
    own = matcher.match(question, about=pinned)
    # A name on no list takes the other's place only where it is all that is said.
    is_all = not _says_anything(without_periods(_own_words(own.rest, own)))
    names_another = bool(mention.companies or own.absent or (own.perhaps and is_all))
    if names_another and not mention.companies:
        mention = own
    core = without_link("" if mention.is_bare else mention.rest)
    if not names_another:
        mention = replace(mention, companies=former.companies)
    rest = "" if former.is_bare else former.rest
    if not _says_anything(without_periods(_own_words(core, own))):
        # Who or when is all that is said: of them the same is asked.
        when = core if _says_anything(core) else ""
        said = without_periods(rest) if when else rest
        whole = f"{when}{said}".strip()
        is_bare = not whole
        mention = replace(mention, rest=whole or core, is_bare=is_bare)
        return Understood(mention, follows=True, names_company=names_another or not is_bare)
    if not _NO_TOPIC.sub("", without_periods(core)):
        return Understood(mention, before=rest, has_topic=False, follows=True)
    if reads_as_follow_up(question):
        mention = replace(mention, rest=core)
        return Understood(mention, before=rest, follows=True, names_company=names_another)
    return Understood(mention, follows=not names_another, names_company=names_another)


def _own_words(core: str, own: Mention) -> str:
    """A question without the names of who isn't held, too."""
    for name in (*own.absent, own.perhaps):
        core = core.replace(name, " ") if name else core
    return core


def _says_anything(text: str) -> bool:
    return any(c.isalnum() for c in re.sub(r"的|那|呢|么", "", text))


def reads_as_follow_up(question: str) -> bool:
    """Whether a question only makes sense after another."""
    plain = normalize(question).strip()
    if len(plain) > _LONGEST:
        return False
    if _GOES_ON.match(plain) or _TRAILS_OFF.search(plain):
        return True
    return bool(plain) and not _NO_TOPIC.sub("", plain)


def without_link(question: str) -> str:
    """A follow-up without the words that tie it to the question before, where more is left."""
    return _LINK.sub("", question).strip() or question
