"""Finds and loads a centre's flows, in the operator's folder or in the library."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from zoneinfo import available_timezones

import structlog

import ivr_flows
from centre.directory import Directory
from centre.directory_faults import Surroundings, faults_of, flows_of
from centre.directory_service import Check
from centre.inbound_settings import HotlineSettings, QueueSettings
from centre.public_holidays import has_holidays
from configuration.centre_file import Config
from documents.document_errors import DocumentError, did_you_mean
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.phrases import CallerPhrase, DialplanPhrase, Phrases, StationPhrase, load_phrases
from ivr_flows.references import ANYWHERE, Outside

log = structlog.get_logger()

LIBRARY = Path(ivr_flows.__file__).parent / "library"
"""The flows and phrases that come with Offhook."""

PHRASES = frozenset({"station", "dialplan", "caller"})
"""Files of the library that aren't flows."""


TESTS = ".tests.yaml"
"""How the name of a file with a flow's tests ends."""


@dataclass(frozen=True, slots=True)
class FlowSource:
    """The source of a flow: its file, its bytes, and those of its tests beside it."""

    path: Path
    text: bytes
    tests: bytes = b""


@dataclass(frozen=True, slots=True)
class FlowsElsewhere:
    """What the database says of the flows in files."""

    published: Collection[str] = ()
    """The flows that are published there."""
    drafts: Collection[str] = ()
    """The flows that exist only as drafts."""
    due: Collection[str] | None = None
    """The files that would be published at a start; None: all."""


def flow_files(config: Config) -> Mapping[str, FlowSource]:
    """The files of all flows there are, by name. Raises OSError if one can't be read."""
    files: dict[str, FlowSource] = {}
    for folder in _folders(config):
        for path in sorted(folder.glob("*.yaml")):
            if path.name.endswith(TESTS):
                continue
            if path.stem not in files and (folder is not LIBRARY or path.stem not in PHRASES):
                files[path.stem] = FlowSource(path, path.read_bytes(), _tests_beside(path))
    return files


def _tests_beside(path: Path) -> bytes:
    """The tests beside a flow's file; empty if that file is missing or can't be read."""
    try:
        return path.with_name(path.stem + TESTS).read_bytes()
    except OSError:
        return b""


def _folders(config: Config) -> tuple[Path, ...]:
    return (LIBRARY,) if config.flows is None else (config.flows, LIBRARY)


def check_sections(config: Config) -> None:
    """Check the flows of the numbers that the file still has. Raises DocumentError, with the place
    in the file or in the flow; OSError if a flow can't be read."""
    if config.sections is None:
        return
    files = flow_files(config)
    for place, hotline in enumerate(config.sections.of(HotlineSettings).values()):
        for setting, flow in flows_of(hotline):
            if flow not in files:
                where = " or ".join(map(str, _folders(config)))
                raise config.document.fault(
                    ("hotlines", place, *setting),
                    f'there is no flow "{flow}": no file {flow}.yaml in {where}',
                    did_you_mean(flow, files) or "write one, or name another",
                )
    load_flows(files, config.sections)


def load_flows(
    files: Mapping[str, FlowSource],
    directory: Directory,
    elsewhere: FlowsElsewhere = FlowsElsewhere(),
) -> Mapping[str, Flow]:
    """The files' flows, by name.

    Raises DocumentError if one that a hotline has is missing here and ``elsewhere``, is faulty, or
    would be published and leads to a queue that the directory doesn't have. Another one that is
    faulty is logged, and left out.
    """
    hotlines = directory.of(HotlineSettings)
    wanted = {flow for hotline in hotlines.values() for _, flow in flows_of(hotline)}
    with_queues = Outside({NameOf.QUEUE: set(directory.of(QueueSettings))})
    due = wanted if elsewhere.due is None else wanted & set(elsewhere.due)
    flows: dict[str, Flow] = {}
    for name, file in files.items():
        try:
            known = with_queues if name in due else ANYWHERE
            flows[name] = load(file.text, str(file.path), known)
        except DocumentError as error:
            if name in wanted:
                raise
            log.warning("a flow is faulty, and left out", why=str(error))
    for number, hotline in hotlines.items():
        for _, flow in flows_of(hotline):
            if flow not in flows and flow not in elsewhere.published:
                raise _missing(number, flow, files, elsewhere.drafts)
    return flows


def loadable_flows(files: Mapping[str, FlowSource]) -> Mapping[str, Flow]:
    """The flows that can be loaded, by name; the others' faults are logged."""
    return load_flows(files, Directory())


def with_entered(name: str, flows: Mapping[str, Flow]) -> tuple[Flow, ...]:
    """The flow of this name, and those that a call comes into by it; none if it isn't there."""
    found: dict[str, Flow] = {}
    todo = [name]
    while todo:
        one = todo.pop()
        if one in flows and one not in found:
            found[one] = flows[one]
            todo.extend(sorted(flows[one].entered))
    return tuple(found.values())


def _missing(
    number: str, flow: str, files: Mapping[str, FlowSource], drafts: Collection[str]
) -> DocumentError:
    if flow in drafts:
        what = f'the flow "{flow}" is not published: there is only a draft'
        return DocumentError(f"number {number}", 1, 1, what, "publish it first")
    places = sorted({str(file.path.parent) for file in files.values()})
    return DocumentError(
        f"number {number}",
        1,
        1,
        f'there is no flow "{flow}": no file {flow}.yaml in {" or ".join(places)}',
        did_you_mean(flow, files) or "write one, or name another",
    )


def surroundings(
    flows: Mapping[str, Flow],
    project_of: Callable[[str], str] = lambda _: "",
    drafts: Mapping[str, str] = MappingProxyType({}),
) -> Surroundings:
    """What a directory may refer to: these flows, as they are at the time; ``project_of`` says
    whose each is ("": every project's), and ``drafts`` whose those are that are not published."""
    return Surroundings(
        is_flow=flows.__contains__,
        project_of_flow=project_of,
        project_of_draft=drafts.get,
        piece=lambda name: name in flows and flows[name].is_piece,
        queues_of_flow=lambda name: {
            queue for flow in with_entered(name, flows) for queue in flow.queues
        },
        needs_queue=lambda name: any(flow.needs_queue for flow in with_entered(name, flows)),
        has_holidays=has_holidays,
        is_timezone=_is_timezone,
    )


def directory_check(
    flows: Mapping[str, Flow],
    project_of: Callable[[str], str],
    drafts: Mapping[str, str] = MappingProxyType({}),
) -> Check:
    """What every change of the directory is checked with, with the flows of the time."""
    return partial(faults_of, there=surroundings(flows, project_of, drafts))


def _is_timezone(name: str) -> bool:
    return name in available_timezones()


def station_phrases() -> Phrases:
    """What agents hear at their phones."""
    return _phrases("station.yaml", StationPhrase)


def dialplan_phrases() -> Phrases:
    """What the dialplan plays while the controller is away."""
    return _phrases("dialplan.yaml", DialplanPhrase)


def caller_phrases() -> Phrases:
    """What callers hear outside the words of their flow."""
    return _phrases("caller.yaml", CallerPhrase)


# Reading one keeps a core busy for 50 ms, and a controller asks for some of them several times.
@cache
def _phrases(
    name: str, wanted: type[StationPhrase] | type[DialplanPhrase] | type[CallerPhrase]
) -> Phrases:
    file = LIBRARY / name
    return load_phrases(file.read_bytes(), str(file), [str(phrase) for phrase in wanted])
