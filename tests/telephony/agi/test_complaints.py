import asyncio

from structlog.testing import capture_logs

from telephony.complaints import Complaints
from tests.waiting import until


async def test_the_first_at_once_the_rest_counted_in_one_line() -> None:
    complain = Complaints(every_s=0.05)
    with capture_logs() as logs:
        for number in range(1000):
            complain("rubbish", number=number)
        complain("rubbish", kind="of another cause", number=-1)
        assert [entry["number"] for entry in logs] == [0, -1]
        await until(lambda: len(logs) == 3)
        await asyncio.sleep(0.2)  # and nothing of what was not there
    assert len(logs) == 3
    assert (logs[2]["more_since_last_logged"], logs[2]["number"]) == (999, 999)
