"""Finds what two texts have in common, with an end: difflib alone takes hours for some texts of a
few thousand lines. Pure."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

MOST_STEPS = 3_000_000
"""Steps of comparing two texts, which take a second."""


@dataclass(slots=True)
class ComparingSteps:
    """How many steps are left; what is compared when none are, differs as a whole."""

    left: int = MOST_STEPS


class BoundedMatcher(difflib.SequenceMatcher[str]):
    """A SequenceMatcher that finds nothing more once its steps are spent, which several may
    share."""

    def __init__(
        self, a: Sequence[str], b: Sequence[str], steps: ComparingSteps, *, autojunk: bool
    ) -> None:
        super().__init__(None, a, b, autojunk)
        self._steps = steps
        places: dict[str, list[int]] = self.b2j  # type: ignore[attr-defined]  # documented
        self._costs = list(accumulate((1 + len(places.get(one, ())) for one in a), initial=0))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        """The longest part that both have there; none, once the steps are spent."""
        cost = self._costs[-1 if ahi is None else ahi] - self._costs[alo]
        if cost > self._steps.left:
            return difflib.Match(alo, blo, 0)
        self._steps.left -= cost
        return super().find_longest_match(alo, ahi, blo, bhi)


def unified_lines(
    before: str, after: str, names: tuple[str, str], around: int = 3
) -> Iterator[str]:
    """The lines by which two texts differ, as a unified difference."""
    old, new = before.splitlines(), after.splitlines()
    groups = BoundedMatcher(old, new, ComparingSteps(), autojunk=True).get_grouped_opcodes(around)
    for number, group in enumerate(groups):
        if number == 0:
            yield f"--- {names[0]}"
            yield f"+++ {names[1]}"
        (_, i, _, k, _), (_, _, j, _, m) = group[0], group[-1]
        yield f"@@ -{_span(i, j)} +{_span(k, m)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i:j])
                continue
            yield from (f"-{line}" for line in old[i:j])
            yield from (f"+{line}" for line in new[k:m])


def _span(begin: int, end: int) -> str:
    """Lines as a unified difference counts them: from 1, and none are after the line before."""
    if end - begin == 1:
        return f"{begin + 1}"
    return f"{begin + 1 if end > begin else begin},{end - begin}"
