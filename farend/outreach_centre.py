"""The demo's centre with agents for a campaign besides those who take its callers. Pure."""

import io

from ruamel.yaml import YAML

from domain.identity import AgentCode

QUEUE = "outreach"
LINES = 60
"""How many calls the trunk carries when there is a campaign."""
WRAP_UP_S = 2
_FIRST_CODE = 2001


def outreach_agents(count: int) -> tuple[AgentCode, ...]:
    """The campaign's agents; each sits at the phone of the same name."""
    return tuple(AgentCode(str(_FIRST_CODE + place)) for place in range(count))


def with_outreach(centre: str, agents: int) -> str:
    """The text of a centre file with a queue for the campaign, that many agents with phones for it,
    and a trunk that is wide enough."""
    yaml = YAML()
    document = yaml.load(centre)
    project = document["projects"][0]["name"]
    title = {"zh-CN": "外呼", "en": "outreach"}
    document["queues"].append(
        {"name": QUEUE, "project": project, "skill": QUEUE, "title": title, "wrap_up_s": WRAP_UP_S}
    )
    for code in outreach_agents(agents):
        document["agents"].append(
            {"code": str(code), "name": f"Agent {code}", "projects": [project],
             "station": str(code), "skills": {QUEUE: 3}}
        )  # fmt: skip
        document["stations"].append({"name": str(code), "kind": "softphone"})
    for line in document["lines"]:
        if line["kind"] == "trunk":
            line["channels"] = LINES
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()
