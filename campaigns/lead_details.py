"""Finds the lead report's columns among a lead's fields, by their headings. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class LeadDetail(StrEnum):
    """What a client's list may say of a customer, and what the lead report shows."""

    COMPANY = "company"  # who the customer is, if the lead's name is a person's at a firm
    CONTACT = "contact"
    EMAIL = "email"
    PRODUCT = "product"  # what they use now


_HEADINGS: Mapping[LeadDetail, tuple[str, ...]] = {
    LeadDetail.COMPANY: (
        *("company", "company name", "firm", "organisation", "organization", "employer"),
        *("公司", "公司名称", "单位", "单位名称", "企业", "企业名称", "客户单位"),
    ),
    LeadDetail.CONTACT: (
        *("contact person", "contact", "contact name", "person", "attention"),
        *("联系人", "联系人姓名", "对接人", "经办人"),
    ),
    LeadDetail.EMAIL: (
        *("email", "e-mail", "mail", "email address", "e-mail address"),
        *("邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址", "邮件地址"),
    ),
    LeadDetail.PRODUCT: (
        *("product", "current product", "product now in use", "product in use", "now using"),
        *("产品", "现用产品", "现有产品", "当前产品", "在用产品", "使用产品", "目前使用产品"),
    ),
}
_PARENTHESES = re.compile(r"\([^()]*\)")


def detail_of(fields: Mapping[str, object], detail: LeadDetail) -> str:
    """What the fields say of this; "" if no heading is one of those that are usual for it."""
    for heading, value in fields.items():
        if _plain(heading) in _BY_DETAIL[detail] and str(value).strip():
            return str(value).strip()
    return ""


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(filter(str.isalnum, _PARENTHESES.sub("", text)))


_BY_DETAIL = {detail: frozenset(map(_plain, headings)) for detail, headings in _HEADINGS.items()}
