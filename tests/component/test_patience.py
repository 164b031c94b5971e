"""How long is waited, and how much is done at a time."""

from __future__ import annotations

import asyncio
import time

import pytest

from rupture_watch.stream.patience import patience
from rupture_watch.stream.stride import Stride


async def test_silence_while_the_loop_turns_ends_the_patience_at_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rupture_watch.stream.patience.STEP", 0.02)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with patience(0.2):
            await asyncio.Event().wait()
    assert time.monotonic() - started >= 0.2


async def test_time_in_which_the_loop_was_held_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rupture_watch.stream.patience.STEP", 0.02)
    loop, answer = asyncio.get_running_loop(), asyncio.Event()

    def hold(times: int) -> None:
        time.sleep(0.1)
        if times:
            loop.call_soon(hold, times - 1)
        else:
            answer.set()

    loop.call_soon(hold, 4)
    started = time.monotonic()
    async with patience(0.2):
        await answer.wait()
    assert time.monotonic() - started > 0.4


async def test_an_answer_in_time_leaves_nothing_that_could_end_something_else() -> None:
    loop, errors = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    async with patience(0.02):
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    assert errors == []


def test_a_stride_grows_while_the_work_is_cheap_and_up_to_its_bound() -> None:
    stride = Stride(target=0.025, start=50, most=500)
    sizes = []
    for _ in range(6):
        stride.took(stride.size, stride.size * 20e-6)
        sizes.append(stride.size)
    assert sizes == [100, 200, 400, 500, 500, 500]


def test_a_stride_shrinks_at_once_to_what_fits() -> None:
    stride = Stride(target=0.025, start=500, most=500)
    stride.took(500, 2.5)
    assert stride.size == 5
    stride.took(5, 60.0)
    assert stride.size == 1


def test_a_short_stretch_of_cheap_work_says_nothing_about_a_long_one() -> None:
    stride = Stride(target=0.025, start=50, most=500)
    stride.took(1, 1e-6)
    assert stride.size == 50
