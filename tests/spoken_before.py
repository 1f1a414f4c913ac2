"""The phrases of every Offhook, spoken once for all the Offhooks that a test run starts.

Each would have espeak-ng speak them anew, some sixty, in its first seconds.
"""

import asyncio
import fcntl
import shutil
from pathlib import Path

from configuration.flows import caller_phrases, dialplan_phrases, station_phrases
from prompts.sounds import Prompts


def speak(folder: Path) -> None:
    """Make the phrases in ``folder``, which the workers of a run share: the first one speaks."""
    folder.mkdir(exist_ok=True)
    with (folder / "speaking.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_all_phrases(folder))


async def _all_phrases(folder: Path) -> None:
    prompts = Prompts(folder)
    texts = [
        text
        for phrases in (dialplan_phrases(), station_phrases(), caller_phrases())
        for text in phrases.fixed()
    ]
    # All workers wait for this: not one text after the other.
    for done in await asyncio.gather(*(prompts.prepare([text]) for text in texts)):
        assert not done.failed, done.failed


def hand_over(folder: Path, state: Path) -> None:
    """Give an Offhook with this state folder what has been spoken, as copies of its own."""
    shutil.copytree(folder / "spoken", state / "prompts" / "spoken", dirs_exist_ok=True)
