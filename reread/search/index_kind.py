"""Which kind of vector index a corpus gets where nobody names one: a FAISS factory string.

Knows how many vectors there are and how long they are; builds nothing.
"""

import numpy as np

FLAT_UP_TO = 1_000_000  # exact search stays within tens of milliseconds below this on a CPU


def choose_factory(count: int, dimension: int) -> str:
    """Exact while that is fast enough, then inverted lists with refined product codes."""
    if count < FLAT_UP_TO:
        return "Flat"
    lists = 1 << int(round(np.log2(4 * count**0.5)))
    if dimension % 4:
        return f"IVF{lists},SQ8"
    return f"IVF{lists},PQ{dimension // 4}x4fs,RFlat"
