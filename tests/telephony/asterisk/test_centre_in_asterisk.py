"""The controller's way of giving Asterisk its centre: the newest, once it can be written."""

import asyncio
from dataclasses import replace
from pathlib import Path

from structlog.testing import capture_logs

from configuration.secrets import Secrets
from domain.centre import Centre
from telephony.asterisk.centre_files import CENTRE_FILES
from telephony.asterisk.centre_in_asterisk import CentreInAsterisk
from tests.waiting import until


async def test_what_cannot_be_written_is_tried_again(
    centre: Centre, secrets: Secrets, tmp_path: Path
) -> None:
    folder = tmp_path / "generated"
    folder.write_text("in the way")
    credentials = secrets.for_asterisk(centre).credentials
    here = CentreInAsterisk(folder, retry_s=0.05)
    with capture_logs() as logs:
        running = asyncio.create_task(here.run())
        here.give(centre, credentials)
        await until(lambda: logs, what="a word that it can't be written")
        newest = replace(centre, hotlines=(replace(centre.hotlines[0], number="4008002000"),))
        here.give(newest, credentials)
        folder.unlink()
        await until(lambda: len(logs) == 2, what="a word that it is written", seen=lambda: logs)
        here.give(newest, credentials)
        here.give(centre, credentials)
        await until(lambda: len(logs) == 3, what="the next one", seen=lambda: logs)
        running.cancel()
        await asyncio.wait([running])
    failed, written, changed = logs
    assert failed["log_level"] == "error" and failed["folder"] == str(folder)
    assert set(written["files"]) == set(CENTRE_FILES)
    assert changed["files"] == ("hotlines.conf", "own_phones.conf")
