"""The account's routes: everybody who signs in has an account."""

from console.account import pages
from console.kit.features import Feature, get, post
from console.kit.permissions import EVERYBODY, Only, Reach

OWN = Only(EVERYBODY, Reach.SELF)

ACCOUNT = Feature(
    "account",
    (
        get("/account", pages.page, OWN),
        post("/account/password", pages.change_password, OWN),
        post("/account/sessions", pages.end_sessions, OWN),
    ),
)
