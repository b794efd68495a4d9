"""driver.search: looking for devices on the network, in a thread of its own that answers when it is over."""

import pytest

from lectern_client import RoomError

ROOM = """[room]
id = phong-tim
site = thu

[device projector]
profile = epson/eb-l200f
line = tcp://10.0.0.1:4352
"""


@pytest.fixture
def room(stage):
    stage.sim(ROOM)
    stage.daemon()
    return stage.room()


def test_a_search_that_cannot_begin_is_answered_at_once(room):
    # Its thread ends before the core has looked at it once: that must not be slept through.
    for _ in range(20):
        with pytest.raises(RoomError) as no:
            room.call("driver.search", driver="pjlink", target="not-an-address")
        assert "not an IPv4 address" in str(no.value)


def test_a_search_ends_and_says_what_it_found(room):
    found = room.call("driver.search", driver="pjlink", target="127.0.0.1", timeout=60, retry=60)["found"]
    assert isinstance(found, list)
    assert room.call("point.read", target="projector.power")["target"] == "projector.power"
