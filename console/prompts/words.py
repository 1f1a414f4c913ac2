"""What the pages of prompts say."""

from collections.abc import Mapping
from types import MappingProxyType

from console.kit.translations import N_
from prompts.speech import SpeechFault

NO_LANGUAGE = N_("Choose a language.")
NO_TEXT = N_("There is nothing to say: write a text first.")
TEXT_TOO_LONG = N_("The text is too long to be spoken: at most %(most)s characters.")
STRAY_BRACE = N_("A brace in the text names no variable; write {name}.")
BUSY_SPEAKING = N_("Other texts are being spoken just now. Try again in a moment.")

FAULTS: Mapping[SpeechFault, str] = MappingProxyType(
    {
        SpeechFault.NO_SYNTHESIZER: N_(
            "The program that speaks texts is not installed. Ask the administrator to install "
            "espeak-ng."
        ),
        SpeechFault.NO_VOICE: N_(
            "There is no voice for this language. Upload a recording, or ask the administrator to "
            "install espeak-ng-data."
        ),
        SpeechFault.FAILED: N_("The text can't be spoken. Shorten it, or upload a recording."),
        SpeechFault.HUNG: N_("The text was not spoken in time. Try again in a moment."),
        SpeechFault.DISK_FULL: N_(
            "There is no space left for sounds. Ask the administrator to free space on that disk."
        ),
        SpeechFault.NOT_WRITABLE: N_(
            "Sounds can't be written. Ask the administrator to check the folder of prompts."
        ),
        SpeechFault.OUT_OF_REACH: N_(
            "The database is away, and the recording with it. Try again in a moment."
        ),
        SpeechFault.NOT_RECORDED: N_("There is no recording of this name in this language yet."),
    }
)
"""Why a text has no sound."""
