"""The words of a new centre's first steps."""

from collections.abc import Mapping

from console.centre.first_steps import FirstStep, StepState
from console.kit.translations import N_

TITLES: Mapping[FirstStep, str] = {
    FirstStep.PROJECT: N_("A project"),
    FirstStep.SKILL: N_("A skill"),
    FirstStep.QUEUE: N_("A queue"),
    FirstStep.NUMBER: N_("A number"),
    FirstStep.PHONES: N_("Two phones"),
    FirstStep.REGISTER: N_("Connect the phones"),
    FirstStep.AGENT: N_("An agent"),
    FirstStep.LOG_IN: N_("The agent logs in"),
    FirstStep.CALL: N_("A first call"),
    FirstStep.LINE: N_("A line to the public"),
}
ABOUT: Mapping[FirstStep, str] = {
    FirstStep.PROJECT: N_(
        "Whose calls you take: a client, or your own company. Numbers, queues and agents belong to"
        " it."
    ),
    FirstStep.SKILL: N_(
        "What an agent can do and a queue asks for, such as a language or a product. One is enough"
        " to begin with."
    ),
    FirstStep.QUEUE: N_("Where callers wait, with music, until an agent with the skill is free."),
    FirstStep.NUMBER: N_(
        "What callers dial. Its flow answers: “greeting” welcomes them and leads to the queue that"
        " you choose here."
    ),
    FirstStep.PHONES: N_(
        "One for the agent and one to call from: apps on a computer or mobile, such as Linphone, or"
        " desk phones. A password and a QR code are shown once, when you create the phone."
    ),
    FirstStep.REGISTER: N_(
        "Enter in each phone the server, user name and password that were shown, or scan the QR"
        " code. A phone that is connected appears here by itself."
    ),
    FirstStep.AGENT: N_(
        "A person who takes calls. Give them the skill and one of the phones, and note the PIN that"
        " is shown once."
    ),
    FirstStep.LOG_IN: N_(
        "On the agent's phone, dial *11 and enter code and PIN; then dial *12: ready for calls. Or"
        " log the agent in on the live board."
    ),
    FirstStep.CALL: N_(
        "Call the number from the other phone. The call takes the way of a customer's, but does not"
        " count in the figures."
    ),
    FirstStep.LINE: N_(
        "A gateway or a carrier's trunk, so that customers can call the number. Your carrier has"
        " the settings."
    ),
}
STATES: Mapping[StepState, str] = {
    StepState.DONE: N_("done"),
    StepState.NEXT: N_("next"),
    StepState.POSSIBLE: N_("later"),
    StepState.WAITS: N_("waits for: %(step)s"),
}
COLOURS: Mapping[StepState, str] = {
    StepState.DONE: "green",
    StepState.NEXT: "blue",
    StepState.POSSIBLE: "secondary",
    StepState.WAITS: "secondary",
}
