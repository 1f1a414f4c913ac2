"""Where Asterisk's files are, and where the controller keeps its own."""

from dataclasses import dataclass
from pathlib import Path

from configuration.centre_file import Config


@dataclass(frozen=True, slots=True)
class Places:
    """Where the controller finds Asterisk's files and keeps its own."""

    state: Path
    spool: Path
    """Raw recordings, as MixMonitor writes them."""
    cel: Path
    prompts: Path
    dialplan_prompts: Path
    recordings: Path
    generated: Path | None
    """Where Asterisk's phones, lines and numbers are written; None: not by us."""


def places(config: Config, state: Path) -> Places:
    """The folders of a managed Asterisk, or those that the configuration names."""
    asterisk = state / "asterisk"
    return Places(
        state=state,
        spool=config.asterisk.spool or asterisk / "spool" / "monitor",
        cel=config.asterisk.cel or asterisk / "log" / "cel-custom" / "offhook.csv",
        prompts=(config.asterisk.sounds or state / "prompts").absolute(),
        dialplan_prompts=config.asterisk.sounds or asterisk / "prompts",
        recordings=(state / config.recordings.root).absolute(),
        generated=asterisk / "conf" / "generated"
        if config.asterisk.managed
        else config.asterisk.generated,
    )
