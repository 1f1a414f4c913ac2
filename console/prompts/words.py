"""What the pages of prompts say."""

from collections.abc import Mapping
from types import MappingProxyType

from console.kit.translations import N_
from prompt_library.recording_words import RecordingChange, RecordingRefusal, UseKind
from prompts.converting import SoundRefusal
from prompts.speech import SpeechFault

ALL_PROJECTS = N_("All projects")
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

CHANGES: Mapping[RecordingChange, str] = MappingProxyType(
    {
        RecordingChange.UPLOADED: N_("Uploaded"),
        RecordingChange.BROUGHT_BACK: N_("Brought back"),
        RecordingChange.REMOVED: N_("Removed"),
        RecordingChange.TAKEN_OVER: N_("Taken over from the folder"),
    }
)

USES: Mapping[UseKind, str] = MappingProxyType(
    {
        UseKind.FLOW: N_("Flow %(by)s"),
        UseKind.PLANNED: N_("Flow %(by)s, planned"),
        UseKind.DRAFT: N_("Flow %(by)s, only its draft"),
        UseKind.NOTICE: N_("Announcement of %(by)s"),
        UseKind.CAMPAIGN: N_("Campaign %(by)s"),
        UseKind.PHONE: N_("Agents' phones"),
        UseKind.CALLER: N_("All flows"),
        UseKind.DIALPLAN: N_("While Offhook is away"),
    }
)
"""Where a prompt is said."""

SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "all": N_("All"),
        "recorded": N_("With a recording"),
        "spoken": N_("Spoken by the machine"),
        "missing": N_("Recording missing"),
    }
)

REFUSALS: Mapping[RecordingRefusal, str] = MappingProxyType(
    {
        RecordingRefusal.FORBIDDEN: N_("Your role or your projects don't allow it."),
        RecordingRefusal.UNKNOWN: N_("There is no such recording any more."),
        RecordingRefusal.BAD_NAME: N_(
            "“%(about)s” can't be a prompt's name. Use Latin letters, digits, - and _, at most 80."
        ),
        RecordingRefusal.BAD_LANGUAGE: N_("Choose a language."),
        RecordingRefusal.BAD_SOUND: N_("There is no sound in this file."),
        RecordingRefusal.IN_USE: N_(
            "Not removed: callers would hear nothing in %(about)s. Take it out of there first, or "
            "replace it."
        ),
        RecordingRefusal.CHANGED_MEANWHILE: N_(
            "Somebody else has changed this recording meanwhile. Look at it again."
        ),
    }
)
CONFLICTS = (RecordingRefusal.IN_USE, RecordingRefusal.CHANGED_MEANWHILE)

SOUND_FAULTS: Mapping[SoundRefusal, str] = MappingProxyType(
    {
        SoundRefusal.EMPTY: N_("Choose a file first; this one is empty."),
        SoundRefusal.TOO_LARGE: N_(
            "The file is too large: at most %(mb)s MB. Save it as MP3 or M4A, and upload that."
        ),
        SoundRefusal.NO_SOUND: N_(
            "This is not a sound that can be read. Save it as WAV, MP3, M4A or OGG, and upload "
            "that."
        ),
        SoundRefusal.SILENT: N_(
            "There is only silence in this file. Check the microphone and record it again."
        ),
        SoundRefusal.TOO_LONG: N_(
            "The recording is too long: at most %(minutes)s minutes. Cut it into parts."
        ),
        SoundRefusal.TOO_SLOW: N_(
            "The file could not be converted in time. Try again in a moment, or save it as WAV."
        ),
        SoundRefusal.NO_CONVERTER: N_(
            "The program that converts recordings is not installed. Ask the administrator to "
            "install ffmpeg."
        ),
    }
)
"""Why a file can't become a recording, and what to do."""

SCRIPT_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "uploading": N_("Uploading…"),
        "converting": N_("Converting…"),
        "failed": N_("It did not work (%(status)s). Reload the page and try again."),
        "offline": N_("The console can't be reached. Try again in a moment."),
        "too_large": SOUND_FAULTS[SoundRefusal.TOO_LARGE],
    }
)
