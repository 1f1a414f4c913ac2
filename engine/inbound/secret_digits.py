"""Sees to it that digits keyed in secretly are in no event that we read.

A key pressed ahead may be the first of a secret, so nothing of a caller's keys is seen for as long
as they are in a flow that asks for one somewhere, except while they wait for an agent, or talk.
"""

from collections import OrderedDict
from collections.abc import Mapping

from ivr_flows.flow import Flow
from telephony.agi.session import Session
from telephony.ami.secret_keys import KEYS_OVER, SecretKeys

_KEPT = 64


class SecretFlows:
    """Knows which flows ask for secret digits, themselves or in a flow that they lead to."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[Flow, bool]] = OrderedDict()
        """By identity: flows are never changed, and those of several editions have one name."""

    def asks(self, flow: Flow, flows: Mapping[str, Flow]) -> bool:
        """Whether this flow may ask for a secret; ``flows`` are those of its edition."""
        known = self._known.get(id(flow))
        if known is not None and known[0] is flow:
            return known[1]
        found = _asks(flow, flows)
        self._known[id(flow)] = (flow, found)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found


def _asks(flow: Flow, flows: Mapping[str, Flow]) -> bool:
    seen: set[str] = set()
    waiting = [flow]
    while waiting:
        one = waiting.pop()
        seen.add(one.name)
        if any(variable.secret for variable in one.variables.values()):
            return True
        waiting += [flows[name] for name in one.entered if name in flows and name not in seen]
    return False


class SecretDigits:
    """Hides the keys of one caller, in one session. ``keys``: of the caller's node; None: it has no
    link, so that there are no events."""

    def __init__(self, session: Session, keys: SecretKeys | None) -> None:
        self._session = session
        self._keys = keys
        self._linkedid = ""
        self._hidden = False

    async def hide(self) -> None:
        """No event shows the caller's keys from now on."""
        if self._hidden or self._keys is None:
            return
        if not self._linkedid:
            self._linkedid = await self._session.get_variable("CHANNEL(linkedid)") or ""
        self._hidden = True
        self._keys.begin(self._session.uniqueid, self._linkedid)

    async def show(self) -> None:
        """From now on they may be seen; those that were pressed before are not."""
        if not self._hidden or self._keys is None:
            return
        self._hidden = False
        self._keys.end(self._session.uniqueid)
        await self._session.execute("UserEvent", KEYS_OVER)
