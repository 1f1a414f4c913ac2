"""The directory that a controller starts with: from the database, or from the copy on this machine.

A centre.yaml from the time before there was a directory is moved into it here, once.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

import asyncpg
import structlog

from centre.authority import SYSTEM
from centre.directory import Directory, directory_of
from centre.directory_copy import COPY_FILE, DirectoryCopy, read_copy, write_copy
from centre.directory_faults import Fault
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryBroken, DirectoryStore, KeptDirectory, ThingKey
from centre.endpoint_settings import LineSettings, StationSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, AwayReasonSettings
from centre.pins import hash_pin
from configuration.centre_file import Config
from configuration.moving import again, is_marked, mark, take_out
from configuration.secrets import Secrets
from domain.identity import AgentCode
from machine.one_line import in_one_line
from storage.database_errors import AWAY
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.asterisk.digests import digest

log = structlog.get_logger()

USUAL_REASONS = (
    AwayReasonSettings(name="break", digit=1, title={"zh-CN": "小休", "en": "Break"}),
    AwayReasonSettings(name="lunch", digit=2, title={"zh-CN": "用餐", "en": "Lunch"}),
    AwayReasonSettings(name="training", digit=3, title={"zh-CN": "培训", "en": "Training"}),
    AwayReasonSettings(name="recovery", digit=4, title={"zh-CN": "调整", "en": "Recovery"}),
)
"""Why agents are away in a new centre."""


async def directory_at_start(
    config: Config, state: Path, pool: asyncpg.Pool | None, secrets: Secrets
) -> tuple[Config, DirectoryCopy]:
    """The directory in force, and the configuration without sections that were moved into it.

    ``secrets`` has the passwords and PINs of sections that are moved. ``pool`` None: the database
    is away. Raises what the database raises if it is away and there is no copy; ConfigError if the
    file has sections that are not the ones that were moved.

    A database of an older Offhook, which the controller has yet to bring forward, is as good as
    away. If what it holds is not a directory, that is logged, and the copy is taken.
    """
    if pool is not None:
        try:
            return await _from_database(config, state, DirectoryStore(pool), secrets)
        except (*AWAY, asyncpg.UndefinedTableError) as error:
            why: BaseException | None = error
        except DirectoryBroken as error:
            why = error
            log.error("the directory can't be read; the copy on this machine is used", why=str(why))
    else:
        why = None
    found = kept_here(state)
    if found is None and config.sections is not None:
        found = DirectoryCopy(
            KeptDirectory(0, config.sections), await hashed(config.sections, secrets)
        )
    if found is None:
        raise why or FileNotFoundError(f"{state / COPY_FILE}: no copy of the directory is here")
    return config, found


async def _from_database(
    config: Config, state: Path, store: DirectoryStore, secrets: Secrets
) -> tuple[Config, DirectoryCopy]:
    kept = await store.read()
    if kept.revision == 0:
        kept = await _begin(config, state, store, secrets)
        if config.sections is not None:
            config = take_out(config)
    elif config.sections is not None:
        if not is_marked(config, state):
            raise again(config)
        config = take_out(config)
    found = DirectoryCopy(kept, await store.secrets())
    keep_here(state, found)
    return config, found


async def _begin(
    config: Config, state: Path, store: DirectoryStore, secrets: Secrets
) -> KeptDirectory:
    """The first change of a directory."""
    service = DirectoryService(store, check=_nothing)
    sections, note = directory_of(USUAL_REASONS), "a new centre"
    if config.sections is not None:
        sections, note = config.sections, f"moved from {config.source.name}"
        mark(config, state)
    wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in sections]
    await service.change(SYSTEM, wishes, note=note, secrets=await hashed(sections, secrets))
    return await service.read()


def _nothing(_: Directory) -> Iterable[Fault]:
    """The file was checked when it was read, with better messages."""
    return ()


async def hashed(directory: Directory, secrets: Secrets) -> Mapping[ThingKey, str]:
    """What is kept of the passwords and PINs of a directory's things, as far as there are any."""
    names = [
        *((Kind.STATION, name) for name in directory.of(StationSettings)),
        *(
            (Kind.LINE, name)
            for name, line in directory.of(LineSettings).items()
            if line.host is None
        ),
    ]
    found = {
        (kind, name): digest(name, secrets.sip[name]) for kind, name in names if name in secrets.sip
    }
    agents = [code for code in directory.of(AgentSettings) if code in secrets.pins]
    pins = {(Kind.AGENT, code): secrets.pins[AgentCode(code)] for code in agents}
    return {
        **found,
        **await asyncio.to_thread(lambda: {key: hash_pin(pin) for key, pin in pins.items()}),
    }


def asterisk_passwords(secrets: Secrets, found: DirectoryCopy) -> AsteriskPasswords:
    """What Asterisk gets: our own secrets, and those of the directory's phones and lines."""
    of_sip = (Kind.STATION, Kind.LINE)
    credentials = {key: kept for (kind, key), kept in found.secrets.items() if kind in of_sip}
    return AsteriskPasswords(secrets.ami, secrets.agi, credentials)


def kept_here(state: Path) -> DirectoryCopy | None:
    """The copy on this machine; None if there is none that can be read, which is logged."""
    file = state / COPY_FILE
    try:
        return read_copy(file)
    except (OSError, ValueError) as error:
        log.error(
            "the copy of the directory can't be read, so it is not used; it is made anew once the"
            " database is there",
            file=str(file),
            why=in_one_line(error),
        )
        return None


def keep_here(state: Path, found: DirectoryCopy) -> None:
    """Keep a copy for a start without the database; what keeps us from it is logged."""
    file = state / COPY_FILE
    try:
        write_copy(file, found)
    except OSError as error:
        log.error(
            "the directory can't be copied to this machine, so a controller that starts without"
            " its database would have an older one; free space there, or let Offhook's user write"
            " there",
            file=str(file),
            why=in_one_line(error),
        )
