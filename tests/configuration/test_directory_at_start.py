"""Which directory a controller starts with."""

from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from centre.directory import Directory
from centre.directory_copy import COPY_FILE
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, ProjectSettings
from configuration.centre_file import ConfigError, load
from configuration.directory_at_start import directory_at_start, kept_here
from configuration.secrets import secrets_for
from storage.database import Database
from tests.conftest import CentreFile

pytestmark = pytest.mark.live


async def test_an_old_file_is_moved_once(
    centre_file: CentreFile, database: Database, tmp_path: Path
) -> None:
    state, config = tmp_path / "state", load(centre_file())
    assert config.sections is not None
    secrets = secrets_for(state, config.sections)
    moved, found = await directory_at_start(config, state, database.pool, secrets)
    assert (moved.sections, found.kept.revision) == (None, 1)
    assert found.kept.directory.of(AgentSettings)["1001"].name == "Amy"
    assert found.secrets.keys() == {
        (Kind.AGENT, "1001"),
        (Kind.STATION, "1001"),
        (Kind.LINE, "carrier"),
    }
    assert not any(
        word in str(found.secrets) for word in (*secrets.sip.values(), *secrets.pins.values())
    )
    again, same = await directory_at_start(load(config.source), state, database.pool, secrets)
    assert (again.sections, same.kept.revision) == (None, 1)
    assert kept_here(state) is not None


async def test_a_start_that_died_in_between_goes_on(
    centre_file: CentreFile, database: Database, tmp_path: Path
) -> None:
    """The sections are in the database, and still in the file."""
    state, file = tmp_path / "state", centre_file()
    text = file.read_text("utf-8")
    config = load(file)
    secrets = secrets_for(state, config.sections or Directory())
    await directory_at_start(config, state, database.pool, secrets)
    file.write_text(text, "utf-8")
    again, found = await directory_at_start(load(file), state, database.pool, secrets)
    assert (again.sections, found.kept.revision) == (None, 1)
    assert "projects" not in file.read_text("utf-8")
    file.write_text(text.replace("title: Tea", "title: Coffee"), "utf-8")
    with pytest.raises(ConfigError, match="are in the directory, no longer in this file"):
        await directory_at_start(load(file), state, database.pool, secrets)


async def test_a_new_centre_is_empty_but_for_the_usual_reasons(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("node: pbx1\n", "utf-8")
    secrets = secrets_for(tmp_path, Directory())
    _, found = await directory_at_start(load(file), tmp_path, database.pool, secrets)
    assert [thing.KIND for thing in found.kept.directory] == [Kind.AWAY_REASON] * 4


async def test_a_database_of_an_older_offhook_is_as_good_as_away(
    centre_file: CentreFile, database: Database, tmp_path: Path
) -> None:
    config = load(centre_file())
    secrets = secrets_for(tmp_path / "state", config.sections or Directory())
    await database.pool.execute("drop table directory_things cascade")
    same, found = await directory_at_start(config, tmp_path / "state", database.pool, secrets)
    assert same.sections is not None
    assert found.kept.revision == 0
    assert found.kept.directory.has(Kind.PROJECT, "tea")
    assert (Kind.STATION, "1001") in found.secrets


async def test_without_a_copy_and_a_file_there_is_nothing_to_start_with(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("node: pbx1\n", "utf-8")
    secrets = secrets_for(tmp_path, Directory())
    await database.pool.execute("drop table directory_things cascade")
    with pytest.raises(asyncpg.UndefinedTableError):
        await directory_at_start(load(file), tmp_path, database.pool, secrets)


async def test_what_nobody_understands_is_left_alone(
    centre_file: CentreFile, database: Database, tmp_path: Path
) -> None:
    state, config = tmp_path / "state", load(centre_file())
    secrets = secrets_for(state, config.sections or Directory())
    await directory_at_start(config, state, database.pool, secrets)
    await database.pool.execute(
        "update directory_things set content = '{\"colour\": 1}' where kind = 'project'"
    )
    copy = (state / COPY_FILE).read_bytes()
    with capture_logs() as logs:
        _, found = await directory_at_start(load(config.source), state, database.pool, secrets)
    assert found.kept.directory.of(ProjectSettings)["tea"].title == "Tea"
    assert [line["log_level"] for line in logs] == ["error"]
    assert (state / COPY_FILE).read_bytes() == copy
