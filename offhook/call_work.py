"""Puts together what takes part in calls: the link to Asterisk, the engine, recordings, and what
catches up on what happened while nobody was watching."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from configuration.in_force import InForce
from domain.centre import Centre
from engine.agents.kept_rooms import KEPT_ROOMS, KeptRooms
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.engine import Engine
from engine.reconcile.absence import Absence
from engine.reconcile.database_at_start import DatabaseAtStart
from engine.recorder import Recorder
from offhook.background import BackgroundWork
from offhook.database_work import DatabaseWork
from offhook.places import Places
from telephony.ami.link import Link, no_faults
from telephony.asterisk.generated_files import AMI_USER, Ports
from telephony.asterisk.versions import faults_of


@dataclass(frozen=True, slots=True)
class CallWork:
    """The calls of one controller."""

    link: Link
    engine: Engine
    recorder: Recorder
    absence: Absence
    _database: DatabaseAtStart

    @classmethod
    def restored(
        cls, found: InForce, ports: Ports, where: Places, centre: Centre, stored: DatabaseWork
    ) -> "CallWork":
        """Begin with agents and calls as they were last known."""
        config, database, outbox = found.config, stored.database, stored.outbox
        link = _link(found, ports)
        ended: asyncio.Queue[LiveCall] = asyncio.Queue()
        gaps: asyncio.Queue[Gap] = asyncio.Queue()
        engine = Engine(
            centre,
            outbox,
            {config.node: link},
            on_call_over=ended.put_nowait,
            on_gap=gaps.put_nowait,
            kept_rooms=KeptRooms(where.state / KEPT_ROOMS),
        )
        if not config.recordings.root.is_absolute():
            # We don't create a folder elsewhere: a disk may be mounted there later.
            where.recordings.mkdir(parents=True, exist_ok=True)
        recorder = Recorder(
            engine.calls, ended, where.spool, where.recordings, database.calls, outbox
        )
        engine.restore(stored.states, stored.open_calls)
        absence = Absence(
            engine,
            gaps,
            database.calls,
            outbox,
            where.cel,
            where.state / "cel-position.json",
            is_behind=lambda: database.without is not None,
        )
        return cls(link, engine, recorder, absence, database)

    def once_seen(self) -> Iterator[BackgroundWork]:
        """What runs as soon as Asterisk has shown which calls there are."""
        yield self.absence.run(), "absence"
        yield self.recorder.run(), "recordings"
        yield self._database.catch_up(self.engine), "catching up with the database"
        yield self.engine.lost_phones.run(), "lost phones"


def _link(found: InForce, ports: Ports) -> Link:
    config = found.config
    return Link(
        config.node,
        config.asterisk.host,
        config.asterisk.ami_port or ports.ami,
        AMI_USER,
        found.secrets.ami,
        # For our own Asterisk, its start has already reported this.
        faults_of=no_faults if config.asterisk.managed else faults_of,
    )
