"""Texts about calls of a draft by a robot."""

from collections.abc import Mapping

from console.kit.translations import N_
from engine.trial_ports import TrialFault, TrialMiss, TrialStage

NO_SUCH_TEST = N_("The draft has no such test. Save the tests, then call it.")
STAGES: Mapping[TrialStage, str] = {
    TrialStage.PREPARING: N_("the prompts are being made"),
    TrialStage.CALLING: N_("it is being called"),
    TrialStage.TALKING: N_("the robot listens and presses keys"),
    TrialStage.COMPARING: N_("what was heard is being compared"),
    TrialStage.PASSED: N_("all was heard"),
    TrialStage.FAILED: N_("not right"),
    TrialStage.CANCELLED: N_("cancelled"),
}
COLOURS: Mapping[TrialStage, str] = {
    TrialStage.PASSED: "green",
    TrialStage.FAILED: "red",
    TrialStage.CANCELLED: "secondary",
}
FAULTS: Mapping[TrialFault, str] = {
    TrialFault.BUSY: N_("A robot is calling another flow just now. Wait until it is done."),
    TrialFault.DOWN: N_("There is no connection to Asterisk. Look at the board."),
    TrialFault.NOT_PLACED: N_("Asterisk did not place the call. The log says why."),
    TrialFault.HUNG_UP: N_("The call ended before its time."),
    TrialFault.TOO_LONG: N_("The call took too long, and was ended."),
    TrialFault.NO_RECORDING: N_(
        "What the robot heard could not be read from Asterisk's spool. The log says why."
    ),
    TrialFault.BROKEN: N_("Something went wrong on our side. The log says what."),
}
MISSES: Mapping[TrialMiss, str] = {
    TrialMiss.NO_SOUND: N_("there is no sound for it"),
    TrialMiss.SILENT: N_("its recording is silent"),
    TrialMiss.NOT_HEARD: N_("not heard"),
    TrialMiss.KEYS: N_("other keys arrived than were pressed"),
    TrialMiss.ELSEWHERE: N_("the call went another way"),
}
SCRIPTED: Mapping[str, str] = {
    "Enqueue": N_("the queue"),
    "LeaveQueue": N_("leaving the queue"),
    "TransferToAgent": N_("the agent"),
    "TransferToNumber": N_("the number outside"),
    "LookUp": N_("the look-up"),
    "RecordVoice": N_("the recording"),
    "BookCallback": N_("the callback"),
    "OptOut": N_("no more calls"),
    "Apologise": N_("the apology"),
}
"""What isn't done in a trial call, because the test says what came of it."""
