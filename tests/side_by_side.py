"""How live tests are shared out among the workers of pytest-xdist."""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    # The tests of a module share what the first of them has started:
    "tests/farend/test_called.py",
    "tests/farend/test_nailed_phones.py",
    "tests/faults/test_directory_changes.py",
    "tests/faults/test_own_phones.py",
    "tests/faults/test_talks.py",
    "tests/telephony/agi/test_live.py",
    "tests/telephony/ami/",
    "tests/telephony/asterisk/test_closed_doors.py",
    "tests/telephony/asterisk/test_dialplan.py",
    "tests/telephony/asterisk/test_far_end.py",
    "tests/telephony/calls/test_live.py",
    "tests/phones/",
    "tests/e2e/test_demo.py",  # two demos that start in the same moment want the same ports
)
"""Modules whose tests run one after the other, in one worker."""


class ByTest(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker that has nothing left to do the next test, or module of ``TOGETHER``."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, _ = nodeid.partition("::")
        return module if module.startswith(TOGETHER) else nodeid
