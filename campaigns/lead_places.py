"""Time zones and languages as lists of leads name them. Pure."""

import re
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

CUSTOM_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
"""A language's tag, such as pt-BR."""

_CHINESE = (
    "中文", "汉语", "普通话", "国语", "简体中文", "chinese", "mandarin", "zh", "cn", "zh-cn",
)  # fmt: skip
_CANTONESE = ("粤语", "广东话", "cantonese", "yue")
_ENGLISH = ("英语", "英文", "english", "en")
LANGUAGES = {
    **dict.fromkeys(_CHINESE, "zh-CN"),
    **dict.fromkeys(_CANTONESE, "yue"),
    **dict.fromkeys(_ENGLISH, "en"),
}
"""Languages by what people call them, in small letters."""

_PROVINCES = (
    *("北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江"),
    *("安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆"),
    *("四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆"),
    *("中国", "中国大陆", "大陆", "北京时间", "china", "cn", "beijing", "shanghai"),
)
_REGIONS = {
    **dict.fromkeys(_PROVINCES, "Asia/Shanghai"),
    **dict.fromkeys(("香港", "中国香港", "hong kong", "hk"), "Asia/Hong_Kong"),
    **dict.fromkeys(("澳门", "中国澳门", "macau", "macao", "mo"), "Asia/Macau"),
    **dict.fromkeys(("台湾", "中国台湾", "taiwan", "tw"), "Asia/Taipei"),
    **dict.fromkeys(("新加坡", "singapore", "sg"), "Asia/Singapore"),
    **dict.fromkeys(("日本", "japan", "jp"), "Asia/Tokyo"),
    **dict.fromkeys(("韩国", "south korea", "korea", "kr"), "Asia/Seoul"),
    **dict.fromkeys(("英国", "united kingdom", "uk", "gb"), "Europe/London"),
    **dict.fromkeys(("印度", "india", "in"), "Asia/Kolkata"),
    **dict.fromkeys(("utc", "gmt"), "UTC"),
}
_SUFFIX = re.compile(r"(?:维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区|省|市)\Z")
_OFFSET = re.compile(r"(?:utc|gmt)?\s*(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?00)?")
_MOST_CHARACTERS = 60


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if "/" in name}


@lru_cache(maxsize=4096)
def zone_named(text: str) -> ZoneInfo | None:
    """The zone of this name, of this whole offset from UTC (``+08:00``), or of a region that lies
    in one zone only (a province of China is in Asia/Shanghai); None if it is none of these."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if not plain or len(plain) > _MOST_CHARACTERS:
        return None
    name = _REGIONS.get(plain) or _REGIONS.get(_SUFFIX.sub("", plain))
    name = name or _zones().get(plain.replace(" ", "_"))
    if name is None and (offset := _OFFSET.fullmatch(plain)) and int(offset["hours"]) <= 12:
        turned = "-" if offset["sign"] == "+" else "+"  # as POSIX has them
        name = f"Etc/GMT{turned}{int(offset['hours'])}"
    return None if name is None else ZoneInfo(name)
