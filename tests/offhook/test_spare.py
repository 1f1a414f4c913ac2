"""A spare controller has loaded all its code when it says so: from then on callers wait for it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import CentreFile
from tests.offhook.command import command, environment

TEST_NET = "203.0.113.7"
"""RFC 5737: not an address of this machine, which a start notices once its loop runs."""


def test_a_spare_loads_nothing_after_the_word(centre_file: CentreFile, tmp_path: Path) -> None:
    config = centre_file(add=f"\nasterisk: {{agi_bind: {TEST_NET}}}\n")
    said, said_to_us = os.pipe()
    word, our_word = os.pipe()
    python, *arguments = command(
        *("serve", "--config", config, "--state", tmp_path / "state"),
        *("--ready-fd", said_to_us, "--go-fd", word),
    )
    assert python == sys.executable
    loading = tmp_path / "loading"
    with loading.open("wb") as log:
        spare = subprocess.Popen(
            [python, "-X", "importtime", *arguments],
            env=environment(OFFHOOK_DSN="postgresql://a@127.0.0.1:1/b"),
            pass_fds=(said_to_us, word),
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    for ours in (said_to_us, word):
        os.close(ours)
    try:
        assert os.read(said, 100) == b"loaded\n", loading.read_text("utf-8")
        before = loading.stat().st_size
        os.write(our_word, b"!")
        spare.wait(60)
    finally:
        spare.kill()
        os.close(said)
        os.close(our_word)
    late = loading.read_bytes()[before:].decode("utf-8")
    assert TEST_NET in late  # it began to serve
    modules = [line.split()[-1] for line in late.splitlines() if line.startswith("import time:")]
    # Codecs come from the standard library one by one, whoever asks for them first.
    assert [name for name in modules if not name.startswith("encodings.")] == []
