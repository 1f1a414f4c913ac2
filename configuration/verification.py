"""``./run verify``: checks a configuration and its flows without starting anything.

What would keep a centre from starting is an error, found by the very code that the start runs.
What may be intended, but seldom is, is a warning.
"""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from centre.directory import Directory
from centre.running import centre_of
from configuration.addresses import address_faults
from configuration.centre_file import Config, ConfigError, load
from configuration.flows import (
    caller_phrases,
    check_sections,
    flow_files,
    load_flows,
    station_phrases,
)
from configuration.prompt_voices import piper_place
from documents.document_errors import DocumentError, did_you_mean
from domain.centre import Centre
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.flow import Flow
from machine.hosts import host_of
from prompt_library.taking_over import TAKEN
from prompts.prompt_files import converted, is_telephone_file
from prompts.speakers import SpeechProvider
from prompts.speech import SpeechError
from storage.database import check_address
from storage.database_errors import NotAnAddress

Faulty = Callable[..., DocumentError]
"""Makes the fault of a place in the file."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The errors and warnings that were found, each in one line with its place."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def verify(file: Path, state: Path | None = None) -> Verdict:
    """Check a configuration, and with ``state`` also the prompts that were uploaded there."""
    try:
        config = load(file)
    except ConfigError as error:
        return Verdict(tuple(_each(error)), ())
    errors: list[str] = []
    warnings: list[str] = []
    flows: list[Flow] = []
    try:
        check_sections(config)
        flows.extend(load_flows(flow_files(config), config.sections or Directory()).values())
    except DocumentError as error:
        errors += _each(error)
    except OSError as error:
        errors.append(str(error))
    errors += map(str, address_faults(config, asterisk=config.asterisk.managed))
    errors += map(str, _database(config))
    if config.sections is not None:
        centre, fault = centre_of(config.sections), config.document.fault
        for found in (
            _skills(centre, fault),
            _queues(centre, flows, fault),
            _languages(centre, flows, fault),
            _empty(centre, fault),
            _hosts(centre, fault),
        ):
            warnings += map(str, found)
    warnings += map(str, _folders(config))
    warnings += map(str, _proxies(config))
    warnings += map(str, _voices(config))
    if state is not None:
        warnings += _uploads(config, flows, state)
    return Verdict(tuple(errors), tuple(warnings))


def _each(error: ConfigError | DocumentError) -> Iterator[str]:
    """All the faults of a file as lines; the error carries the first one and the others."""
    first = error.__cause__ if isinstance(error, ConfigError) else error
    if not isinstance(first, DocumentError):
        yield str(error)
        return
    others, first.others = first.others, ()
    yield from map(str, (first, *others))


def _skills(centre: Centre, fault: Faulty) -> Iterator[DocumentError]:
    wanted = {queue.skill for queue in centre.queues}
    for number, queue in enumerate(centre.queues):
        levels = [agent.skills.get(queue.skill, 0) for agent in centre.agents]
        if max(levels, default=0) >= queue.min_level:
            continue
        had = {skill for agent in centre.agents for skill in agent.skills}
        level = f" at level {queue.min_level} or more" if max(levels, default=0) else ""
        yield fault(
            ("queues", number, "skill"),
            f'no agent has the skill "{queue.skill}"{level}, so nobody gets calls from the queue'
            f' "{queue.name}"',
            did_you_mean(queue.skill, had - {queue.skill}) or "give it to an agent",
        )
    for number, agent in enumerate(centre.agents):
        for skill in agent.skills:
            if skill not in wanted:
                yield fault(
                    ("agents", number, "skills", skill),
                    f'agent {agent.code} has the skill "{skill}", which no queue asks for',
                    did_you_mean(skill, wanted) or "remove it, or name it in a queue",
                    key=True,
                )
        if not agent.skills:
            yield fault(
                ("agents", number, "skills"),
                f"agent {agent.code} has no skill, so no call is ever offered to them",
                "give the agent the skill of a queue",
            )


def _queues(centre: Centre, flows: list[Flow], fault: Faulty) -> Iterator[DocumentError]:
    used = {name for hotline in centre.hotlines for name in hotline.flows}
    if not used <= {flow.name for flow in flows}:
        return  # one of them can't be read, which has been reported already
    reached = {queue for flow in flows if flow.name in used for queue in flow.queues}
    leading = {flow.name for flow in flows if flow.needs_queue}
    reached |= {h.queue for h in centre.hotlines if h.queue is not None and leading & {*h.flows}}
    for number, queue in enumerate(centre.queues):
        if queue.name not in reached:
            yield fault(
                ("queues", number, "name"),
                f'no hotline\'s flow leads to the queue "{queue.name}"',
                "name it in a flow or as a number's queue, or remove it",
            )


def _languages(centre: Centre, flows: list[Flow], fault: Faulty) -> Iterator[DocumentError]:
    for number, hotline in enumerate(centre.hotlines):
        for flow in (one for one in flows if one.name in hotline.flows):
            for language in sorted(set(centre.languages) - set(flow.languages)):
                yield fault(
                    ("hotlines", number, "flow"),
                    f'the flow "{flow.name}" has no prompts in {language}, one of the languages',
                    f"add them, or remove {language} from languages",
                )


def _empty(centre: Centre, fault: Faulty) -> Iterator[DocumentError]:
    for name, things, what in (
        ("hotlines", centre.hotlines, "there is no number to call"),
        ("lines", centre.lines, "no customer can call"),
        ("agents", centre.agents, "nobody answers calls"),
        ("stations", centre.stations, "no agent can log in"),
        ("queues", centre.queues, "no call can wait for an agent"),
    ):
        if not things:
            yield fault((name,), f'"{name}" is empty: {what}', "add one")


def _database(config: Config) -> Iterator[DocumentError]:
    if config.database.dsn is not None:
        try:
            check_address(config.database.dsn)
        except NotAnAddress as error:
            yield config.document.fault(("database", "dsn"), error.what, error.todo)


def _proxies(config: Config) -> Iterator[DocumentError]:
    for number, proxy in enumerate(config.console.proxies):
        try:
            ipaddress.ip_address(proxy)
        except ValueError:
            yield config.document.fault(
                ("console", "proxies", number),
                f'"{proxy}" is not an IP address, and connections come only from those: this'
                " proxy is not trusted",
                "write its address",
            )


def _hosts(centre: Centre, fault: Faulty) -> Iterator[DocumentError]:
    """Lines that share a host: Asterisk identifies a line by its address alone, not its port."""
    first: dict[str, str] = {}
    for number, line in enumerate(centre.lines):
        if line.host is None:
            continue
        host = host_of(line.host).lower().removesuffix(".")
        if (other := first.setdefault(host, line.name)) != line.name:
            yield fault(
                ("lines", number, "host"),
                f'the lines "{other}" and "{line.name}" have the same host, {host}: all calls from'
                " there count as one line's",
                "make one line of the two, or have the carrier send from another address",
            )


def _folders(config: Config) -> Iterator[DocumentError]:
    root, asterisk = config.recordings.root, config.asterisk
    wanted: list[tuple[tuple[str, ...], Path | None, str]] = [
        (("flows",), config.flows, "the centre's own flows are not found"),
        (("recordings", "root"), root if root.is_absolute() else None, "recordings can't be kept"),
        (("asterisk", "spool"), asterisk.spool, "no recording is found"),
        (("asterisk", "cel"), asterisk.cel and asterisk.cel.parent, "absences can't be filled in"),
        (("asterisk", "sounds"), asterisk.sounds, "the start creates it, if permissions allow"),
    ]
    for place, folder, what in wanted:
        if folder is not None and not _is_folder(folder):
            yield config.document.fault(
                place, f"there is no folder {folder}: {what}", "create it, or mount its disk"
            )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # its name is too long, or we have no permission to look
        return False


def _voices(config: Config) -> Iterator[DocumentError]:
    for language, provider in config.speech.items():
        if provider is SpeechProvider.PIPER and piper_place().voice() is None:
            yield config.document.fault(
                ("speech", language),
                "piper is not set up for this user: espeak speaks for it",
                "set it up: ./run piper",
            )


def _uploads(config: Config, flows: list[Flow], state: Path) -> Iterator[str]:
    """Uploaded prompts that nobody will ever hear: broken ones, and those with an unknown name."""
    root = (config.asterisk.sounds or state / "prompts") / "uploaded"
    known = {text.name for flow in flows for text in texts_to_prepare(flow)}
    known |= set(station_phrases().prompts) | set(caller_phrases().prompts)
    for file in sorted(root.glob("*/*")):
        if file.name.endswith(TAKEN):
            continue
        if file.suffix != ".wav" or file.stem not in known:
            hint = did_you_mean(file.stem, known) or "rename it, or remove it"
            yield f"{file}: no flow plays a prompt of this name; {hint}"
        elif not is_telephone_file(file):
            try:
                converted(file)
            except SpeechError as error:
                yield f"{file}: it can't be played: {error}"
