"""The words and colours for what is on the floor, in English (the catalogue's keys).

A colour never stands alone; it always comes with its text.
"""

from console.kit.translations import N_
from console.kit.words import NUMBER_WITHHELD
from domain.agent_facts import AgentState
from engine.board_ports import AheadOf, CallStage, LegState
from engine.centre_ports import CommandOutcome

AGENT_STATES = {
    AgentState.LOGGED_OUT: N_("Logged out"),
    AgentState.READY: N_("Ready"),
    AgentState.OFFERED: N_("Ringing"),
    AgentState.TALKING: N_("Talking"),
    AgentState.WRAP_UP: N_("After-call work"),
    AgentState.PAUSED: N_("Away"),
}
AGENT_COLOURS = {
    AgentState.LOGGED_OUT: "secondary",
    AgentState.READY: "green",
    AgentState.OFFERED: "yellow",
    AgentState.TALKING: "blue",
    AgentState.WRAP_UP: "purple",
    AgentState.PAUSED: "orange",
}
AWAY_REASONS = {
    "break": N_("Break"),
    "lunch": N_("Lunch"),
    "training": N_("Training"),
    "recovery": N_("Recovery"),
    "login": N_("Just logged in"),
    "missed": N_("Missed a call"),
    "busy": N_("Phone busy"),
    "rejected": N_("Rejected a call"),
    "unreachable": N_("Phone unreachable"),
    "forwarded": N_("Phone forwards calls"),
    "dropped": N_("Answered, no talk"),
    "disconnected": N_("Phone disconnected"),
    # What an agent does after the present call.
    "away": N_("Away"),
    "log_out": N_("Log out"),
}
AHEAD = {
    AheadOf.LOOKING: N_("Looks at a customer"),
    AheadOf.DIALLING: N_("Calls a customer"),
    AheadOf.CALLBACK: N_("Calls a customer back"),
    AheadOf.BY_HAND: N_("Calls by hand"),
}
"""What an agent who is ready does for a customer to come."""
STATION_STATES = {
    "idle": N_("Phone idle"),
    "ringing": N_("Phone ringing"),
    "busy": N_("Phone busy"),
    "unreachable": N_("Phone unreachable"),
}
LEGS = {
    LegState.OFF: "",
    LegState.CALLING: N_("connecting: pick up"),
    LegState.UP: N_("connected"),
    LegState.FAILED: N_("could not be connected"),
    LegState.LOST: N_("disconnected"),
}
"""How the phone is connected to its room."""
STAGES = {
    CallStage.DIALLED: N_("Dialled"),
    CallStage.FLOW: N_("In the menu"),
    CallStage.QUEUE: N_("Waiting"),
    CallStage.RINGING: N_("Ringing an agent"),
    CallStage.TALKING: N_("Talking"),
    CallStage.HELD: N_("On hold"),
    CallStage.AFTER: N_("Scoring the call"),
    CallStage.FALLBACK: N_("In Asterisk's own queue"),
}
STAGE_COLOURS = {
    CallStage.DIALLED: "secondary",
    CallStage.FLOW: "secondary",
    CallStage.QUEUE: "orange",
    CallStage.RINGING: "yellow",
    CallStage.TALKING: "blue",
    CallStage.HELD: "purple",
    CallStage.AFTER: "teal",
    CallStage.FALLBACK: "red",
}
LINE_KINDS = {"fxo": N_("Analog lines"), "trunk": N_("IP trunk")}

COMMAND_OUTCOMES = {
    CommandOutcome.DONE: "",
    CommandOutcome.LOGGED_OUT_AFTER_CALL: N_("Logged out after this call."),
    CommandOutcome.AWAY_AFTER_CALL: N_("Away after this call."),
    CommandOutcome.STATION_TAKEN: N_("Agent %(agent)s is logged in at this phone."),
    CommandOutcome.NOT_LOGGED_IN: N_("The agent is not logged in."),
    CommandOutcome.TALKING: N_("Not during a call: finish it first."),
    CommandOutcome.NOT_IN_WRAP_UP: N_("There is no after-call work to extend."),
    CommandOutcome.PHONE_NOT_FREE: N_("Phone %(station)s can't be called now."),
    CommandOutcome.NOT_CONNECTED: N_("The phone is not connected."),
    CommandOutcome.NOT_TALKING: N_("There is no caller on the phone."),
    CommandOutcome.CONSULTING: N_("First end the consultation, or leave the customer there."),
    CommandOutcome.NOT_CONSULTING: N_("There is no consultation any more."),
    CommandOutcome.NOT_ANSWERED_YET: N_("Nobody has answered yet."),
    CommandOutcome.LINE_NOT_FREE: N_("They can't be called now: their line is busy or down."),
    CommandOutcome.COLLEAGUE_NOT_FREE: N_("Your colleague can't be called now."),
    CommandOutcome.NOBODY_FREE: N_("Nobody there is free now."),
    CommandOutcome.CONTROLLER_CHANGED: N_(
        "The controller was restarted during this call, which can't be passed on now."
    ),
    CommandOutcome.NO_SUCH_TARGET: N_("Nobody serves this customer's project there."),
    CommandOutcome.NO_SUCH_AGENT: N_("There is no agent %(agent)s."),
    CommandOutcome.NO_SUCH_STATION: N_("There is no phone %(station)s."),
    CommandOutcome.NO_SUCH_REASON: N_("There is no away reason %(reason)s."),
}
"""The results of commands; one that was simply carried out needs no words."""
NO_SUCH_REASON = N_("There is no such away reason.")
NO_SUCH_TARGET = N_("Nobody serves this customer's project there.")
NO_SUCH_STATION = N_("There is no such phone.")
BAD_EXTENSION = N_("After-call work can be extended by 1 to %(n)s seconds.")

LIVE_TEXTS = {
    "caller_unknown": NUMBER_WITHHELD,
    "between_sentences": N_(". "),
    "percent": N_("%(n)s%"),
    "live": N_("Live"),
    "connecting": N_("Connecting…"),
    "stale": N_(
        "No connection since %(time)s. The page shows the state at that time. Retrying in %(n)s s."
    ),
    "retrying": N_(
        "No connection since %(time)s. The page shows the state at that time. Retrying…"
    ),
    "up": N_("up"),
    "down": N_("down"),
    "unreachable": N_("unreachable"),
    "no_calls": N_("No calls at the moment."),
    "no_agents": N_("No agents serve your projects."),
    "no_queues": N_("No queues."),
    "no_lines": N_("No lines are configured."),
    "no_nodes": N_("No Asterisk is configured."),
    "then": N_("then: %(what)s"),
    "away_too_long": N_("away too long"),
    "position": N_("position %(n)s"),
    "in_use": N_("%(n)s of %(all)s in use"),
    "ends_in": N_("ends in %(time)s"),
    "set_ready": N_("Set ready"),
    "set_away": N_("Set away: %(reason)s"),
    "set_log_in": N_("Log in at phone %(station)s"),
    "set_log_out": N_("Log out"),
    "confirm_log_in": N_("Log %(agent)s in at phone %(station)s?"),
    "confirm_ready": N_("Set %(agent)s ready? Calls will ring the agent's phone at once."),
    "confirm_away": N_("Set %(agent)s away (%(reason)s)?"),
    "confirm_log_out": N_("Log %(agent)s out? A call in progress is finished first."),
    "actions": N_("Actions"),
    "done": N_("Done."),
    "loading": N_("Loading…"),
    "agent_gone": N_("The centre has no such agent any more."),
    "not_saved": N_("Nothing was saved; what you typed stays here."),
    "not_loaded": N_("The settings could not be loaded. Check the network, then open this again."),
    "no_answer": N_(
        "No answer came, so it may be saved or not. Save again: nothing is saved twice."
    ),
    "late": N_("Its events arrive %(n)s s late"),
    "calls_over": N_("Calls hidden because they seem to have ended: %(n)s"),
    "talks_unsure": N_("Conversations that may have ended: %(n)s"),
    "begun_without": N_(
        "The controller started without the database, from the state last saved on this machine"
        " (%(time)s)"
    ),
    "begun_with_outbox": N_(
        "The controller started without the database, from the records waiting on this machine"
        " alone"
    ),
    "records_waiting": N_("Database unavailable: %(n)s records are waiting on disk"),
    "unpublished": N_(
        "The working days that make up for the holidays of %(year)s (%(code)s) are not published"
        " yet; weekends follow the weekly hours (calendars: %(calendars)s)"
    ),
    "configuration_changed": N_("The configuration has changed; ./run restart puts it into force"),
    "recordings_waiting": N_("Recordings can't be stored: %(n)s are waiting in Asterisk's spool"),
    "within": N_("target: %(target)s within %(n)s s"),
    "short_abandoned": N_("plus %(n)s short (within %(s)s s)"),
    "unserved": N_("plus %(n)s not served"),
    "at_phone": N_("phone %(station)s"),
    "blocked_today": N_("%(n)s refused today"),
    "callers_refused_today": N_("%(n)s from blocked numbers today"),
    "queue_waiting": N_("%(n)s waiting"),
}
