"""How people dictate a number: in which groups of digits."""


def groups_of(number: str) -> list[str]:
    """The groups in which digits are dictated: a mobile number's as 3, 4, 4, a hotline's (400, 800)
    as 3, 3, 4, one with an area code after the code; any other number's in fours."""
    if len(number) == 11 and number.startswith("1"):
        sizes = [3, 4, 4]
    elif len(number) == 10 and number.startswith(("400", "800")):
        sizes = [3, 3, 4]
    elif len(number) in (11, 12) and number.startswith("0"):
        code = 3 if number.startswith(("010", "02")) else 4
        sizes = [code, len(number) - code - 4, 4]
    else:
        sizes = [4] * (len(number) // 4) + ([len(number) % 4] if len(number) % 4 else [])
    found, at = [], 0
    for size in sizes:
        found.append(number[at : at + size])
        at += size
    return found
