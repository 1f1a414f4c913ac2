"""Numbers in Chinese, against cn2an and by hand."""

import random
from decimal import Decimal

import cn2an
import pytest

from prompts.chinese_numbers import LARGEST, cardinal, counted, dictated, digits

CARDINALS = {
    "0": "零", "2": "二", "10": "十", "12": "十二", "20": "二十", "100": "一百", "102": "一百零二",
    "110": "一百一十", "112": "一百一十二", "200": "二百", "1000": "一千", "1002": "一千零二",
    "1010": "一千零一十", "2000": "两千", "2222": "两千二百二十二", "10000": "一万",
    "10005": "一万零五", "10010": "一万零一十", "12000": "一万二千", "20000": "两万",
    "22000": "两万二千", "100000": "十万", "100010": "十万零一十", "120000": "十二万",
    "1000000": "一百万", "10000000": "一千万", "100000000": "一亿", "200000000": "两亿",
    "100100000": "一亿零一十万", "110000000": "一亿一千万", "1000000000000": "一万亿",
    "123456789": "一亿二千三百四十五万六千七百八十九", "-3": "负三", "-2000": "负两千",
    "3.14": "三点一四", "0.05": "零点零五", "2.5": "二点五", "1234.50": "一千二百三十四点五零",
    "20000.2": "两万点二", "1100005000": "十一亿零五千",
}  # fmt: skip


@pytest.mark.parametrize(("number", "said"), CARDINALS.items())
def test_cardinals(number: str, said: str) -> None:
    assert cardinal(Decimal(number)) == said


def test_any_number_is_what_cn2an_understands_and_says() -> None:
    chance = random.Random(5)
    numbers = [*range(0, 300), *(10**n for n in range(16)), *(10**n + 10 for n in range(2, 15))]
    numbers += [chance.randrange(10 ** chance.randrange(1, 16)) for _ in range(3000)]
    # Zeros are where it goes wrong.
    numbers += [
        int("".join(chance.choices("0001205", k=chance.randrange(1, 16)))) for _ in range(3000)
    ]
    for number in numbers:
        said = cardinal(number).replace("两", "二")
        assert cn2an.cn2an(said, "strict") == number
        # It leaves out a 零 where a whole group of four is empty: 1100005000 is 十一亿五千 there.
        assert said.replace("零", "") == cn2an.an2cn(number, "low").replace("零", "") or number == 0
        assert cardinal(-number - 1) == "负" + cardinal(number + 1)
    for _ in range(500):
        number = round(chance.uniform(0, 10**6), chance.randrange(1, 5))
        said = cardinal(Decimal(str(number))).replace("两", "二")
        assert said == cn2an.an2cn(str(number), "low"), number


def test_figures_one_by_one() -> None:
    assert digits("2010") == "二零一零"
    assert dictated("13800") == "幺三八零零"
    assert [counted(n) for n in (1, 2, 12, 2000)] == ["一", "两", "十二", "两千"]
    assert cardinal(LARGEST).startswith("一零零")
