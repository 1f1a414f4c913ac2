import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import CallId
from recordings.capture import Capture, call_of, capture, day_of


def test_what_mixmonitor_is_told() -> None:
    assert capture(CallId("pbx1-1795315998.12")) == Capture("pbx1-1795315998.12.raw", "bD")


@given(st.text(max_size=40))
def test_a_raw_files_name_leads_back_to_its_call_or_is_refused(name: str) -> None:
    try:
        file = capture(CallId(name)).file
    except ValueError:
        assert call_of(f"{name}.raw") is None
    else:
        assert call_of(file) == name
        assert "/" not in file
        assert not {",", "&", "$", "\n", "\0"} & set(file), "it is an argument of a dialplan app"


@pytest.mark.parametrize("name", ["x.wav", ".raw", "x", "../x.raw", "a/b.raw", ".hidden.raw"])
def test_other_files_in_the_spool_name_no_call(name: str) -> None:
    assert call_of(name) is None


def test_the_day_is_in_the_calls_name() -> None:
    day = day_of(CallId("pbx1-1795315998.12"))
    assert day is not None
    assert day.isoformat() == "2026-11-22"
    assert day_of(CallId("pbx1-x")) is None


def test_the_products_asterisk_records_as_was_decided() -> None:
    """docs/decisions/0006-recording.md: with a two-party bridge a recording has gaps, and with PLC
    callers may not hear their agent."""
    conf = Path(__file__).parents[2] / "asterisk-conf"
    loaded = re.findall(r"^load *= *(bridge_\w+)\.so", (conf / "modules.conf").read_text(), re.M)
    assert "bridge_softmix" in loaded
    assert not {"bridge_simple", "bridge_native_rtp"} & set(loaded)
    assert re.search(r"^highpriority *= *yes", (conf / "asterisk.conf").read_text(), re.M)
    assert not (conf / "codecs.conf").exists()
