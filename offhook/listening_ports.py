"""The ports on which Asterisk and the controller listen."""

from dataclasses import replace

from configuration.centre_file import Config, ConfigError
from telephony.asterisk.generated_files import Ports

PORTS = Ports(
    sip=5060, sip_tls=5061, ami=5038, agi=4573, console=8080, rtp_start=10_000, rtp_end=11_999
)
"""Where they listen by default."""


def ports_of(config: Config, given: str | None) -> Ports:
    """Those in ``given``, the value of OFFHOOK_PORTS, or the default ones. Raises ConfigError."""
    if not given:
        return replace(PORTS, console=config.console.port)
    names = Ports.__dataclass_fields__
    try:
        return Ports(*map(int, given.split(",")))
    except (ValueError, TypeError):
        raise ConfigError(
            f"OFFHOOK_PORTS is {given!r}; expected {len(names)} numbers with commas between:"
            f" {','.join(names)}"
        ) from None
