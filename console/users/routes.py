"""The routes for users, for admins only."""

from console.kit.features import Entry, Feature, get, post
from console.kit.permissions import Only, Reach
from console.kit.translations import N_
from console.users import pages
from domain.roles import Role

ADMINS = Only({Role.ADMIN}, Reach.CENTRE)

USERS = Feature(
    "users",
    (
        get("/users", pages.page, ADMINS),
        post("/users", pages.create, ADMINS),
        get("/users/{name}", pages.edit_page, ADMINS),
        post("/users/{name}", pages.change, ADMINS),
        post("/users/{name}/password", pages.set_password, ADMINS),
        post("/users/{name}/enabled", pages.set_enabled, ADMINS),
    ),
    Entry("/users", "users", N_("Users")),
)
