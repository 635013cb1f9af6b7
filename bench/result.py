"""What every benchmark returns: a subject against its peer, and what their numbers are."""

from typing import Any, NamedTuple

Interval = list[float]


class Result(NamedTuple):
    """A subject against its peer; the less the better on both sides.

    `statistic` says what the two values are, such as "median of 9 runs". Where luck had a part,
    intervals of 95 % stand beside them; that of the difference is of the peer's minus ours.
    """

    subject: str
    value_subject: float
    peer: str
    value_peer: float
    unit: str
    statistic: str
    note: str
    interval_subject: Interval | None = None
    interval_peer: Interval | None = None
    interval_difference: Interval | None = None

    @property
    def ratio(self) -> float:
        """The peer's value over ours."""
        return self.value_peer / self.value_subject

    def row(self) -> dict[str, Any]:
        """Return what is stored: rounded, and without the intervals that there are not."""
        rounded = self._replace(
            value_subject=round(self.value_subject, 6), value_peer=round(self.value_peer, 6)
        )
        kept = {name: value for name, value in rounded._asdict().items() if value is not None}
        return {"ratio": round(self.ratio, 3), **kept}
