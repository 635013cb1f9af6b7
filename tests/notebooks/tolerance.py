"""Compare two outputs: their text exactly, their numbers within a tolerance."""

import re
from dataclasses import dataclass

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# What a number may differ by where its cell says nothing: the last digits that a processor
# adds up in another order.
RTOL = 1e-6
ATOL = 1e-9
# No tag may be looser: twice that hides the difference between two good learning rates.
LOOSEST_ATOL = 0.02


@dataclass(frozen=True)
class Tolerance:
    """The numbers `stored` and `fresh` agree if |fresh - stored| <= atol + rtol * |stored|."""

    atol: float = ATOL
    rtol: float = RTOL

    def allows(self, stored: float, fresh: float) -> bool:
        return abs(fresh - stored) <= self.atol + self.rtol * abs(stored)


def cell_tolerance(metadata: dict) -> Tolerance:
    """Read the tag ``atol=0.01`` of a cell; the reason stands beside it in its metadata."""
    tags = [tag for tag in metadata.get("tags", []) if tag.startswith(("atol", "rtol"))]
    if not tags:
        return Tolerance()
    if len(tags) > 1 or not re.fullmatch(r"atol=\d+(\.\d+)?(e-\d+)?", tags[0]):
        raise ValueError(f"tolerance tags are {tags}; expected a single one, such as 'atol=0.01'")
    atol = float(tags[0].removeprefix("atol="))
    if atol > LOOSEST_ATOL:
        raise ValueError(f"tag {tags[0]!r} is looser than {LOOSEST_ATOL}, the loosest allowed")
    if not metadata.get("tolerance_reason", "").strip():
        raise ValueError(f"tag {tags[0]!r} has no 'tolerance_reason' beside it in the metadata")
    return Tolerance(atol=atol)


def differences(stored: str, fresh: str, tolerance: Tolerance) -> list[str]:
    """Say in what two texts differ; an empty list means that they agree."""
    if _mask(stored) != _mask(fresh):
        return [f"the text differs\n  stored: {stored!r}\n  now:    {fresh!r}"]
    return [
        f"number {position} differs by {abs(float(now) - float(before)):.3g}: stored {before}, "
        f"now {now}, allowed atol={tolerance.atol:g} rtol={tolerance.rtol:g}"
        for position, (before, now) in enumerate(
            zip(NUMBER.findall(stored), NUMBER.findall(fresh), strict=True), start=1
        )
        if not tolerance.allows(float(before), float(now))
    ]


def _mask(text: str) -> str:
    # The width of a column of numbers follows from the numbers.
    return re.sub(r"[ \t]+", " ", NUMBER.sub("#", text)).strip()
