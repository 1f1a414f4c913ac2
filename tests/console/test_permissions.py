"""Every route with every role, against a table of its own: a second opinion."""

from dataclasses import replace

import pytest
from aiohttp import web

from console.kit.access import projects_of
from console.kit.context import ENTRIES, RULES
from console.kit.features import Answer, Entry, Feature, get
from console.kit.permissions import Only, Public, Reach, Rule, scope
from console.kit.routing import RouteWithoutRule, WrongMenu, add_feature, check_complete
from domain.roles import Role
from storage.users import User
from tests.console.conftest import CALL, ENTERED, Console, Visit
from tests.console.floor import busy

ALL = {"agent", "supervisor", "ops", "qa", "client", "admin"}
CHANGERS = {"supervisor", "ops", "admin"}
SIGN_OUT = "POST /logout"
"""Asked last: nothing is to be had after it."""
MAY = {
    "GET /": ALL,
    "GET /account": ALL,
    "POST /account/password": ALL,
    "POST /account/sessions": ALL,
    "GET /board": {"supervisor", "ops", "client", "admin"},
    "GET /board/live": {"supervisor", "ops", "client", "admin"},
    "GET /api/v1/board": {"supervisor", "ops", "client", "admin"},
    "POST /agents/{agent}/{verb}": {"supervisor", "admin"},
    "GET /calls": ALL - {"agent"},
    "GET /api/v1/calls": ALL - {"agent"},
    "GET /api/v1/openapi.json": ALL,
    "GET /api/v1/numbers/{number}/rules": CHANGERS,
    "POST /flows/{flow}/throw-away": {"ops", "admin"},
    "GET /api/v1/flows": CHANGERS,
    "GET /api/v1/flows/{flow}": CHANGERS,
    "POST /api/v1/flows/{flow}": {"ops", "admin"},
    "GET /api/v1/flows/{flow}/check": CHANGERS,
    "POST /api/v1/flows/{flow}/publish": {"ops", "admin"},
    "GET /api/v1/flows/{flow}/revisions": CHANGERS,
    "GET /api/v1/flows/{flow}/revisions/{number}": CHANGERS,
    "POST /api/v1/flows/{flow}/roll-back": {"ops", "admin"},
    "POST /api/v1/flows/{flow}/call-off": {"ops", "admin"},
    "POST /api/v1/flows/{flow}/retire": {"ops", "admin"},
    "GET /api/v1/flow-files": CHANGERS,
    "POST /api/v1/flow-files": {"ops", "admin"},
    "GET /calls/{call}": {"supervisor", "ops", "qa", "admin"},
    "GET /calls/{call}/recording.wav": {"supervisor", "qa", "admin"},
    "GET /calls/{call}/waveform.json": {"supervisor", "qa", "admin"},
    "GET /calls/{call}/voices/{voice}/sound.wav": {"supervisor", "qa", "admin"},
    "GET /calls/{call}/voices/{voice}/waveform.json": {"supervisor", "qa", "admin"},
    "GET /worklist": {"agent", "supervisor", "admin"},
    "GET /worklist/live": {"agent", "supervisor", "admin"},
    "GET /worklist/voicemails/{voice}/sound.wav": {"agent", "supervisor", "admin"},
    "GET /worklist/voicemails/{voice}/waveform.json": {"agent", "supervisor", "admin"},
    "POST /worklist/take": {"agent", "supervisor", "admin"},
    "POST /worklist/give-back": {"agent", "supervisor", "admin"},
    "POST /worklist/call": {"agent", "supervisor", "admin"},
    "POST /worklist/done": {"agent", "supervisor", "admin"},
    "POST /worklist/undo": {"agent", "supervisor", "admin"},
    "GET /api/v1/worklist": {"agent", "supervisor", "admin"},
    "POST /api/v1/worklist/take": {"agent", "supervisor", "admin"},
    "POST /api/v1/worklist/give-back": {"agent", "supervisor", "admin"},
    "POST /api/v1/worklist/done": {"agent", "supervisor", "admin"},
    "POST /api/v1/worklist/undo": {"agent", "supervisor", "admin"},
    "GET /desk": {"agent", "supervisor", "admin"},
    "GET /desk/live": {"agent", "supervisor", "admin"},
    "GET /desk/dials": {"agent", "supervisor", "admin"},
    "POST /desk/dial-lead": {"agent", "supervisor", "admin"},
    "POST /desk/skip-lead": {"agent", "supervisor", "admin"},
    "POST /desk/dial-number": {"agent", "supervisor", "admin"},
    "POST /desk/cancel-dial": {"agent", "supervisor", "admin"},
    "GET /desk/colleagues": {"agent", "supervisor", "admin"},
    "POST /desk/{verb}": {"agent", "supervisor", "admin"},
    "GET /desk/customers/{call}": {"agent", "supervisor", "admin"},
    "POST /desk/customers/{call}": {"agent", "supervisor", "admin"},
    "GET /campaigns": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/new": {"ops", "admin"},
    "POST /campaigns/new": {"ops", "admin"},
    "GET /campaigns/{campaign}": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/{campaign}/now": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/{campaign}/chart": {"supervisor", "ops", "client", "admin"},
    "GET /alarms": CHANGERS,
    "POST /campaigns/{campaign}/test-call": CHANGERS,
    "GET /campaigns/{campaign}/test-call": CHANGERS,
    "POST /campaigns/{campaign}/state": CHANGERS,
    "GET /campaigns/{campaign}/why": {"supervisor", "ops", "client", "admin"},
    "POST /campaigns/{campaign}/look-over": CHANGERS,
    "GET /campaigns/{campaign}/leads": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/{campaign}/attempts": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/{campaign}/attempts.{kind}": {"supervisor", "ops", "client", "admin"},
    "GET /attempts": {"supervisor", "ops", "client", "admin"},
    "GET /attempts.{kind}": {"supervisor", "ops", "client", "admin"},
    "GET /prompts": {"ops", "admin"},
    "GET /prompts/{name}": {"ops", "admin"},
    "POST /prompts/say": CHANGERS,
    "POST /prompts/upload": {"ops", "admin"},
    "POST /prompts/bring-back": {"ops", "admin"},
    "POST /prompts/remove": {"ops", "admin"},
    "GET /prompts/recordings/{version}/sound.wav": {"ops", "admin"},
    "GET /prompts/recordings/{version}/original": {"ops", "admin"},
    "GET /reports/outbound": {"supervisor", "ops", "client", "admin"},
    "GET /reports/outbound.{kind}": {"supervisor", "ops", "client", "admin"},
    "GET /reports/leads": {"supervisor", "ops", "client", "admin"},
    "GET /reports/leads.{kind}": {"supervisor", "ops", "client", "admin"},
    "GET /campaigns/{campaign}/decisions": {"supervisor", "ops", "client", "admin"},
    "GET /callbacks": CHANGERS,
    "POST /callbacks/{lead}/move": CHANGERS,
    "POST /callbacks/{lead}/pass-on": CHANGERS,
    "POST /callbacks/{lead}/cancel": CHANGERS,
    "POST /callbacks/changes/{change}/take-back": CHANGERS,
    "GET /leads/{lead}": {"supervisor", "ops", "client", "admin"},
    "POST /leads/{lead}/state": CHANGERS,
    "GET /campaigns/{campaign}/settings": {"ops", "admin"},
    "POST /campaigns/{campaign}/settings": {"ops", "admin"},
    "POST /campaigns/{campaign}/remove": {"ops", "admin"},
    "GET /campaigns/{campaign}/history": CHANGERS,
    "POST /campaigns/{campaign}/undo": {"ops", "admin"},
    "GET /results": CHANGERS,
    "GET /results/{project}": CHANGERS,
    "GET /results/{project}/history": CHANGERS,
    "GET /results/{project}/new": {"ops", "admin"},
    "POST /results/{project}/new": {"ops", "admin"},
    "GET /results/{project}/choices/{choice}": {"ops", "admin"},
    "POST /results/{project}/choices/{choice}": {"ops", "admin"},
    "GET /results/{project}/skips": {"ops", "admin"},
    "POST /results/{project}/skips": {"ops", "admin"},
    "POST /results/{project}/move": {"ops", "admin"},
    "POST /results/{project}/retire": {"ops", "admin"},
    "POST /results/{project}/usual": {"ops", "admin"},
    "POST /results/{project}/undo": {"ops", "admin"},
    "GET /lists": {"supervisor", "ops", "client", "admin"},
    "POST /lists": {"ops", "admin"},
    "GET /lists/{list}": {"supervisor", "ops", "client", "admin"},
    "POST /lists/{list}/state": CHANGERS,
    "POST /lists/{list}/settings": {"ops", "admin"},
    "GET /lists/{list}/new": {"ops", "admin"},
    "POST /lists/{list}/new": {"ops", "admin"},
    "POST /lists/{list}/upload": {"ops", "admin"},
    "GET /lists/imports/{import}": {"supervisor", "ops", "client", "admin"},
    "POST /lists/imports/{import}/begin": {"ops", "admin"},
    "POST /lists/imports/{import}/resume": {"ops", "admin"},
    "POST /lists/imports/{import}/undo": {"ops", "admin"},
    "GET /lists/imports/{import}/rejected/{kind}": {"supervisor", "ops", "client", "admin"},
    "GET /do-not-call": CHANGERS,
    "POST /do-not-call": CHANGERS,
    "POST /do-not-call/upload": {"ops", "admin"},
    "GET /do-not-call/file/{kind}": CHANGERS,
    "POST /do-not-call/remove": {"ops", "admin"},
    "GET /centre": CHANGERS,
    "GET /centre/first-steps": {*CHANGERS} - {"supervisor"},
    "GET /centre/history": CHANGERS,
    "GET /centre/history/{change}": CHANGERS,
    "POST /centre/history/{change}/undo": CHANGERS,
    "GET /centre/agents-sheet": CHANGERS,
    "POST /centre/agents-sheet": CHANGERS,
    "GET /centre/agents-sheet/files/{file}": CHANGERS,
    "GET /centre/agents-sheet/{sheet}": CHANGERS,
    "POST /centre/agents-sheet/{sheet}/look": CHANGERS,
    "POST /centre/agents-sheet/{sheet}/take": CHANGERS,
    "POST /centre/agents-sheet/{sheet}/access": CHANGERS,
    "GET /centre/matrix": CHANGERS,
    "POST /centre/matrix": CHANGERS,
    "GET /centre/new/{kind}": CHANGERS,
    "POST /centre/new/{kind}": CHANGERS,
    "GET /centre/look-ups": {"admin"},
    "POST /centre/look-ups/secrets": {"admin"},
    "POST /centre/look-ups/secrets/remove": {"admin"},
    "POST /centre/look-ups/services": {"admin"},
    "POST /centre/look-ups/services/remove": {"admin"},
    "GET /centre/{kind}": CHANGERS,
    "GET /centre/{kind}/{key}": CHANGERS,
    "POST /centre/{kind}/{key}": CHANGERS,
    "GET /centre/{kind}/{key}/remove": CHANGERS,
    "POST /centre/{kind}/{key}/remove": CHANGERS,
    "POST /centre/{kind}/{key}/secret": CHANGERS,
    "GET /centre/{kind}/{key}/history": CHANGERS,
    "GET /centre/agent/{agent}/panel": CHANGERS,
    "POST /centre/agent/{agent}/panel": CHANGERS,
    "GET /flows": CHANGERS,
    "GET /new-flow": {"ops", "admin"},
    "POST /new-flow": {"ops", "admin"},
    "GET /flows/{flow}": CHANGERS,
    "GET /flows/{flow}/draft": CHANGERS,
    "POST /flows/{flow}/draft": {"ops", "admin"},
    "GET /export-flows": CHANGERS,
    "GET /export-flows/flows.yaml": CHANGERS,
    "GET /import-flows": {"ops", "admin"},
    "POST /import-flows": {"ops", "admin"},
    "GET /import-flows/{import}": {"ops", "admin"},
    "POST /import-flows/{import}": {"ops", "admin"},
    "GET /flows/{flow}/publish": CHANGERS,
    "POST /flows/{flow}/publish": {"ops", "admin"},
    "GET /flows/{flow}/revisions": CHANGERS,
    "GET /flows/{flow}/difference": CHANGERS,
    "POST /flows/{flow}/roll-back": {"ops", "admin"},
    "POST /flows/{flow}/call-off": {"ops", "admin"},
    "POST /flows/{flow}/retire": {"ops", "admin"},
    "GET /flows/{flow}/figures": CHANGERS,
    "GET /flows/{flow}/figures.json": CHANGERS,
    "GET /flows/{flow}/replay": CHANGERS,
    "POST /flows/{flow}/replay": CHANGERS,
    "POST /flows/{flow}/replay/cancel": CHANGERS,
    "GET /flows/{flow}/try": CHANGERS,
    "POST /flows/{flow}/try": CHANGERS,
    "POST /flows/{flow}/try/keep": {"ops", "admin"},
    "GET /flows/{flow}/trial": CHANGERS,
    "POST /flows/{flow}/trial": {"ops", "admin"},
    "POST /flows/{flow}/trial/cancel": {"ops", "admin"},
    "GET /flows/{flow}/tests": CHANGERS,
    "POST /flows/{flow}/tests": {"ops", "admin"},
    "POST /flows/{flow}/tests/play": CHANGERS,
    "POST /flows/{flow}/check": CHANGERS,
    "GET /flows/{flow}/words": CHANGERS,
    "GET /users": {"admin"},
    "POST /users": {"admin"},
    "GET /users/{name}": {"admin"},
    "POST /users/{name}": {"admin"},
    "POST /users/{name}/password": {"admin"},
    "POST /users/{name}/enabled": {"admin"},
    SIGN_OUT: ALL,
}
PUBLIC = {
    "GET /healthz",
    "GET /static",
    "GET /static/board",
    "GET /static/centre",
    "GET /static/desk",
    "GET /static/flows",
    "GET /static/prompts",
    "GET /static/worklist",
    "GET /login",
    "POST /login",
    "POST /language",
    "GET /phone-setup/{code}",
}
PLACES = {
    "{agent}": "1001",
    "{verb}": "ready",
    "{call}": CALL,
    "{name}": "nobody",
    "{kind}": "queue",
    "{key}": "nobody",
    "{change}": "1",
    "{campaign}": "nobody",
    "{project}": "tea",
    "{choice}": "success",
    "{list}": "999",
    "{number}": "1",
    "{import}": "999",
    "{lead}": "1",
    "{voice}": "nobody.v1795316000123.sales",
    "{file}": "agents.csv",
    "{sheet}": "gone",
    "{flow}": "nothing",
    "{version}": "999",
}
USERS = {
    "agent": "amy",
    "supervisor": "sue",
    "ops": "otto",
    "qa": "quinn",
    "client": "cleo",
    "admin": "ada",
}


def routes(app: web.Application) -> set[str]:
    """What the router really has."""
    return {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


async def test_a_route_without_a_line_here_fails(console: Console) -> None:
    assert routes(console.app) == set(MAY) | PUBLIC
    assert {f"{m} {p}" for m, p in console.app[RULES]} == set(MAY) | PUBLIC


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="everybody's calls")


def _probe(rule: Rule, answer: Answer = _page) -> Feature:
    return Feature("probe", (get("/probe", answer, rule),))


async def test_a_route_without_a_rule_stops_the_start(console: Console) -> None:
    console.app.router.add_get("/forgotten", _page)
    with pytest.raises(RouteWithoutRule, match="forgotten"):
        check_complete(console.app)


async def test_a_route_that_slips_in_later_is_not_answered(console: Console, visit: Visit) -> None:
    console.app.router.add_get("/forgotten", _page)
    answer = await (await visit("ada")).get("/forgotten")
    assert answer.status == 500
    assert "everybody's calls" not in await answer.text()


async def test_a_route_has_one_rule(console: Console) -> None:
    board = Feature("probe", (get("/board", _page, Public()),))
    with pytest.raises(RouteWithoutRule, match="GET /board has two rules"):
        add_feature(console.app, board)


async def test_a_page_that_forgets_the_projects_is_not_shown(
    console: Console, visit: Visit
) -> None:
    add_feature(console.app, _probe(Only({Role.CLIENT}, Reach.PROJECTS)))
    answer = await (await visit("cleo")).get("/probe")
    assert answer.status == 500
    assert "everybody's calls" not in await answer.text()


@pytest.mark.parametrize(
    "rule", [Only({Role.CLIENT}, Reach.SELF), Only({Role.ADMIN}, Reach.CENTRE), Public()]
)
async def test_a_page_that_shows_projects_must_say_so(
    rule: Rule, console: Console, visit: Visit
) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=str(projects_of(request)))

    add_feature(console.app, _probe(rule, page))
    for name in ("cleo", "ada"):
        assert (await (await visit(name)).get("/probe")).status in (403, 500)


def test_nobody_but_admins_reaches_the_whole_centre() -> None:
    with pytest.raises(ValueError, match="only admins"):
        Only({Role.ADMIN, Role.OPS}, Reach.CENTRE)


@pytest.mark.parametrize(
    ("path", "start_of"),
    [("/nowhere", set()), ("/probe", {Role.CLIENT}), ("/probe", {Role.ADMIN})],
)
async def test_the_menu_leads_somewhere(path: str, start_of: set[Role], console: Console) -> None:
    rule = Only({Role.ADMIN}, Reach.CENTRE)  # who begins at the board already
    entry = Entry(path, "users", "Probe", start_of=start_of)
    with pytest.raises(WrongMenu, match=path):
        add_feature(console.app, replace(_probe(rule), entry=entry))


async def test_every_role_has_a_page_to_begin_at(console: Console) -> None:
    starts = [role for entry in console.app[ENTRIES] for role in entry.start_of]
    assert sorted(starts) == sorted(Role)


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("role", [r.value for r in Role])
async def test_each_role_at_each_route(role: str, visit: Visit) -> None:
    client = await visit(USERS[role])
    for route, roles in sorted(MAY.items(), key=lambda line: line[0] == SIGN_OUT):
        method, path = route.split(" ")
        for place, value in PLACES.items():
            path = path.replace(place, value)
        answer = await (client.get(path) if method == "GET" else client.post(path))
        if role in roles:
            assert answer.status not in (401, 403), f"{role} must be able to {route}"
            assert answer.status < 500, f"{route} broke for {role}"
            if route != SIGN_OUT:
                assert answer.headers.get("Location", "") != "/login", f"{role} thrown out: {route}"
        else:
            assert answer.status == 403, f"{role} can {route}: {answer.status}"


@pytest.mark.usefixtures("recorded")
async def test_nobody_gets_anywhere_without_signing_in(visit: Visit) -> None:
    client = await visit()
    for route in MAY:
        method, path = route.split(" ")
        for place, value in PLACES.items():
            path = path.replace(place, value)
        answer = await (client.get(path) if method == "GET" else client.post(path))
        if path.startswith("/api/"):
            assert answer.status == 401
        else:
            assert answer.status == 303, f"{route}: {answer.status}"
            assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize("name", ["ben", "sue"])
async def test_another_projects_calls_are_not_there(name: str, recorded: str, visit: Visit) -> None:
    client = await visit(name)
    other = "4008001000" if name == "ben" else "4008002000"
    for what in ("", "/recording.wav", "/waveform.json"):
        ours = await client.get(f"/calls/{recorded}{what}")
        assert ours.status == (404 if name == "ben" else 200)
    assert other not in await (await client.get("/api/v1/calls")).text()
    calls = (await (await client.get("/api/v1/calls?project=tea&hotline=" + other)).json())["calls"]
    assert calls == []
    # amy (1001) serves tea only, 1005 both.
    amy = await client.post("/agents/1001/ready")
    assert amy.status == (404 if name == "ben" else 200)
    assert (await client.post("/agents/1005/ready")).status == 200


async def test_supervisors_may_not_extend_after_call_work(visit: Visit, console: Console) -> None:
    client = await visit("sue")
    assert (await client.post("/agents/1001/extend", {"seconds": "30"})).status == 404
    assert console.floor.asked == []


async def test_the_desk_acts_for_its_own_agent_only(visit: Visit, console: Console) -> None:
    client = await visit("amy")
    answer = await client.post("/desk/ready", {"agent": "1002"})
    assert (await answer.json())["ok"] is True
    assert [a.agent for a in console.floor.asked] == ["1001"]


@pytest.mark.parametrize("name", ["amy", "cleo", "sue"])
async def test_who_else_is_a_client_is_not_told(name: str, recorded: str, visit: Visit) -> None:
    client = await visit(name)
    for path in ("/board", "/desk", "/calls", f"/calls/{recorded}"):
        answer = await client.get(path)
        if answer.status == 200:
            assert "Harbour Bank" not in await answer.text(), path
    assert "Harbour Bank" in await (await (await visit("ada")).get("/board")).text()


async def test_a_user_without_projects_sees_none_of_them() -> None:
    user = User("x", Role.QA, None, None, None, False, ENTERED, ENTERED)
    assert scope(user) == frozenset()
    assert scope(replace(user, role=Role.ADMIN)) is None


async def test_clients_see_neither_switches_nor_phones(visit: Visit, console: Console) -> None:
    await busy(console.floor)
    client = await visit("cleo")
    board = await (await client.get("/api/v1/board")).json()
    assert set(board) == {"version", "at", "queues", "agents", "calls"}
    assert {q["project"] for q in board["queues"]} == {"tea"}
    assert {c["project"] for c in board["calls"]} == {"tea"}
    assert all(a["station"] is None for a in board["agents"])
    assert {c["line"] for c in board["calls"]} == {None}


@pytest.mark.usefixtures("recorded")
async def test_the_line_is_told_to_those_who_may_read_the_call(
    visit: Visit, console: Console
) -> None:
    await busy(console.floor)
    for name, line in (("cleo", None), ("otto", "gateway-lines")):
        client = await visit(name)
        for path in ("/api/v1/board", "/api/v1/calls"):
            calls = (await (await client.get(path)).json())["calls"]
            assert {c["line"] for c in calls} == {line}, (name, path)
