"""From a flow's text to a Flow."""

from collections.abc import Collection

from ivr_flows.flow import Flow


def load(text: str | bytes, source: str, queues: Collection[str] | None = None) -> Flow:
    """Read and check a flow; ``source`` is the file's name for messages.

    With ``queues``, the centre's queues, a flow that sends callers to another one is refused.
    Raises FlowError, with the further faults of the file in ``others``.
    """
    raise NotImplementedError
