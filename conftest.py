"""What every test shares: notebooks compared with tolerance, property tests that repeat."""

import os

from hypothesis import settings

from tools.execute_notebooks import ONE_THREAD

# For the kernels, which inherit it: the chapters run as they were run when they were stored.
os.environ.update(ONE_THREAD)

pytest_plugins = ["tests.notebooks.plugin", "tests.proof"]

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")
