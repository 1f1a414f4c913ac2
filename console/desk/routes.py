"""The desk's routes, and who may use them."""

from console.desk import customer_pages, dial_pages, pages
from console.desk.colleagues import colleagues
from console.kit.features import Entry, Feature, get, post
from console.kit.permissions import Only, Reach
from console.kit.translations import N_
from domain.roles import Role

AT_A_DESK = Only({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}, Reach.SELF)
"""Supervisors and admins can use a desk, too, if they have an agent's code."""

DESK = Feature(
    "desk",
    (
        get("/desk", pages.page, AT_A_DESK),
        get("/desk/live", pages.live, AT_A_DESK),
        get("/desk/colleagues", colleagues, AT_A_DESK),
        get("/desk/customers/{call}", customer_pages.card, AT_A_DESK),
        post("/desk/customers/{call}", customer_pages.dispose, AT_A_DESK),
        get("/desk/dials", dial_pages.live, AT_A_DESK),
        post("/desk/dial-lead", dial_pages.dial, AT_A_DESK),
        post("/desk/skip-lead", dial_pages.skip, AT_A_DESK),
        post("/desk/dial-number", dial_pages.dial_by_hand, AT_A_DESK),
        post("/desk/cancel-dial", dial_pages.hang_up, AT_A_DESK),
        post("/desk/{verb}", pages.command, AT_A_DESK),
    ),
    Entry(
        "/desk",
        "headset",
        N_("My desk"),
        start_of={Role.AGENT},
        fits=lambda user: bool(user.agent),
    ),
)
