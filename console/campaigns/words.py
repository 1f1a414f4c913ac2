"""The words of campaigns, in English: states, modes, settings, refusals and reasons.

A colour never stands alone; it always comes with its text.
"""

from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_refusals import CampaignRefusal
from console.campaigns import plan_words
from console.kit.translations import N_
from dialer.rules import MessagePart
from domain.agent_facts import AgentState

STATES = {
    CampaignState.DRAFT: N_("Draft"),
    CampaignState.RUNNING: N_("Running"),
    CampaignState.PAUSED: N_("Paused"),
    CampaignState.DRAINING: N_("Ending its calls"),
    CampaignState.STOPPED: N_("Stopped"),
}
STATE_COLOURS = {
    CampaignState.DRAFT: "secondary",
    CampaignState.RUNNING: "green",
    CampaignState.PAUSED: "orange",
    CampaignState.DRAINING: "yellow",
    CampaignState.STOPPED: "secondary",
}
MOVES = {
    CampaignState.RUNNING: N_("Start"),
    CampaignState.PAUSED: N_("Pause"),
    CampaignState.DRAINING: N_("Let calls end, then stop"),
    CampaignState.STOPPED: N_("Stop"),
}
MODES = {
    Mode.PREVIEW: N_("Preview: agents see each customer first, and dial or skip"),
    Mode.PROGRESSIVE: N_("Progressive: one number for each free agent"),
    Mode.POWER: N_("Power: a fixed number of calls for each free agent"),
    Mode.PREDICTIVE: N_("Predictive: as many as the limit on abandoned calls allows"),
    Mode.AGENTLESS: N_("Without agents: everyone who answers hears the message, or enters a flow"),
}
"""Those that can be chosen."""
MODE_NAMES = {
    Mode.PREVIEW: N_("Preview"),
    Mode.PROGRESSIVE: N_("Progressive"),
    Mode.POWER: N_("Power"),
    Mode.PREDICTIVE: N_("Predictive"),
    Mode.AGENTLESS: N_("Without agents"),
    Mode.CALLBACK: N_("Callback"),
}
PRESETS = {
    "cautious": N_("Cautious: the strictest of all"),
    "cn": N_("China: licensed centres and carriers' terms"),
    "cn_debt": N_("China: debt collection"),
    "uk": N_("United Kingdom: Ofcom"),
    "us": N_("United States: FTC and FCC"),
}
MESSAGE_PARTS = {
    MessagePart.NAME: N_("who called"),
    MessagePart.NUMBER: N_("a number to call back"),
    MessagePart.PURPOSE: N_("what the call was about"),
    MessagePart.OPT_OUT: N_("the key for no more calls"),
    MessagePart.OPT_OUT_NUMBER: N_("a number to call for no more calls"),
}
"""What a message to customers for whom nobody is free must say."""
BLENDS = {
    "-1": N_("Callers of the queue go first"),
    "0": N_("Whoever has waited longest goes first"),
    "1": N_("Customers whom the campaign called go first"),
}
AGENT_STATES = {
    AgentState.READY: N_("ready"),
    AgentState.OFFERED: N_("ringing"),
    AgentState.TALKING: N_("talking"),
    AgentState.WRAP_UP: N_("after-call work"),
}

SETTINGS = {
    "name": N_("Short name"),
    "project": N_("Project"),
    "title": N_("Title"),
    "mode": N_("Mode"),
    "queue": N_("Queue"),
    "flow": N_("Flow, without agents"),
    "line": N_("Line"),
    "preview_s": N_("Seconds to look at a customer"),
    "preview_end": N_("When they are over"),
    "by_hand": N_("Agents may dial numbers by hand for it"),
    "lists": N_("Lists"),
    "rules": N_("Calling rules"),
    "share": N_("Abandoned at most, in %"),
    "grace_s": N_("An agent within, in seconds"),
    "ratio": N_("Calls for each free agent"),
    "lines": N_("Calls at once, at most"),
    "lines_for_inbound": N_("Channels kept free for callers"),
    "calls_per_second": N_("Calls a second, at most"),
    "caller_id": N_("Number that customers see"),
    "ring_s": N_("Ring for, in seconds"),
    "priority": N_("Blending"),
    "agents_for_inbound": N_("Agents kept for callers"),
    "most_attempts": N_("Attempts for each customer, at most"),
    "gap_h": N_("Hours between attempts"),
    "callback_tries": N_("Tries of a callback"),
    "callback_again_m": N_("Minutes until its next try"),
    "callback_to_team_m": N_("Minutes until the team calls for its agent"),
    "number_gap_h": N_("Hours between calls to a number, whoever makes them"),
    "message.zh-CN": N_("Message if nobody is free, in Chinese"),
    "message.en": N_("Message if nobody is free, in English"),
    "opt_out_key": N_("Key by which customers ask for no more calls"),
    "opt_out_of": N_("That request counts for"),
    "detection": N_("When a machine answers"),
    "people_taken_for_machines": N_("People who will be taken for machines, in %"),
    **plan_words.NAMES,
}
HINTS = {
    "name": N_("Lower-case letters, digits and hyphens; calls keep it for ever."),
    "queue": N_("Its agents take the calls, with its ring time and after-call work."),
    "flow": N_(
        "Counts without agents alone. Whoever answers enters it, and hears the message only if "
        "Offhook is down. It must let customers ask for no more calls (a node “opt_out”)."
    ),
    "rules": N_("Hours, frequency and the limit on abandoned calls; counsel confirms them."),
    "share": N_("Empty: as the calling rules say."),
    "grace_s": N_("Empty: as the calling rules say."),
    "ratio": N_("Counts in power mode alone."),
    "preview_s": N_("Counts in preview mode alone."),
    "by_hand": N_("On its line, with its number and calling rules, while it runs."),
    "caller_id": N_("Empty: the line's."),
    "message.zh-CN": N_("Say who called, and a number to call back."),
    "message.en": N_("Say who called, and a number to call back."),
    "opt_out_key": N_("Empty: no key."),
    "detection": N_(
        "To listen takes one to three seconds, in which a person hears nothing. It is possible "
        "only with rules that count the time to an agent from the end of the greeting."
    ),
    "people_taken_for_machines": N_(
        "Of those who answer. They are hung up on and count as abandoned. Listen to some hundred "
        "recordings of calls that were ended for a machine to know the share."
    ),
}
DONE = {
    "changed": N_("Saved. It is in force at once."),
    "undone": N_("Taken back. It is in force at once."),
}
REMOVED = N_("The campaign has been removed. Its calls keep its name.")

DETECTIONS = {
    "": N_("An agent gets it, as a person"),
    "true": N_("Listen to who answers, and hang up on machines"),
}
PREVIEW_ENDS = {
    "give_back": N_("give the customer back, and set the agent away"),
    "dial": N_("dial the customer"),
}
BY_HAND = {"": N_("no"), "true": N_("yes")}

OPT_OUTS = {"project": N_("this project"), "centre": N_("the whole centre")}

REFUSALS = {
    CampaignRefusal.FORBIDDEN: N_("You may not do this."),
    CampaignRefusal.NO_SUCH: N_("There is no such campaign any more."),
    CampaignRefusal.NAME_TAKEN: N_(
        "“%(value)s” is taken, perhaps by a campaign that was removed. Choose another short "
        "name."
    ),
    CampaignRefusal.NAME_MALFORMED: N_(
        "A short name has 1 to 40 lower-case letters, digits, hyphens and underscores, and "
        "begins with a letter or digit."
    ),
    CampaignRefusal.CHANGED_MEANWHILE: N_(
        "Somebody else has changed the campaign meanwhile, and nothing of yours was saved. "
        "Look at what it is now, and change it again."
    ),
    CampaignRefusal.NOT_FROM_HERE: N_(
        "That is not possible in the campaign's present state. Reload the page."
    ),
    CampaignRefusal.NO_MESSAGE: N_(
        "The calling rules want a message for customers for whom nobody is free. Type it in the "
        "settings, and start the campaign then."
    ),
    CampaignRefusal.STILL_RUNNING: N_("Stop the campaign before you remove it."),
    CampaignRefusal.NO_LIST: N_("A list is gone, or belongs to another project. Choose again."),
    CampaignRefusal.UNKNOWN: N_("%(setting)s: the centre has no “%(value)s”. Choose another."),
    CampaignRefusal.FLOW_NOT_PUBLISHED: N_(
        "No flow “%(value)s” is published. Publish it first, or choose another."
    ),
    CampaignRefusal.FLOW_NEEDS_QUEUE: N_(
        "The flow “%(value)s” leads to the campaign's queue. Choose the queue."
    ),
    CampaignRefusal.FLOW_LEADS_NOWHERE: N_(
        "The flow leads to the queue “%(value)s”, which the centre doesn't have. Choose another "
        "flow, or create the queue first."
    ),
    CampaignRefusal.FLOW_WITHOUT_OPT_OUT: N_(
        "In the flow “%(value)s” customers can't ask for no more calls. Choose a flow with a node "
        "“opt_out”, or leave the key for that empty."
    ),
    CampaignRefusal.SHARE_OVER_RULE: N_(
        "By these calling rules at most %(value)s%% of the customers who answer may be abandoned. "
        "Type no more than that, or leave it empty."
    ),
    CampaignRefusal.GRACE_OVER_RULE: N_(
        "By these calling rules a customer must have an agent, or hear the message, within "
        "%(value)s seconds. Type no more than that, or leave it empty."
    ),
    CampaignRefusal.NO_OPT_OUT_KEY: N_(
        "By these calling rules customers for whom nobody is free must be able to ask for no more "
        "calls with a key. Choose the key, and name it in the message."
    ),
    CampaignRefusal.NO_SUCH_CHANGE: N_("That change does not exist, so it can't be taken back."),
}  # fmt: skip

FAULTS = {
    "missing": N_("%(setting)s: this is missing."),
    "greater_than_equal": N_("%(setting)s: “%(value)s” is too small; %(ge)s or more is possible."),
    "greater_than": N_("%(setting)s: “%(value)s” is too small; it must be more than %(gt)s."),
    "less_than_equal": N_("%(setting)s: “%(value)s” is too large; %(le)s or less is possible."),
    "string_too_short": N_("%(setting)s: this is missing."),
    "string_too_long": N_("%(setting)s: at most %(max_length)s characters fit."),
}
OF_THE_WHOLE = {
    "message": N_("A campaign without agents needs the message that customers are to hear."),
    "by_hand": N_("In a campaign without agents there is nobody who could dial by hand."),
    "mode": N_("In this mode nobody listens for machines: the agent hears them. Switch that off."),
    "last_day": N_("%(setting)s: “%(value)s” is before the first day."),
    "detection": N_(
        "By these calling rules the time to an agent begins before the greeting is over, and "
        "detection listens until then. Leave machines to the agents, or choose rules that count "
        "from the greeting's end (US)."
    ),
    "people_taken_for_machines": N_(
        "To hang up on machines, say how many of the people who answer will be taken for one."
    ),
}
"""What is wrong with a setting because of the others."""
OTHER_FAULT = N_("%(setting)s: “%(value)s” is not possible here.")

_PROGRESSIVE = N_("{ready} ready, {open} calls under way: one call for each free agent")
_FULL = N_("every ready agent has a call under way")
_LINES = N_("{wanted} wanted, limited by the free lines: {used} of {lines} are in use")
_TRUNK = N_(
    "{wanted} wanted; the trunk has refused calls for {held_s:.0f} s, so single calls try it"
)
_BORNE = N_("{wanted} wanted, limited by what the trunk was seen to carry: {borne} calls")
_LINE_RATE = N_(
    "{wanted} wanted, limited by the line, which takes {line_per_second} calls a second from all "
    "together"
)
_NOTICE = (
    N_("{open} calls under way: a notice is played to whoever answers"),
    N_("{open} calls under way, as many as there are lines"),
    N_("{open} calls under way: no more while the trunk refuses calls"),
    N_("{open} calls under way, limited to {per_second} calls a second"),
    N_("{open} calls under way, and no lead is due"),
    N_("{open} calls under way: whoever answers enters the flow"),
    N_("{open} calls under way: no more while a customer waits for an agent"),
    N_("{open} calls under way: the line takes {line_per_second} calls a second from all together"),
)
LIMIT_SPENT = N_(
    "{wanted} wanted, limited to free agents ({ready} ready, {open} calls under way): "
    "{abandoned} of {base} abandoned ({share}) leave no room under {limit}"
)
OF_THE_LINE = frozenset((_LINES, _TRUNK, _BORNE, _LINE_RATE, _NOTICE[1], _NOTICE[2], _NOTICE[7]))
"""Reasons that say what the line can't carry."""
REASONS = (
    *_NOTICE,
    _PROGRESSIVE,
    _FULL,
    N_("nobody is logged in and no call is under way"),
    _LINES,
    _TRUNK,
    _BORNE,
    _LINE_RATE,
    N_(
        "{wanted} wanted, limited to free agents ({ready} ready): the trunk has just come "
        "back, and nobody knows yet who answers"
    ),
    N_("{wanted} wanted, limited to {per_second} calls a second"),
    N_("{wanted} wanted, limited because {open} calls are under way already"),
    N_("{wanted} wanted, limited by the leads that are left"),
    N_(
        "{wanted} wanted, limited because the next lead was abandoned before and needs a "
        "reserved agent"
    ),
    LIMIT_SPENT,
    N_("{ready} ready times {ratio} calls, {open} under way"),
    N_("level {level:.3f} times {agents} agents, {calls} calls under way"),
    N_(
        "{agents:.1f} agents free within {horizon:.0f} s, {answers:.1f} answers on their way,"
        " held at {fraction:.0%}"
    ),
    N_(
        "{agents} agents, {ready} ready; {ringing} calls ringing; {answers:.1f} answers and "
        "{freed:.1f} free agents expected within {horizon:.0f} s; risk {risk:.1%}, at most "
        "{threshold:.1%} is accepted; {room} more may be abandoned"
    ),
    N_(
        "{agents} agents, {ready} ready; {ringing} calls ringing; {answers:.1f} answers and "
        "{freed:.1f} free agents expected within {horizon:.0f} s; {room} more may be "
        "abandoned; risk of exceeding that {risk:.2%}, at most {threshold:.2%} is accepted"
    ),
    N_(
        "learning ({ended} of {learn} calls have ended): {ready} ready, {open} calls under "
        "way: one call for each free agent"
    ),
    N_("learning ({ended} of {learn} calls have ended): every ready agent has a call under way"),
)  # fmt: skip
"""The dialer's reasons, with the figures' names in braces, so that they are in the catalogue;
``tests/console/campaigns`` finds those that are missing."""
