"""``./run centre``: the directory as a file, against the database that a state folder uses."""

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from centre.authority import SYSTEM
from centre.directory import Directory, directory_of, edits_between
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.inbound_settings import QueueSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from centre.pins import AgentPins
from centre.portable_text import written
from configuration.centre_file import DEMO_CENTRE
from domain.identity import AgentCode
from publishing.flow_drafts import FlowDrafts
from storage.database import Database
from tests.centre.small import PHONE, QUEUE, WANG, small_directory
from tests.databases import copied
from tests.offhook.command import Ended, run
from tests.publishing.test_publications import ADMIN

pytestmark = pytest.mark.live

Do = Callable[..., Awaitable[Ended]]

QUEUES = [QueueSettings(name=n, project="tea", skill="sales") for n in ("operator", "service")]
"""Those that the number's flow leads to besides the small directory's one."""


def the_directory() -> Directory:
    return directory_of([*small_directory(), *QUEUES])


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def put(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "centre.yaml").write_text("node: pbx1\n")
    return folder


@pytest.fixture
def do(state: Path, dsn: str) -> Do:
    """``await do("diff", file)``"""

    async def one(what: str, *arguments: str | Path) -> Ended:
        given = ("centre", what, "--state", state, *arguments)
        return await asyncio.to_thread(run, *given, OFFHOOK_DSN=dsn, deadline_s=240.0)

    return one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that has the directory."""
    path = tmp_path / "tea.yaml"
    path.write_text(written(the_directory()))
    return path


@pytest.fixture
def store(database: Database) -> DirectoryStore:
    return DirectoryStore(database.pool)


async def test_a_file_may_have_a_name_in_another_encoding(
    do: Do, file: Path, store: DirectoryStore
) -> None:
    named = os.fsdecode(os.fsencode(file.parent) + "/呼叫中心.yaml".encode("gbk"))
    await asyncio.to_thread(file.rename, named)
    done = await do("import", named)
    assert (done.code, done.err) == (0, "")
    (line,) = await store.history()
    assert line.note.startswith("imported from ????????.yaml by ")


async def test_a_centre_moves_to_another(
    do: Do, file: Path, store: DirectoryStore, tmp_path: Path
) -> None:
    done = await do("import", file, "--note", "the new client")
    assert (done.code, done.err) == (0, "")
    *made, summary, where = done.out.splitlines()
    assert "+ queue sales" in made and '+ number "4008001000"' in made
    assert summary == ("change 1, which the console can undo: 13 created, 0 changed, 0 removed")
    kept = await store.read()
    assert edits_between(kept.directory, the_directory()) == ()
    (line,) = await store.history()
    assert line.by == "offhook"
    assert line.note.startswith("imported from tea.yaml by ")
    assert line.note.endswith(": the new client")

    secrets = Path(where.rpartition(": ")[2])
    assert mode_of(secrets) == 0o600
    plain = json.loads(text_of(secrets))
    assert {kind: list(of) for kind, of in plain.items()} == {
        "stations": ["1001"],
        "lines": ["carrier"],
        "agents": ["1001"],
    }
    hashed = await store.secrets()
    pins = AgentPins(lambda: hashed)
    assert await pins.fits(AgentCode("1001"), plain["agents"]["1001"])
    assert plain["stations"]["1001"] not in str(hashed) + done.out

    again = await do("import", file)
    assert (again.code, again.out) == (0, "0 created, 0 changed, 0 removed\n")
    assert (await do("diff", file)).code == 0
    out = tmp_path / "out.yaml"
    exported = await do("export", "--to", out)
    assert (exported.code, exported.out) == (0, "")
    assert exported.to_people == [f"offhook: wrote {out}: 13 things"]
    assert text_of(out) == text_of(file)
    assert mode_of(out) == 0o600
    assert (await do("export")).out == text_of(file)


async def test_what_an_import_would_do(do: Do, file: Path, store: DirectoryStore) -> None:
    service = DirectoryService(store)
    other = SkillSettings(name="old")
    wang = WANG.model_copy(update={"skills": {"sales": 9}, "team": None})
    things = [*(t for t in the_directory() if t not in (WANG, PHONE)), wang, other]
    things = [t for t in things if t != QUEUE]
    wishes = [WishedThing(t.KIND, t.key, t, ANY) for t in things if t != wang]
    first = await service.change(
        SYSTEM, [*wishes, WishedThing(Kind.AGENT, "1001", _no_phone(wang), ANY)]
    )
    for what in (("diff", file), ("import", file, "--dry-run")):
        said = await do(*what)
        assert said.code == (3 if what[0] == "diff" else 0)
        assert said.out.splitlines() == [
            "- skill old",
            "+ queue sales",
            '+ station "1001"',
            '~ agent "1001": skills: {sales: 9} -> {sales: 3}; team: null -> red; station: null ->'
            ' "1001"',
            "2 created, 1 changed, 1 removed",
        ]
    refused = await do("import", file)
    assert refused.code == 3
    assert "nothing was changed: the file lacks 1 of the things above; pass --remove" in refused.err
    assert (await store.read()).revision == first.id

    shown = json.loads((await do("diff", file, "--json")).out)
    assert shown["created"] == [
        {"kind": "queue", "key": "sales"},
        {"kind": "station", "key": "1001"},
    ]
    assert shown["removed"] == [{"kind": "skill", "key": "old"}]
    assert shown["changed"][0]["before"]["skills"] == {"sales": 9}
    assert shown["changed"][0]["after"]["skills"] == {"sales": 3}

    kept = await do("import", file, "--keep")
    assert kept.code == 0
    assert (await store.read()).directory.has(Kind.SKILL, "old")
    removed = json.loads((await do("import", file, "--remove", "--json")).out)
    assert (removed["secrets"], len(removed["removed"])) == (None, 1)
    directory = (await store.read()).directory
    assert edits_between(directory, the_directory()) == ()
    await service.undo(SYSTEM, removed["change"])
    assert (await store.read()).directory.has(Kind.SKILL, "old")


def _no_phone(wang: AgentSettings) -> AgentSettings:
    return wang.model_copy(update={"station": None})


async def test_references_that_would_be_missing(do: Do, file: Path, store: DirectoryStore) -> None:
    text = text_of(file).replace("flow: hotline", "flow: hotlin").replace("team: red", "team: rad")
    put(file, text)
    said = await do("import", file)
    assert said.code == 1
    assert "nothing was changed: correct the file first" in said.err
    (missing,) = [line for line in said.out.splitlines() if line.startswith("missing: ")]
    assert (
        missing.startswith(f"missing: {file}:") and 'no team "rad"; did you mean "red"?' in missing
    )
    (error,) = [line for line in said.out.splitlines() if line.startswith("error: ")]
    assert 'there is no flow "hotlin"; did you mean "hotline"?' in error
    assert (await store.read()).revision == 0
    shown = json.loads((await do("diff", file, "--json")).out)
    assert shown["missing"][0]["message"] == 'there is no team "rad"'


async def test_a_number_whose_flow_is_only_a_draft(do: Do, file: Path, database: Database) -> None:
    night = "flow: night\nlanguages: [en]\nstart: a\nnodes: {a: {kind: hangup}}\n"
    await FlowDrafts(database.pool).add(ADMIN, "tea", "night", night)
    put(file, text_of(file).replace("flow: hotline", "flow: night"))
    said = await do("diff", file)
    assert said.code == 1
    assert 'the flow "night" is not published: there is only a draft; publish it first' in said.out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("projects:\n  - {name: tea, ti", "this is not YAML"),
        ("", "the directory is empty"),
        ("projects: [{name: tea, title: Tea, title: Tea}]\n", "is here twice"),
        ("projects: \xff\xfe", "is not UTF-8"),
    ],
)
async def test_a_half_written_file_changes_nothing(
    do: Do, file: Path, store: DirectoryStore, state: Path, text: str, why: str
) -> None:
    await asyncio.to_thread(file.write_bytes, text.encode("latin-1"))
    said = await do("import", file)
    assert why in said.only_complaint()
    assert (await store.read()).revision == 0
    assert names_in(state) == ["centre.yaml"]


async def test_a_file_cut_short_between_lines_removes_nothing(
    do: Do, file: Path, store: DirectoryStore
) -> None:
    await do("import", file)
    whole = text_of(file)
    put(file, whole.partition("  - name: tea")[0])
    said = await do("import", file, "--remove")
    assert said.code == 1
    assert 'there is no project "tea"; so says the queue "sales", which is not in this' in said.out
    put(file, whole.partition("  - name: sales\n    project")[0] + "agents: []\n")
    assert (await do("import", file)).code == 1  # "queues:" is left without a list
    put(file, whole.partition("agents:")[0] + "agents: []\n")
    assert (await do("import", file)).code == 3
    assert (await store.read()).revision == 1


async def test_new_secrets_replace_no_file(do: Do, file: Path, store: DirectoryStore) -> None:
    kept = file.with_name("kept.json")
    put(kept, "mine")
    said = await do("import", file, "--secrets", kept)
    assert said.only_complaint().startswith(f"{kept}: there is such a file already")
    assert text_of(kept) == "mine"
    assert (await store.read()).revision == 0


@pytest.mark.long
async def test_five_thousand_agents(do: Do, file: Path, store: DirectoryStore) -> None:
    agents = "".join(
        f'  - {{code: "{n}", name: Agent {n}, projects: [tea], skills: {{sales: 3}}}}\n'
        for n in range(10_000, 15_000)
    )
    put(file, f"projects: [{{name: tea, title: Tea}}]\nagents:\n{agents}")
    done = await do("import", file, "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)["created"]) == 5_002
    assert len((await store.read()).directory.things[Kind.AGENT]) == 5_000
    assert len(await store.secrets()) == 5_000


@pytest.mark.parametrize("what", [("export",), ("diff", "-"), ("import", "-")])
async def test_a_folder_without_a_centre(what: tuple[str, ...], tmp_path: Path) -> None:
    said = await asyncio.to_thread(run, "centre", *what, "--state", tmp_path)
    assert "no centre has been set up there; start './run up' once" in said.only_complaint()


async def test_what_is_no_file(do: Do, tmp_path: Path) -> None:
    assert "it is a folder" in (await do("diff", tmp_path)).only_complaint()
    assert "No such file" in (await do("diff", tmp_path / "none")).only_complaint()
    assert "it is a device" in (await do("diff", "/dev/zero")).only_complaint()


def test_the_embedded_server_is_started_for_the_moment(
    own_folder: Path, server_data: Path, file: Path
) -> None:
    own_folder.mkdir()
    (own_folder / "centre.yaml").write_text("node: pbx1\n")
    copied(server_data, own_folder / "postgres")
    done = run("centre", "import", file, "--state", own_folder)
    assert done.code == 0, done.err
    assert run("centre", "export", "--state", own_folder).out == text_of(file)
    assert not (own_folder / "postgres" / "data" / "postmaster.pid").exists()


def test_sections_that_were_not_moved(tmp_path: Path) -> None:
    put(tmp_path / "centre.yaml", text_of(DEMO_CENTRE))
    said = run("centre", "export", "--state", tmp_path)
    assert "have not been moved into the directory yet; start './run up' once" in said.err
