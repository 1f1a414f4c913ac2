"""Call flows: what callers hear and choose, written in YAML, checked, and run as generators."""

from pathlib import Path

from documents.document_errors import DocumentError
from domain.prompts import PromptText
from ivr_flows.announcements import announcement, texts_to_prepare
from ivr_flows.flow import Announcements, Flow, Node
from ivr_flows.interpreter import UnknownNodeError, run
from ivr_flows.loader import load
from ivr_flows.phrases import DialplanPhrase, Phrases, StationPhrase, load_phrases
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    Left,
    Note,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.texts import Prompt
from ivr_flows.walk import FlowContext

LIBRARY = Path(__file__).parent / "library"
"""The folder of flows that come with Offhook; read one with ``load(path.read_bytes(), ...)``."""

__all__ = [
    "LIBRARY",
    "Announcements",
    "AnswerCall",
    "Collect",
    "DialplanPhrase",
    "Digits",
    "DocumentError",
    "Done",
    "Enqueue",
    "Flow",
    "FlowContext",
    "Hangup",
    "Left",
    "Node",
    "Note",
    "Phrases",
    "Play",
    "Prompt",
    "PromptText",
    "QueueExit",
    "StationPhrase",
    "Step",
    "StepOutcome",
    "UnknownNodeError",
    "announcement",
    "load",
    "load_phrases",
    "run",
    "texts_to_prepare",
]
