"""Whether a prompt was heard, by its very samples."""

from pathlib import Path

import numpy as np
import pytest

from configuration.flows import LIBRARY
from domain.prompts import PromptText
from engine.trials.sound_proof import RATE, Samples, proofs
from ivr_flows.loader import load
from prompts.sounds import Prompts


@pytest.fixture
async def sounds(tmp_path: Path) -> list[Samples]:
    """Prompts of a flow, as they are spoken; some begin with the same words."""
    prompts = Prompts(tmp_path)
    flow = load((LIBRARY / "hotline.yaml").read_bytes(), "hotline.yaml")
    texts = [PromptText(one.name, "en", one.texts["en"]) for one in flow.prompts.values()]
    files = [await prompts.file(text) for text in texts if "{" not in text.text][:10]
    return [np.frombuffer(file.read_bytes()[44:], "<i2") for file in files]


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.int16)


async def test_what_was_played_is_heard_and_what_was_not_is_not(sounds: list[Samples]) -> None:
    noise = (np.random.default_rng(1).normal(0, 40, 4 * RATE)).astype(np.int16)
    pieces = [noise]
    for sound in sounds:
        pieces += [quiet(0.37), sound]
    whole = np.concatenate(pieces)
    assert [proof.share for proof in proofs(whole, sounds)] == [1.0] * len(sounds)
    for missing in range(len(sounds)):
        rest = [sound for number, sound in enumerate(sounds) if number != missing]
        found = proofs(np.concatenate([quiet(1), *rest]), sounds)
        assert [number for number, proof in enumerate(found) if not proof.heard] == [missing]
        cut = sounds[missing][: len(sounds[missing]) * 6 // 10]
        pieces = [*sounds[:missing], cut, *sounds[missing + 1 :]]
        found = proofs(np.concatenate(pieces), sounds)
        assert [number for number, proof in enumerate(found) if not proof.heard] == [missing]


async def test_lost_frames_are_forgiven(sounds: list[Samples]) -> None:
    whole = np.concatenate(sounds)
    frames = [whole[at : at + 160] for at in range(0, len(whole), 160)]
    lossy = np.concatenate([one for number, one in enumerate(frames) if number % 150 != 20])
    assert all(proof.heard for proof in proofs(lossy, sounds))


def test_nothing_is_no_proof() -> None:
    silent, tone = quiet(1), (np.sin(np.arange(RATE)) * 3000).astype(np.int16)
    (proof,) = proofs(tone, [silent])
    assert not proof.audible and not proof.heard
    assert not proofs(quiet(3), [tone])[0].heard
    assert not proofs(np.empty(0, np.int16), [tone])[0].heard
    assert proofs(tone, []) == []
