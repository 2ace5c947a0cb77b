"""One city of a few thousand cases, told once for all tests."""

import pytest
from told_city import Told, tell


@pytest.fixture(scope="session")
def told() -> Told:
    """A city of 2,000 cases over six years."""
    return tell(2000)
