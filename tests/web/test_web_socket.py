"""The gateway's WebSockets, by bytes: who may open one, what is taken, what a broken or hostile page gets."""

import json
import os
import struct
import uuid

import pytest

from web_stage import (BINARY, CLOSE, CONT, PING, PONG, TEXT, Closed, Connection, Page, Web, frame, phong201, stage,  # noqa: F401
                       wait)

NO_METHOD, NO_REQUEST, NO_JSON, NO_PARAM = -32601, -32600, -32700, -32602


@pytest.fixture
def web(stage):  # noqa: F811
    return Web(stage, "phong-201")


def request(**more):
    return {"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": "web.follow", **more}


def refused(page, text):
    """The error that a message is answered with; the page stays open."""
    before = len(page.seen)
    page.text(text)
    answer = page.until(lambda: [m for m in page.seen[before:] if "error" in m], what="an error")[0]
    page.answers.clear()
    assert page.call("web.follow")["result"] == {}
    return answer


def test_a_websocket_needs_our_origin_our_protocol_and_a_room(web):
    token = web.session()
    for status, headers in ((403, {"Origin": "http://evil.example"}), (403, {"Origin": None}), (403, {"Origin": "null"}),
                            (403, {"Origin": "https://" + web.host}), (421, {"Host": "evil.example", "Origin": "http://evil.example"}),
                            (400, {"Sec-WebSocket-Protocol": None}), (400, {"Sec-WebSocket-Protocol": "lectern.2"}),
                            (400, {"Sec-WebSocket-Protocol": "lectern.1, http"}), (400, {"Sec-WebSocket-Protocol": "watch"}),
                            (400, {"Sec-WebSocket-Protocol": "http"})):
        page = Page(web, token, headers=headers, open=False)
        assert page.status == status, headers
    for path in ("/ws", "/ws?room=", "/ws?room=../x", "/ws?room=Phong", "/ws?rooms=phong-201", "/other?room=phong-201"):
        assert Page(web, token, path=path, open=False).status in (400, 404), path
    for version in ("12", "", "x"):
        try:
            assert Page(web, token, headers={"Sec-WebSocket-Version": version}, open=False).status >= 400, version
        except Closed:
            pass
    assert web.page(token).call("web.follow")["result"] == {}


def test_without_a_session_a_page_is_told_to_sign_in(web):
    good = web.session()
    for token, reason in ((None, "none"), ("", "none"), ("x" * 43, "expired"), ("x" * 500, "none"), (good[:-1] + "_", "expired")):
        page = Page(web, token, headers={} if token else {"Cookie": "other=1"})
        end = page.closed()
        assert end.code == 4401
        assert page.seen == [{"method": "signed_out", "params": {"reason": reason}}], token


def test_a_kiosk_sees_its_own_room_only(web):
    token = web.session(kiosk="phong-201")
    assert web.page(token).call("web.follow")["result"] == {}
    assert Page(web, token, room="lab-301", open=False).status == 403


def test_a_session_that_ends_elsewhere_closes_its_pages_only(web):
    mine, other = web.session("Lan"), web.session("Minh")
    page, second, others = web.page(mine), web.page(mine), web.page(other)
    out = web.post("/api/sign-out", {}, Cookie="lectern=" + mine)
    assert out.status == 200
    for p in (page, second):
        assert p.closed().code == 4401
        assert p.seen[-1]["method"] == "signed_out"
    assert others.call("web.follow")["result"] == {}


def test_requests_that_are_none_are_answered_and_the_page_stays_open(web):
    page = web.page()
    for code, text in ((NO_JSON, "{"), (NO_JSON, ""), (NO_JSON, "[" * 60000), (NO_JSON, '{"a":1,"a":1}'), (NO_REQUEST, "[]"),
                       (NO_REQUEST, json.dumps([request()])), (NO_JSON, '"x"'), (NO_JSON, '{"id":NaN}'), (NO_JSON, json.dumps(request(id="a" * 15 + "\0b"))),
                       (NO_JSON, json.dumps(request(params={"a": json.loads("[" * 17 + "]" * 17)})))):
        assert refused(page, text)["error"]["code"] == code, text[:50]
    for more in ({"id": None}, {"id": 7}, {"id": "short"}, {"id": "x" * 65}, {"id": "with a space in it"},
                 {"jsonrpc": "1.0"}, {"jsonrpc": None}, {"method": None}, {"method": 5}, {"method": ""}, {"method": "m" * 48},
                 {"as": {"principal": "Hiệu trưởng", "role": "admin"}}, {"other": 1}):
        assert refused(page, json.dumps(request(**more)))["error"]["code"] == NO_REQUEST, more
    for params in ([], "x", {"journal": 1}, {"runs": "x"}, {"runs": ["r"] * 5}, {"runs": [7]}, {"runs": [""]}, {"runs": ["r" * 64]}, {"more": 1}):
        assert refused(page, json.dumps(request(params=params)))["error"]["code"] == NO_PARAM, params


def test_a_message_may_come_in_frames_with_pings_between(web):
    page = web.page()
    text = json.dumps(request(id="i" * 20, params={"journal": True})).encode()
    for cut in (1, 5, len(text) - 1):
        page.send(frame(TEXT, text[:cut], fin=False) + frame(PING, b"p") + frame(CONT, b"", fin=False) + frame(CONT, text[cut:]))
        assert page.answer("i" * 20)["result"] == {}
    padded = text[:-1] + b" " * (65536 - len(text)) + b"}"
    page.send(frame(TEXT, padded))
    assert page.answer("i" * 20)["result"] == {}
    for byte in frame(TEXT, text):
        page.send(bytes([byte]))
    assert page.answer("i" * 20)["result"] == {}


HOSTILE = {
    "a reserved opcode": frame(3, b"x"), "a reserved control opcode": frame(11), "reserved bits": frame(TEXT, b"{}", rsv=4),
    "a fragmented ping": frame(PING, b"x", fin=False), "a long ping": frame(PING, b"x" * 126),
    "a continuation of nothing": frame(CONT, b"x"), "a message inside another": frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),
    "bad UTF-8": frame(TEXT, b'{"id":"\xff\xfe"}'), "UTF-8 cut off": frame(TEXT, b'"\xe1\xba'), "an overlong form": frame(TEXT, b"\xc0\xaf"),
    "binary": frame(BINARY, b"{}"), "one byte too long": frame(TEXT, b" " * 65537),
    "too long in frames": frame(TEXT, b" " * 60000, fin=False) + frame(CONT, b" " * 60000),
    "a huge length": frame(TEXT, b"x" * 5000, length=1 << 40), "a negative length": frame(TEXT, b"x", length=(1 << 63) + 5),
    "the greatest length": frame(TEXT, b"x" * 70000, length=(1 << 64) - 1),
    "many empty frames": frame(TEXT, b"{", fin=False) + frame(CONT, b"", fin=False) * 2000,
    "many small frames": frame(TEXT, b"{", fin=False) + frame(CONT, b" ", fin=False) * 2000,
    "a frame without a mask": frame(TEXT, json.dumps(request()), masked=False),
    "a ping without a mask": frame(PING, b"x", masked=False),
    "no mask behind a good frame": frame(TEXT, json.dumps(request())) + frame(TEXT, json.dumps(request()), masked=False),
    "a mask missing in the middle": frame(TEXT, b'{"a":', fin=False) + frame(CONT, b"1}", masked=False),
    "noise": os.urandom(5000), "a request instead": b"GET / HTTP/1.1\r\n\r\n" * 3,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_broken_page_is_closed_and_others_notice_nothing(web, what):
    token = web.session()
    others = web.page(token)
    page = web.page(token)
    if what in ("many empty frames", "many small frames"):
        assert page.call("web.follow")["result"] == {}
    try:
        page.send(HOSTILE[what])
        if what == "noise":
            page.socket.shutdown(1)  # what it means is up to chance; it may wait for more
    except OSError:
        pass
    assert page.closed().code in (None, 1000, 1002, 1003, 1005, 1007, 1008, 1009)
    assert others.call("web.follow")["result"] == {}


def test_frames_without_a_mask_are_not_obeyed(web):
    """libwebsockets obeys them: overhear.c does not let it."""
    token = web.session("Lan")
    for behind in (b"", frame(TEXT, b" " * 3000)):
        page = web.page(token)
        page.send(behind + frame(TEXT, json.dumps(request(id="w" * 20)), masked=False))
        page.closed()
        assert "w" * 20 not in page.answers
    wait(lambda: web.program.text().count("is not masked") == 2, what="two lines in the log")


def test_frames_before_the_answer_to_the_handshake_are_not_obeyed(web):
    for masked in (True, False):
        with pytest.raises(Closed):
            page = Page(web, web.session("Lan"), early=frame(TEXT, json.dumps(request(id="w" * 20)), masked=masked))
            page.answer("w" * 20)
    assert "before its WebSocket was answered" in web.program.text()


def test_a_websocket_may_be_the_second_request_of_a_connection(web):
    page = Page(web, web.session("Lan"), before="/api/me")
    assert page.call("web.follow")["result"] == {}
    page.send(frame(TEXT, json.dumps(request()), masked=False))
    page.closed()


def test_a_flood_of_bad_messages_costs_the_others_nothing(web):
    token = web.session()
    others, page = web.page(token), web.page(token)
    bad = frame(TEXT, "{") * 2000
    before = web.rss()
    page.socket.settimeout(5)  # it will not be read from, and so takes no more at some time
    try:
        for _ in range(50):
            page.send(bad)  # and reads no answer
    except OSError:
        pass
    assert others.call("web.follow")["result"] == {}  # whoever waits until its answers are taken waits for ever
    assert web.rss() - before < 4e6
    end = page.closed()
    assert end.code in (None, 4429)


def test_a_page_that_sends_half_a_frame_and_goes_leaves_nothing(web):
    token = web.session()
    for n in range(40):
        page = web.page(token)
        page.send(frame(TEXT, json.dumps(request()))[:n])
        page.close()
    assert web.page(token).call("web.follow")["result"] == {}


def test_at_most_32_requests_of_a_page_are_under_way(web):
    page = web.page()  # there is no room: each request waits for it
    ids = [page.ask("room.describe") for _ in range(40)]
    codes = [page.answer(i)["error"]["code"] for i in ids[32:]]
    assert codes == [-32007] * 8
    assert {page.answer(i)["error"]["code"] for i in ids[:32]} == {-32004}
