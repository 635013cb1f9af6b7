"""The small package that the book *Turning the Knobs* is written with.

Read it bottom up: ``data``, ``spaces``, ``trials``, ``networks``, ``plots``; then ``training``,
``recordings``, ``executors``, ``loaders``; then ``objectives``, ``searchers``, ``schedulers``;
then ``bayesian``, ``tuner``; then ``simulator`` and the ``explorers``. A file imports only from
those before it.
"""

import os

# TensorFlow reads these once, when it is first imported. oneDNN chooses its arithmetic by the
# processor; without it the same seed gives the same errors on more machines.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
