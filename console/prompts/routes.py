"""The routes of prompts, and who may use them."""

from console.kit.features import Feature, post
from console.kit.permissions import Only, Reach
from console.prompts import saying
from domain.roles import Role

CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)

PROMPTS = Feature(
    "prompts",
    (post("/prompts/say", saying.say, CHANGERS),),
    prepare=saying.prepare,
)
