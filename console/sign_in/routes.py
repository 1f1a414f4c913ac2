"""The routes for signing in and out and for the language."""

from console.kit.features import Feature, get, post
from console.kit.permissions import EVERYBODY, Only, Public, Reach
from console.sign_in import pages

OWN = Only(EVERYBODY, Reach.SELF)

SIGN_IN = Feature(
    "sign_in",
    (
        get("/", pages.start_page, OWN),
        get("/login", pages.page, Public()),
        post("/login", pages.sign_in, Public()),
        post("/logout", pages.sign_out, OWN),
        post("/language", pages.choose_language, Public()),
    ),
)
