"""What all explorers that train have in common: recorded trials, or trials trained in the page."""

from typing import Any

import traitlets

from hpo_helpers.explorers.engine import send_parts
from hpo_helpers.explorers.explorer import Explorer


class TrainingExplorer(Explorer):
    """An explorer whose trials are recorded, or trained in the page where a reader asks for it.

    What is trained there stays there: Python knows of recorded trials alone.
    """

    source = traitlets.Enum(["recorded", "here"], default_value="recorded").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        send_parts(self)
