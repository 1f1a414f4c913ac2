"""AMI, Asterisk's manager interface: how Offhook hears events and gives orders."""

from telephony.ami.ami_wire import Framer, Message, encode
from telephony.ami.link import Link
from telephony.ami.originate import Application, Extension, Originate, new_channel_id
from telephony.ami.protocol import ActionFailed, ActionRefused, LinkDown, OutcomeUnknown
from telephony.ami.snapshot import Snapshot
from telephony.ami.state import LinkKind, LinkState, Timing

__all__ = [
    "ActionFailed",
    "ActionRefused",
    "Application",
    "Extension",
    "Framer",
    "Link",
    "LinkDown",
    "LinkKind",
    "LinkState",
    "Message",
    "Originate",
    "OutcomeUnknown",
    "Snapshot",
    "Timing",
    "encode",
    "new_channel_id",
]
