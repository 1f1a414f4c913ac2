"""Writes called customers as a list of leads that a campaign can import, and reads none."""

import csv
import io
from collections.abc import Iterable

from farend.called_customers import CalledCustomer

HEADINGS = {
    "zh-CN": ("客户编号", "姓名", "电话", "语言"),
    "en": ("customer id", "name", "phone", "language"),
}
"""The first row, by the language it is in."""

ZONE_HEADINGS = {"zh-CN": "时区", "en": "time zone"}
"""Of the column that is there if a time zone is given."""


def lead_sheet(
    customers: Iterable[CalledCustomer], *, headings: str = "zh-CN", timezone: str = ""
) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, as Excel writes it: a row for each customer.

    The number is in E.164. ``timezone`` is in each row; without one there is no column for it.
    Raises KeyError for a language without headings.
    """
    text = io.StringIO(newline="")
    sheet = csv.writer(text)
    sheet.writerow((*HEADINGS[headings], *([ZONE_HEADINGS[headings]] if timezone else [])))
    for place, customer in enumerate(customers, 1):
        row = (f"K{place:06}", customer.name, customer.number, customer.language)
        sheet.writerow((*row, timezone) if timezone else row)
    return text.getvalue().encode("utf-8-sig")
