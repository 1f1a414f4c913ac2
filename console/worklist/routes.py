"""The worklist's routes, and who may use them."""

from console.floor.working import WORKERS
from console.kit.features import Entry, Feature, get, post
from console.kit.translations import N_
from console.worklist import actions, pages, voicemail_sounds

WORKLIST = Feature(
    "worklist",
    (
        get("/worklist", pages.page, WORKERS),
        get("/worklist/live", pages.live, WORKERS),
        get("/worklist/voicemails/{voice}/sound.wav", voicemail_sounds.sound, WORKERS),
        get("/worklist/voicemails/{voice}/waveform.json", voicemail_sounds.waveform, WORKERS),
        post("/worklist/take", actions.take, WORKERS),
        post("/worklist/give-back", actions.give_back, WORKERS),
        post("/worklist/call", actions.call, WORKERS),
        post("/worklist/done", actions.done, WORKERS),
        post("/worklist/undo", actions.undo, WORKERS),
    ),
    Entry("/worklist", "phone-incoming", N_("Worklist")),
)
