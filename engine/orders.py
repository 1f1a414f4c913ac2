"""Asks Asterisk, by AMI, to do something to a call in progress; events report the outcome."""

import asyncio
from collections.abc import Mapping

import structlog

from domain.identity import ChannelId, NodeName, StationName
from engine.calls.call import LiveCall
from telephony.ami.link import Link
from telephony.ami.originate import Extension, Originate
from telephony.ami.protocol import ActionFailed, ActionRefused, Headers
from telephony.centre_calls import Calls
from telephony.channels import LINK
from telephony.room_names import LINK_ASKS
from telephony.variables import ChannelVariable

log = structlog.get_logger()

_MUSIC = "D"
"""The key at which Asterisk looks whether the caller is held (features.conf, confbridge.conf)."""

_SILENCE_AGAIN_S = 0.02
"""The order to stop a sound is lost if it comes before the sound has begun."""


class Orders:
    """Orders to all Asterisks. None waits for an answer; a failure is logged."""

    def __init__(self, links: Mapping[NodeName, Link], channels: Calls) -> None:
        self._links = links
        self._channels = channels
        self._tasks: set[asyncio.Task[None]] = set()

    def silence(self, call: LiveCall) -> None:
        """Stop what is being said to a waiting caller, whose session then looks into its inbox.

        Not by a key, because Asterisk gives every key at least 80 ms.
        """
        if call.announcing and call.inbox.urgent and self._links[call.channel.node].up:
            headers = {"Channel": call.channel_name, "Control": "stop"}
            self._give(call.channel.node, ("ControlPlayback", headers))
            asyncio.get_running_loop().call_later(_SILENCE_AGAIN_S, self.silence, call)

    def stop_ringing(self, station: StationName) -> None:
        """Hang up whatever rings at the phone, if anything does yet."""
        for channel in self._channels.ringing_channels(station):
            self._give(channel.node, ("Hangup", {"Channel": channel.uniqueid}))

    def music(self, call: LiveCall, on: bool) -> None:
        """Start or stop music for a caller on hold, by a variable and a key: [held] in
        extensions.conf."""
        self.music_at(call.channel.node, call.channel_name, on)

    def music_at(self, node: NodeName, channel_name: str, on: bool) -> None:
        """The same for whoever else is in a room with a customer's keys."""
        variable = {"Variable": ChannelVariable.HELD, "Value": "1" if on else ""}
        key = {"Channel": channel_name, "Digit": _MUSIC, "Duration": "80", "Receive": "true"}
        held = {"Channel": channel_name, **variable}
        self._give(node, ("Setvar", held), ("PlayDTMF", key))

    def record(self, call: LiveCall, on: bool) -> None:
        """Let the recording hear the call, or write silence in its place."""
        headers = {"Channel": call.channel_name, "Direction": "both", "State": "0" if on else "1"}
        self._give(call.channel.node, ("MixMonitorMute", headers))

    def hang_up(self, channel: ChannelId) -> None:
        """End a channel."""
        self._give(channel.node, ("Hangup", {"Channel": channel.uniqueid}))

    def press(self, leg: ChannelId, key: str) -> None:
        """Press a key at an agent's leg, as if the agent had (telephony/room_names.py)."""
        headers = {"Channel": leg.uniqueid, "Digit": key, "Duration": "80", "Receive": "true"}
        self._give(leg.node, ("PlayDTMF", headers))

    def press_beyond(self, leg: ChannelId, key: str) -> None:
        """Send a key to whoever is at the other end of this channel."""
        headers = {"Channel": leg.uniqueid, "Digit": key, "Duration": "120"}
        self._give(leg.node, ("PlayDTMF", headers))

    def clear_room(self, leg: ChannelId, room: str) -> None:
        """Send whoever is with this leg out of its room; the leg stays."""
        self._give(leg.node, ("ConfbridgeKick", {"Conference": room, "Channel": "participants"}))

    def kick(self, node: NodeName, channel_name: str, room: str) -> None:
        """Send this channel out of the room, on to where its dialplan or session says."""
        self._give(node, ("ConfbridgeKick", {"Conference": room, "Channel": channel_name}))

    def link(self, link: ChannelId, asks: StationName, asked: StationName) -> None:
        """Join the rooms of two phones by a pair of local channels, the first half of which is
        ``link``. It is in the room of who ``asks`` once it is in the other."""
        headers = Originate(
            f"Local/{asked}@{LINK}/n", Extension(LINK_ASKS, asks), link.uniqueid, ring_s=5.0
        ).headers()
        self._give(link.node, ("Originate", headers))

    def mute(self, node: NodeName, channel_name: str, room: str, on: bool) -> None:
        """Let nobody in the room hear this channel, or hear it again."""
        action = "ConfbridgeMute" if on else "ConfbridgeUnmute"
        self._give(node, (action, {"Conference": room, "Channel": channel_name}))

    def send_on(self, call: LiveCall, context: str, to: str) -> None:
        """Send the caller to extension ``to``, out of their talk and session."""
        place = {"Context": context, "Exten": to, "Priority": "1"}
        self._give(call.channel.node, ("Redirect", {"Channel": call.channel_name, **place}))

    def _give(self, node: NodeName, *actions: tuple[str, Headers]) -> None:
        """Send actions one after the other; the first failure is logged and ends it."""

        async def ask() -> None:
            action = ""
            try:
                for action, headers in actions:
                    await self._links[node].action(action, headers)
            except ActionFailed as error:
                if _has_gone(error):
                    return  # by itself, as both hung up at once
                log.warning(
                    "Asterisk did not do what was asked", node=node, action=action, why=str(error)
                )

        task = asyncio.get_running_loop().create_task(ask())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _has_gone(error: ActionFailed) -> bool:
    """Whether the order was to hang up a channel that is already gone."""
    return (
        isinstance(error, ActionRefused)
        and error.action == "Hangup"
        and error.reply.get("Message") == "No such channel"
    )
