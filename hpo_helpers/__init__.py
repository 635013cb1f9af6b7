"""The small package that the book *Turning the Knobs* is written with.

Read it bottom up: ``data``, ``spaces``, ``trials``; then ``loaders``, ``objectives``,
``searchers``; then ``tuner``; then ``plots``. A file imports only from those before it.
"""

import os

# TensorFlow reads this once, when it is first imported; without it, every import
# prints lines with process ids and times into the notebook.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
