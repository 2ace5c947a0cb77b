"""One city, made once for all tests."""

import pytest
from told_city import Told, tell

from tests.depth import many


@pytest.fixture(scope="session")
def told() -> Told:
    """A city of 2,000 cases over six years, or a smaller one in a quick run."""
    return tell(many(2000, 1200))
