"""Answers that are none: no command may crash, or take longer than it may."""

import pytest

from cli_stage import english, room, run  # noqa: F401 (fixtures)
from fake_room import Raw


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"[]", b'{"jsonrpc":"2.0","id":"@ID","result":7}',
                                    b'{"jsonrpc":"2.0","id":"@ID","result":{"devices":7,"points":"x","value":[],"quality":3}}',
                                    b'{"jsonrpc":"2.0","id":"@ID","result":{"points":[7,null,{"name":5}],"devices":[[],{}]}}',
                                    b'{"jsonrpc":"2.0","id":"@ID","error":{"code":-1,"message":"x","data":7}}'])
@pytest.mark.parametrize("command", [["status"], ["get", "projector"], ["get", "projector.power"], ["devices"], ["lines"],
                                     ["describe", "projector"], ["set", "projector.power", "on"], ["scene", "list"],
                                     ["scene", "plan", "lesson"], ["journal"], ["reload"], ["doctor"]])
def test_a_room_that_answers_nonsense_cannot_crash_a_command(english, room, command, answer):
    for method in ("point.read", "point.write", "device.list", "device.describe", "state.snapshot", "scene.list", "scene.plan",
                   "journal.read", "system.health", "room.reload"):
        room.handlers[method] = lambda _: Raw(answer)
    got = english(*command, "--timeout", "150ms")
    assert 0 <= got.code <= 5
