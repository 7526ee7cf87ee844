"""Generations that do not serve, opened for a question that names one: to compare two of them.

One is kept open beside the serving one, as long as no other is asked for: a generation's models
and index take memory.
"""

import asyncio

from reread.errors import NotFound
from service.answering.live import HeldGeneration, LiveGeneration, Pin


class OtherGenerations:
    def __init__(self, live: LiveGeneration) -> None:
        self._live = live
        self._kept: HeldGeneration | None = None
        self._opening = asyncio.Lock()

    async def pin(self, number: int) -> Pin:
        """Hold generation `number`; NotFound with those that are kept where it is not."""
        if number == self._live.number:
            return self._live.pin()
        async with self._opening:
            kept = self._kept
            if kept is None or kept.generation.number != number:
                await asyncio.to_thread(self._require, number)  # a wrong number costs nothing
                self.close()
                kept = self._kept = await asyncio.to_thread(self._open, number)
            kept.take()
        return Pin(kept)

    def close(self) -> None:
        """Let go of the one kept; requests that read from it keep theirs."""
        if self._kept is not None:
            self._kept.release()
            self._kept = None

    def _require(self, number: int) -> None:
        known = list(self._live.committed())
        if number not in known:
            kept = ", ".join(map(str, known)) or "none"
            raise NotFound(f"Generation {number} is not kept; those kept: {kept}.")

    def _open(self, number: int) -> HeldGeneration:
        generation = self._live.open(number)
        return HeldGeneration(generation, generation.close, self._live.reader_of(number))
