"""Shortens a browser's User-Agent to a name its user recognises, for the list of sessions."""

import re

_BROWSERS = (  # in this order: most of them also claim to be one of the later ones
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("WeChat", r"MicroMessenger/(\d+)"),
    ("QQ", r"QQBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
)
_SHOWN = 60


def browser_name(user_agent: str) -> str:
    """``Firefox 140 · Windows``; an unknown browser's own text, shortened; empty for no text."""
    for name, pattern in _BROWSERS:
        if found := re.search(pattern, user_agent):
            system = next((n for n, mark in _SYSTEMS if mark in user_agent), "")
            return f"{name} {found[1]}" + (f" · {system}" if system else "")
    return user_agent if len(user_agent) <= _SHOWN else f"{user_agent[: _SHOWN - 1]}…"
