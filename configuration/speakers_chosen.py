"""Chooses who speaks which language, as ``centre.yaml`` says."""

from configuration.centre_file import Config
from prompts.piper import Piper, PiperPlace
from prompts.speakers import Speakers, SpeechProvider
from prompts.speech import Espeak
from telephony.asterisk.provision import cache_folder


def piper_place() -> PiperPlace:
    """Where piper is, or would be."""
    return PiperPlace(cache_folder() / "piper")


def speakers_of(config: Config) -> Speakers:
    """Who speaks which language; espeak-ng all that aren't chosen for."""
    piper = Piper(piper_place())
    chosen = {
        language: piper
        for language, provider in config.speech.items()
        if provider is SpeechProvider.PIPER
    }
    return Speakers(Espeak(), chosen)
