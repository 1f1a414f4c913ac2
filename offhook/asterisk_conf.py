"""``offhook asterisk-conf``: writes the files for an Asterisk that Offhook doesn't start itself.

An Asterisk in a container, or run as a system service, reads the same literal files as our own;
only the folder ``generated/`` is made here, from the centre's configuration and its secrets.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from configuration.centre_file import Config, ConfigError
from domain.centre import Centre
from offhook.places import places
from telephony.asterisk import generated_files
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.asterisk.generated_files import Addresses, Folders, Ports
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.instance import CONF, WATCH, certificate_in
from telephony.asterisk.process import PLAIN_PATH


async def write(
    config: Config,
    centre: Centre,
    state: Path,
    passwords: AsteriskPasswords,
    ports: Ports,
    addresses: Addresses,
    to: Path,
    *,
    modules: Iterable[str] = generated_files.OPTIONAL_MODULES,
) -> None:
    """Write the whole configuration into ``to``, an absolute path that Asterisk sees too.

    ``modules`` are the file names of that Asterisk's modules; by default the newest version's.
    Raises ConfigError if the Asterisk is Offhook's own, OSError where ``to`` can't be written.
    """
    if config.asterisk.managed:
        fault = config.document.fault(
            ("asterisk", "managed"),
            "Offhook starts this Asterisk itself and writes its files at each start",
            "for one that runs elsewhere set asterisk.managed: false",
        )
        raise ConfigError(str(fault))
    if not re.fullmatch(PLAIN_PATH, str(to)):
        raise ConfigError(
            f"--to {str(to)!r}: Asterisk would misread that path; name a folder with letters,"
            " digits, - _ . + and @ only"
        )
    _copy_literal(to)
    generated = GeneratedFolder(to / "generated")
    generated.write(
        generated_files.machine_files(
            passwords,
            ports,
            addresses,
            Folders(places(config, state).dialplan_prompts, await certificate_in(to / "keys")),
            node=config.node,
            modules=modules,
        )
    )
    generated.write_centre(centre, passwords.credentials)


def _copy_literal(to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for source in (*CONF.glob("*.conf"), WATCH):
        shutil.copyfile(source, to / source.name)
    main = (CONF / "asterisk.conf").read_text("utf-8")
    here = re.sub(r"(?m)^astetcdir => .*$", f"astetcdir => {to}", main)
    (to / "asterisk.conf").write_text(here, "utf-8")
