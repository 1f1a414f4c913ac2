"""The route where a phone fetches its settings. It has no login, but a code that is good once."""

from console.kit.features import Feature, get
from console.kit.permissions import Public
from console.kit.setup_codes import PATH
from console.phone_setup import pages

PHONE_SETUP = Feature(
    "phone_setup",
    (get(f"{PATH}/{{code}}", pages.answer, Public(bare=True)),),
    prepare=pages.prepare,
)
