"""The words for what holds leads, for what holds a campaign as a whole, and for its troubles."""

from enum import StrEnum

from campaigns.campaign import CampaignState
from console.kit.translations import N_

STEPS = {
    "due": N_("Due, to be dialled next"),
    "claimed": N_("Claimed, to go out next"),
    "in_attempt": N_("Being called now"),
    "in_call": N_("The number is in another call now"),
    "callback": N_("The customer asked to be called later"),
    "callback_agent": N_("The customer's callback is due and waits for its agent"),
    "put_off": N_("An agent put the customer off until later"),
    "gap": N_("Called a short time ago: the hours between attempts aren't over"),
    "number_gap": N_("The number was called a short time ago, by whatever campaign"),
    "window": N_("It is quiet time where the customer is, by the calling rules"),
    "hours": N_("Outside the campaign's own hours, where the customer is"),
    "cap": N_("Called as often as the calling rules allow, for the time being"),
    "holiday": N_("A day on which the campaign calls nobody, where the customer is"),
    "agent": N_("May be called only with an agent reserved"),
    "agent_machine": N_("Taken for a machine today: may be called only with an agent reserved"),
    "consent": N_("No consent is on record, and the calling rules require it"),
    "attempts": N_("All attempts are used"),
    "done": N_("Finished: somebody talked with the customer, or an agent closed it"),
    "do_not_call": N_("Not to be called: the customer or somebody asked for it"),
    "invalid": N_("None of the numbers exists"),
    "paused": N_("The lead itself is paused"),
    "removed": N_("The lead itself was removed"),
    "list_paused": N_("The list is paused"),
    "list_removed": N_("The list was removed"),
}
"""Each step of ``campaigns.funnel``: its own and the rules' codes, in the order of the card."""
OTHER_STEP = N_("Held by “%(step)s”")
"""For a rule of a later version that has left its code in the database."""
LOOKED = {
    "looked": N_("Each lead that is due has been looked at again."),
    "looking": N_(
        "The leads are being looked at; that takes a second for some 10,000 of them. The figures "
        "change by themselves."
    ),
}


class Holding(StrEnum):
    """What holds a campaign as a whole; the first of them that is so is the answer."""

    LAST_DAY_OVER = "last_day_over"
    NOT_RUNNING = "not_running"
    PLAN = "plan"  # outside the hours at which it runs
    NO_HOURS = "no_hours"  # its plan has none within a year
    NO_LIST = "no_list"
    EMPTY = "empty"
    USED_UP = "used_up"  # nothing but a person frees any of its leads
    NONE_DUE = "none_due"  # until a moment that is known
    ALL_BUSY_LEADS = "all_busy_leads"  # the last ones are being called
    CALLBACKS = "callbacks"  # all that are due wait for their agents
    NOT_UNDER_WAY = "not_under_way"
    TROUBLE = "trouble"
    NOBODY = "nobody"
    NO_DESK = "no_desk"  # of a preview
    LINE = "line"
    LIMIT = "limit"
    AGENTS_BUSY = "agents_busy"
    FINE = "fine"


HOLDINGS = {
    Holding.LAST_DAY_OVER: N_(
        "Its last day is over. Choose a later one in its settings, then start it."
    ),
    Holding.PLAN: N_("It waits for %(until)s, when its hours begin. It starts by itself then."),
    Holding.NO_HOURS: N_("Its plan leaves no hour at which it runs. Change it in its settings."),
    Holding.NO_LIST: N_("It has no list, so there is nobody to call."),
    Holding.EMPTY: N_("Its lists have no leads, so there is nobody to call."),
    Holding.USED_UP: N_("No lead is left that may be called, unless somebody frees one."),
    Holding.NONE_DUE: N_("No lead may be called until %(until)s."),
    Holding.ALL_BUSY_LEADS: N_("All leads that may be called now are being called."),
    Holding.CALLBACKS: N_("The leads that are due are callbacks that wait for their agents."),
    Holding.NOT_UNDER_WAY: N_(
        "It is running, but this controller hasn't taken it up yet. If that doesn't change "
        "within a minute, look at the controller's log."
    ),
    Holding.TROUBLE: N_("Nothing can be dialled now: %(why)s"),
    Holding.NO_DESK: N_(
        "Nobody who serves its queue is at work with their desk open in a browser; customers are "
        "shown to nobody else."
    ),
    Holding.NOBODY: N_(
        "Nobody is at work for the campaign. Agents of its queue have to log in and be ready."
    ),
    Holding.LINE: N_("The line holds it: %(why)s"),
    Holding.LIMIT: N_(
        "The limit on abandoned calls is used up (%(share)s%% of at most %(limit)s%%), so it "
        "dials for free agents alone."
    ),
    Holding.AGENTS_BUSY: N_("Agents are at work, but none of them is ready now."),
    Holding.FINE: N_("Everything is fine: it dials as agents become free."),
}
NOT_RUNNING = {
    CampaignState.DRAFT: N_("It is a draft. Start it, and it dials."),
    CampaignState.PAUSED: N_("It is paused. Start it, and it dials."),
    CampaignState.DRAINING: N_("It lets its calls end and dials no more."),
    CampaignState.STOPPED: N_("It is stopped. Start it, and it dials."),
}
COLOURS = {Holding.FINE: "success", Holding.TROUBLE: "danger", Holding.LINE: "danger"}
"""Of the sentence's box; what isn't here is a warning."""

TROUBLES = {
    "the line is not in the centre any more": N_("its line is not in the centre any more."),
    "the connection to Asterisk is down": N_("the connection to Asterisk is down."),
    "the database is away": N_("the database is away."),
    "Offhook is stopping": N_("Offhook is stopping; it calls again once it has started."),
    "the line takes no more calls a second just now": N_(
        "the line takes no more calls a second just now."
    ),
    "the line has no free channel": N_("the line has no free channel."),
    "the database took too long, or the campaign was paused meanwhile": N_(
        "the database took too long to note a call down, or the campaign was paused meanwhile."
    ),
}
"""What a run says, up to a colon, and how the page says it."""
