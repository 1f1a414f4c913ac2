"""The calls' routes: who may list calls, who may open one, and who may listen."""

from console.calls import call_page, list_page, recording
from console.kit.features import Entry, Feature, get
from console.kit.permissions import READERS, Only, Reach
from console.kit.translations import N_
from domain.roles import Role

DETAIL = Only({Role.SUPERVISOR, Role.OPS, Role.QA, Role.ADMIN}, Reach.PROJECTS)
LISTENERS = Only({Role.SUPERVISOR, Role.QA, Role.ADMIN}, Reach.PROJECTS)


CALLS = Feature(
    "calls",
    (
        get("/calls", list_page.page, READERS),
        get("/calls/{call}", call_page.page, DETAIL),
        get("/calls/{call}/recording.wav", recording.sound, LISTENERS),
        get("/calls/{call}/waveform.json", recording.waveform, LISTENERS),
        get("/calls/{call}/voices/{voice}/sound.wav", recording.voice_sound, LISTENERS),
        get("/calls/{call}/voices/{voice}/waveform.json", recording.voice_waveform, LISTENERS),
    ),
    Entry("/calls", "list-details", N_("Calls"), start_of={Role.QA}),
)
