"""What is asked for, and what is no question at all: greetings, thanks, tests, sums, chit-chat."""

from __future__ import annotations

import re
from typing import Literal

# ``question``; ``talk`` asks nothing of a filing; ``name`` is a company's name and no more;
# ``keyword`` is a topic without a verb, such as 毛利率; ``statement`` says something, with figures.
Kind = Literal["question", "talk", "name", "keyword", "statement"]

_LETTER = re.compile(r"[^\W\d_]")
_PADDING = re.compile(
    r"[\s\W_]+|^(?:请问|那么|那|嗯+|哦+|啊+|额+|哎|喂)|(?:啊|呀|哦|哈|呢|吧|了|啦|嘛)+$"
)
_NOISE = re.compile(
    r"(?:您好|你好|大家好|各位好|早上好|上午好|中午好|下午好|晚上好|晚安|早安|早|嗨|哈喽|哈啰|hi|hello|hey|在吗|在不在"
    r"|有人吗|在么|谢谢|多谢|感谢|非常|十分|万分|您|你|们|的|大家|各位|领导|董秘|老师|朋友|管理层|回复|解答|回答|耐心|辛苦"
    r"|再见|拜拜|回见|好的|好|知道|明白|收到|了解|ok|okay|嗯+|哦+|啊+|哈+|呵+|嘿+|thanks|thank|you|bye"
    r"|测试|测试一下|试试|试一下|一下|test|testing|ping|新年|春节|中秋|节日|生日|周末|快乐|愉快|加油|支持|恭喜|发财"
    r"|祝|祝愿|越来越|公司|贵司|贵公司|蒸蒸日上|万事如意|身体健康|工作顺利|很?清楚|很好|不错|厉害|牛|赞|棒|满意|股市有风险|投资需谨慎|对不起|抱歉|没关系|不客气|没事|了|吧|啊|呀|哦|哈)*"
)
_CHAT = re.compile(
    r"你(?:们)?(?:是谁|是什么(?:模型|东西|人)?|叫什么(?:名字)?"
    r"|是(?:不是)?(?:机器人|人工智能|ai|chatgpt|gpt|真人)(?:吗)?|能做(?:些)?什么|会(?:做)?(?:些)?什么"
    r"|几岁|多大|喜欢.*|爱.*|吃(?:饭|了).*|在干(?:嘛|什么)|从哪里来|好吗|怎么样)"
    r"|(?:今天|明天|现在|北京|上海|这里)*(?:的)?天气(?:怎么样|如何|好吗|预报)?.{0,4}"
    r"|(?:给我|帮我|请|来)*(?:讲|说|写|作|唱|画|编|翻译|背|推荐).{0,4}"
    r"(?:笑话|故事|诗|歌|作文|代码|程序|句子|电影|餐厅|菜|段子|小说|画|英语)"
    r"|(?:现在|今天|明天|今年)*(?:是)?(?:几点|星期几|周几|几号|几月几号|什么日子)(?:了|钟)?(?:吗)?"
    r"|我(?:爱你|想你|喜欢你|好无聊|很无聊|饿了|累了|不开心|心情不好).*"
    r"|.{0,3}(?:晚饭|午饭|早饭|夜宵).{0,4}吃.{0,4}|(?:世界|中国)?(?:上)?(?:最高的山|最长的河|首都).{0,8}"
    r"|.{0,3}(?:吃饭|睡觉|起床|下班).{0,3}|.{0,4}(?:听歌|唱歌|看电影|打车|叫外卖|点外卖).{0,3}"
    r"|.{0,4}订.{0,10}(?:票|酒店|餐)|.{0,2}无聊.{0,2}|随便(?:聊聊|说说|问问)|聊聊天?|无聊|哈.*哈"
    r"|who are you|how are you|what(?:'s| is) your name|tell me a joke"
)
_SUM = re.compile(r"[\d.\s]+(?:[-+*/×÷^加减乘除以]+[\d.\s]+)+(?:=|等于|是)?(?:几|多少|什么)?")
_REPEATED = re.compile(r"(.{1,3}?)\1{2,}")
_ASKS = re.compile(
    r"[?？吗呢么]|是否|有没有|有无|会不会|能否|多少|几[个家年次成]|什么|怎么|如何|怎样|哪|为何|为什么|谁|何时|能不能|是不是"
    r"|请|介绍|说明|谈谈|影响|计划|进展|原因|看待|情况"
)
# How a keyboard's letters lie.
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LONGEST_KEYWORD = 8


def kind_of(plain: str, rest: str, *, names_company: bool) -> Kind:
    """What a normalised question is; ``rest`` is what it says beside the companies it names."""
    left = _stripped(rest if names_company else plain)
    if names_company and (not left or _NOISE.fullmatch(left)):
        return "name"
    if not left or not (_LETTER.search(left) or names_company):
        return "talk"
    if _NOISE.fullmatch(left) or _CHAT.fullmatch(left) or _REPEATED.fullmatch(left):
        return "talk"
    if _SUM.fullmatch(re.sub(r"[?？!！。\s]+$", "", rest.strip())):
        return "talk"
    if _is_code(plain):
        return "talk"
    if len(left) <= _LONGEST_KEYWORD and not _ASKS.search(rest):
        return "keyword"
    return "question" if _ASKS.search(rest) else "statement"


def _stripped(text: str) -> str:
    """A text without signs, and without what is said before and after anything."""
    before = None
    while before != text:
        before, text = text, _PADDING.sub("", text)
    return text


def _is_code(plain: str) -> bool:
    """Whether it is for a machine: no Chinese, and signs that no sentence has."""
    if re.search(r"[\u3400-\u9fff]", plain):
        return False
    words = re.findall(r"[a-z]+", plain)
    if len(words) == 1 and any(words[0][:4] in row for row in _KEYS if len(words[0]) > 3):
        return True
    return bool(re.search(r"[;{}<>$\\|`=]|--|\(\)|https?:", plain)) or (
        len(words) == 1 and not re.search(r"[aeiou]", words[0][:4]) and len(words[0]) > 3
    )
