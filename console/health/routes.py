"""The route of health checks, which come from programs that don't sign in."""

from console.health import pages
from console.kit.features import Feature, get
from console.kit.permissions import Public

HEALTH = Feature("health", (get("/healthz", pages.answer, Public(bare=True)),))
