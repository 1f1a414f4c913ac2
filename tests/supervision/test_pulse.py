"""A controller's pulse: it answers while its loop runs, and not when it hangs or is gone."""

from supervision.pulse import Pulse, answer


async def test_a_running_loop_answers_each_question() -> None:
    pulse = Pulse()
    answer(pulse.theirs)
    for _ in range(300):  # more than a byte counts
        assert await pulse.beats(10)
    pulse.close()


async def test_silence_is_not_a_pulse_and_a_late_answer_is_not_the_next_one() -> None:
    pulse = Pulse()
    assert not await pulse.beats(0.05)
    pulse.theirs.setblocking(False)
    late = pulse.theirs.recv(16)
    pulse.theirs.send(late)  # the answer to the question that was given up
    assert not await pulse.beats(0.05)
    answer(pulse.theirs)
    assert await pulse.beats(10)
    pulse.close()


async def test_a_process_that_is_gone_has_none() -> None:
    pulse = Pulse()
    pulse.theirs.close()
    assert not await pulse.beats(10)
    pulse.close()
