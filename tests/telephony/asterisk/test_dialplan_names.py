"""Looks up all applications: one that is misspelt or missing fails only during a call."""

import re
from pathlib import Path

import pytest

from farend.far_end_files import CONF as FAR_CONF
from telephony.asterisk.instance import CONF
from telephony.asterisk.process import AsteriskProcess
from tests.conftest import FarEndFactory, InstanceFactory

pytestmark = pytest.mark.live

_STEP = re.compile(r"^\s*(?:exten|same)\s*=>\s*(?:[^,]+,)?(?:n|\d+)(?:\([\w-]+\))?,(\w+)\(", re.M)
_NESTED = re.compile(r"ExecIf\(.*?\?(\w+)\(")
_FUNCTION = re.compile(r"\$\{(?:[A-Z_]+\()*([A-Z_0-9]+)\(")
_SET = re.compile(r"Set\(([A-Z_]+)\(")


async def test_every_application_and_function_of_both_dialplans_is_loaded(
    instance: InstanceFactory, far_end: FarEndFactory
) -> None:
    one = await instance()
    far = await far_end(one)
    for process, conf in ((one.process, CONF), (far.process, FAR_CONF)):
        text = (conf / "extensions.conf").read_text("utf-8")
        text = "\n".join(x for x in text.splitlines() if not x.lstrip().startswith(";"))
        applications = set(_STEP.findall(text)) | set(_NESTED.findall(text))
        assert len(applications) > 8
        functions = set(_FUNCTION.findall(text)) | set(_SET.findall(text))
        assert len(functions) > 3
        await _has(process, "applications", applications)
        await _has(process, "functions", functions)


async def _has(process: AsteriskProcess, what: str, names: set[str]) -> None:
    said = (await process.console(f"core show {what}")).lower()
    missing = {n for n in names if not re.search(rf"(?m)^\s*{n.lower()}\b", said)}
    assert not missing, f"{process.name} lacks the {what} {sorted(missing)}"


def test_the_configuration_holds_no_secret() -> None:
    for path in [*Path(CONF).glob("*"), *Path(FAR_CONF).glob("*")]:
        for line in path.read_text("utf-8").splitlines():
            assert not re.match(r"\s*(secret|password)\s*=", line), path
