"""When nothing of Asterisk's processes is left."""

import os
import subprocess

from telephony.asterisk.process import group_runs
from tests.waiting import until_blocking


def test_a_process_that_has_ended_does_not_run_though_nobody_has_taken_note() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert group_runs(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        until_blocking(lambda: not group_runs(process.pid), what="its end")
        os.killpg(process.pid, 0)  # it is still in its group
    assert not group_runs(process.pid)
