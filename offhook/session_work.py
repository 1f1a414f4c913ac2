"""Puts together who answers Asterisk's sessions (FastAGI): callers, customers, agents' phones."""

from campaigns.known_customers import KnownCustomers
from centre.pins import AgentPins
from configuration.flows import caller_phrases, station_phrases
from configuration.in_force import InForce
from engine.inbound.apologies import Apologies
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_means import FlowMeans
from engine.inbound.hotline_call import HotlineCalls
from engine.inbound.look_ups import LookUps
from engine.inbound.repeated_faults import RepeatedFaults
from engine.inbound.voice_steps import VoiceMeans
from engine.outbound.answered_call import AnsweredCalls
from engine.outbound.flow_calls import FlowCalls
from engine.stations.feature_codes import StationFeatures
from engine.trials.trial_calls import TrialCalls
from offhook.call_work import CallWork
from offhook.database_work import DatabaseWork
from offhook.directory_work import DirectoryWork
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork
from offhook.places import Places
from telephony.agi.server import AgiServer
from telephony.asterisk.generated_files import Ports


class SessionWork:
    """The sessions of one controller. ``server`` is to be started once all is there that answers;
    ``trials`` and ``look_ups`` are to be closed in the end."""

    def __init__(
        self,
        found: InForce,
        ports: Ports,
        where: Places,
        stored: DatabaseWork,
        directory: DirectoryWork,
        flow_work: FlowWork,
        calls: CallWork,
        outbound: OutboundWork,
        *,
        most: int,
    ) -> None:
        """``most`` sessions at a time are served."""
        config, engine = found.config, calls.engine
        prompts, flows, rights = flow_work.prompts, flow_work.flows, flow_work.rights
        self.look_ups = LookUps(rights.secret, rights.services)
        self.trials = TrialCalls(config.node, calls.link, prompts, where.spool)
        means = FlowMeans(
            engine.sessions,
            engine.queued,
            prompts,
            self.look_ups,
            Apologies(caller_phrases()),
            engine.passes,
            voice=VoiceMeans(calls.recorder.voices, outbound.caller_callbacks, RepeatedFaults()),
        )
        entries = EntryChoice(
            engine.calls, engine.floor, means.hours, KnownCustomers(stored.pool).is_customer
        )
        answered = AnsweredCalls(engine.sessions, engine.admission, engine.queued, outbound.hosts)
        features = StationFeatures(
            engine, AgentPins(directory.followed.secrets), station_phrases(), prompts
        )
        self.server = AgiServer(
            config.asterisk.agi_bind,
            ports.agi,
            {
                "call": HotlineCalls(means, flows, entries).serve,
                "placed": answered.serve,
                "flow": FlowCalls(means, engine.admission, outbound.hosts, flows).serve,
                "trial": self.trials.serve,
                "agent": features.serve,
            },
            found.secrets.agi,
            max_sessions=most,
        )
