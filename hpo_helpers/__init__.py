"""The small package that the book *Turning the Knobs* is written with.

It is a house: a file imports only from the floors below its own, and says in its first line what
it is for. Read it from the ground up, in the order of the reference, with ``data`` and ``spaces``
first and the ``explorers`` last.
"""

import os

# TensorFlow reads these once, when it is first imported. oneDNN chooses its arithmetic by the
# processor; without it the same seed gives the same errors on more machines.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
