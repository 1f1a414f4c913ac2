"""A process that begins an import and goes on until it is killed:
``python -m tests.campaigns.controller_importing DSN NUMBER``."""

import asyncio
import sys
from zoneinfo import ZoneInfo

from campaigns.lead_columns import ColumnUse
from campaigns.list_imports import ListImports
from storage.database import open_database
from tests.campaigns.campaigns_scene import OPS

USES = {"手机": ColumnUse.PHONE, "姓名": ColumnUse.NAME}


async def main(dsn: str, number: int) -> None:
    """Begin it and stay."""
    database = await open_database(dsn)
    await ListImports(database.pool, lambda: ZoneInfo("Asia/Shanghai")).begin(OPS, number, USES)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
