"""The routes of prompts, and who may use them."""

from console.kit.features import Entry, Feature, get, post, post_file
from console.kit.permissions import Only, Reach
from console.kit.translations import N_
from console.prompts import prompt_pages, recording_pages, saying
from domain.roles import Role
from prompts.converting import MAX_UPLOAD_BYTES

CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)
LISTENERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)
"""Whoever may read flows hears what they say."""

PROMPTS = Feature(
    "prompts",
    (
        get("/prompts", prompt_pages.list_page, CHANGERS),
        post("/prompts/say", saying.say, LISTENERS),
        post_file("/prompts/upload", recording_pages.upload, CHANGERS, MAX_UPLOAD_BYTES),
        post("/prompts/bring-back", recording_pages.bring_back, CHANGERS),
        post("/prompts/remove", recording_pages.remove, CHANGERS),
        get("/prompts/recordings/{version}/sound.wav", recording_pages.sound, CHANGERS),
        get("/prompts/recordings/{version}/original", recording_pages.original, CHANGERS),
        get("/prompts/{name}", prompt_pages.prompt_page, CHANGERS),
    ),
    Entry("/prompts", "microphone", N_("Prompts")),
    prepare=saying.prepare,
)
