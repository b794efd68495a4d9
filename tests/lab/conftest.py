import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lab_stage import Lab  # noqa: E402


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)
