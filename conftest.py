"""What every test shares: notebooks compared with tolerance, property tests that repeat."""

from hypothesis import settings

pytest_plugins = ["tests.notebooks.plugin"]

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")
