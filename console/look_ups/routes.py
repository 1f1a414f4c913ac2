"""The routes of what look-ups may use, for admins only."""

from console.kit.features import Feature, get, post
from console.kit.permissions import Only, Reach
from console.look_ups import pages
from domain.roles import Role

ADMINS = Only({Role.ADMIN}, Reach.CENTRE)

LOOK_UPS = Feature(
    "look_ups",
    (
        get("/centre/look-ups", pages.page, ADMINS),
        post("/centre/look-ups/secrets", pages.put_secret, ADMINS),
        post("/centre/look-ups/secrets/remove", pages.remove_secret, ADMINS),
        post("/centre/look-ups/services", pages.allow, ADMINS),
        post("/centre/look-ups/services/remove", pages.disallow, ADMINS),
    ),
)
