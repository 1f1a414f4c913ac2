"""Finds and loads a centre's flows, in the operator's folder or in the library."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ivr_flows
from configuration.centre_file import Config
from documents.document_errors import did_you_mean
from ivr_flows.flow import Flow
from ivr_flows.loader import load
from ivr_flows.phrases import DialplanPhrase, Phrases, StationPhrase, load_phrases

LIBRARY = Path(ivr_flows.__file__).parent / "library"
"""The flows and phrases that come with Offhook."""

PHRASES = frozenset({"station", "dialplan"})
"""Files of the library that aren't flows."""


@dataclass(frozen=True, slots=True)
class FlowSource:
    """The source of a flow: its file and its bytes."""

    path: Path
    text: bytes


def flow_files(config: Config) -> Mapping[str, FlowSource]:
    """The files of the hotlines' flows, by name. Raises DocumentError if one is missing."""
    own = config.flows
    files: dict[str, FlowSource] = {}
    for number, hotline in enumerate(config.centre.hotlines):
        if hotline.flow in files:
            continue
        folders = [folder for folder in (own, LIBRARY) if folder is not None]
        file = next(
            (path for folder in folders if (path := folder / f"{hotline.flow}.yaml").is_file()),
            None,
        )
        if file is None:
            there = {path.stem for folder in folders for path in folder.glob("*.yaml")}
            places = " or ".join(str(folder) for folder in folders)
            raise config.document.fault(
                ("hotlines", number, "flow"),
                f'there is no flow "{hotline.flow}": no file {hotline.flow}.yaml in {places}',
                did_you_mean(hotline.flow, there - PHRASES) or "write one, or name another",
            )
        files[hotline.flow] = FlowSource(file, file.read_bytes())
    return files


def load_flows(config: Config, files: Mapping[str, FlowSource] | None = None) -> Mapping[str, Flow]:
    """The hotlines' flows, by name. Raises DocumentError if a file is missing or faulty."""
    queues = {queue.name for queue in config.centre.queues}
    return {
        name: load(file.text, str(file.path), queues)
        for name, file in (flow_files(config) if files is None else files).items()
    }


def station_phrases() -> Phrases:
    """What agents hear at their phones."""
    return _phrases("station.yaml", StationPhrase)


def dialplan_phrases() -> Phrases:
    """What the dialplan plays while the controller is away."""
    return _phrases("dialplan.yaml", DialplanPhrase)


def _phrases(name: str, wanted: type[StationPhrase] | type[DialplanPhrase]) -> Phrases:
    file = LIBRARY / name
    return load_phrases(file.read_bytes(), str(file), [str(phrase) for phrase in wanted])
