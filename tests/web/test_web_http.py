"""The gateway over HTTP: files, headers, and what somebody may try against them."""

import hashlib
import json
import os
import select
import socket
import time

import pytest

from web_stage import PATIENCE, Closed, Connection, Web, stage, wait  # noqa: F401

SAFETY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin"}
CSP = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
       "font-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]


def pages(folder, build="b1"):
    """A small build of pages; app.js has two codings, which here are other texts, so that it shows which one came."""
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    files = {"index.html": b"<!doctype html>page", "assets/app-1a2b.js": b"plain" * 9000, "assets/app-1a2b.js.gz": b"zipped",
             "assets/app-1a2b.js.br": b"brotli", "assets/left-out.js": b"not in the manifest", "icon.svg": b"<svg/>"}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest = {"build": build, "page": "index.html", "files": [
        {"path": "/index.html", "file": "index.html", "type": "text/html; charset=utf-8"},
        {"path": "/icon.svg", "file": "icon.svg", "type": "image/svg+xml"},
        {"path": "/gone.js", "file": "assets/gone.js", "type": "text/javascript"},
        {"path": "/assets/app-1a2b.js", "file": "assets/app-1a2b.js", "type": "text/javascript; charset=utf-8", "gzip": True,
         "br": True, "immutable": True}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def web(stage):  # noqa: F811
    return Web(stage, "phong-201", pages=pages(stage.folder / "pages"))


def safe(response):
    for name, value in SAFETY.items():
        assert response.headers.get(name) == value, (response.status, response.headers)
    assert response.headers["content-security-policy"].split("; ") == CSP
    assert "permissions-policy" in response.headers
    assert "server" not in response.headers
    return response


def test_the_page_is_one_file_under_all_its_paths(web):
    for path in ("/", "/sign-in", "/r/phong-201", "/r/phong-201/lab", "/r/phong-201/technician", "/?x=1"):
        page = safe(web.get(path))
        assert page.status == 200 and page.body == b"<!doctype html>page", path
        assert page.headers["cache-control"] == "no-cache"
        again = web.get(path, If_None_Match=page.headers["etag"])
        assert again.status == 304 and again.body == b""
    for path in ("/r/", "/r/Phong", "/r/phong-201/other", "/r/phong-201/lab/", "/sign-in/", "/index"):
        assert safe(web.get(path)).status == 404, path


def test_a_file_comes_in_the_coding_that_the_browser_takes(web):
    for accepts, body, coding in (("gzip, deflate, br", b"brotli", "br"), ("gzip", b"zipped", "gzip"),
                                  ("br;q=0, gzip;q=0.5", b"zipped", "gzip"), ("identity", b"plain" * 9000, None), (None, b"plain" * 9000, None)):
        answer = safe(web.get("/assets/app-1a2b.js", **({"Accept_Encoding": accepts} if accepts else {})))
        assert answer.status == 200 and answer.body == body, accepts
        assert answer.headers.get("content-encoding") == coding
        assert "immutable" in answer.headers["cache-control"] and answer.headers["vary"] == "Accept-Encoding"
    assert web.get("/icon.svg").headers["content-type"] == "image/svg+xml"
    assert safe(web.get("/gone.js")).status == 404  # listed, and not there


def test_a_connection_says_how_long_it_may_be_kept(web):
    """Shorter than it is kept, so that no request meets its end."""
    assert 1 <= int(web.get("/api/me").headers["keep-alive"].removeprefix("timeout=")) < 20
    bad = Connection(web).request("PUT", "/")
    assert bad.headers["connection"] == "close" and "keep-alive" not in bad.headers


def test_one_connection_carries_many_requests(web):
    connection = Connection(web)
    for _ in range(20):
        assert connection.request("GET", "/assets/app-1a2b.js").status == 200
        head = connection.request("HEAD", "/assets/app-1a2b.js")
        assert head.status == 200 and head.headers["content-length"] == "45000"
    connection.send(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % web.host.encode() * 3)  # without waiting
    assert [connection.response().status for _ in range(3)] == [200, 200, 200]


def test_no_path_leads_to_a_file_that_the_manifest_does_not_list(web, stage):  # noqa: F811
    (stage.folder / "secret").write_text("geheim")
    paths = ["/../secret", "/../../../../etc/passwd", "/assets/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/assets/%2e%2e%2f%2e%2e%2fsecret",
             "/.%2e/secret", "/%252e%252e/secret", "//secret", "/./secret", "/assets/..\\..\\secret", "/assets/%5c..%5csecret",
             "/assets/app-1a2b.js%00.html", "/assets/app-1a2b.js/", "/assets/", "/assets/left-out.js", "/assets/app-1a2b.js.gz",
             "/manifest.json", "/assets/%c0%ae%c0%ae/secret", "/r/../secret", "/r/%2e%2e/file/secret", "/r/phong-201/file/..%2fsecret",
             "/r/phong-201/file/../../secret", "/" + "../" * 300 + "etc/passwd", "/" + "a" * 2000]
    for path in paths:
        connection = Connection(web)
        try:
            answer = connection.request("GET", path)
        except Closed:
            continue  # what is no path at all is not answered
        assert b"geheim" not in answer.body and b"root:" not in answer.body and b"not in the" not in answer.body, path
        assert answer.status in (400, 401, 403, 404, 414) or answer.body == b"<!doctype html>page", (path, answer.status, answer.body)
    assert web.get("/").status == 200


def test_a_manifest_that_names_files_elsewhere_is_not_used(web, stage):  # noqa: F811
    (stage.folder / "secret").write_text("geheim")
    folder = stage.folder / "pages"
    for file in ("../secret", "/etc/passwd", "assets/../../secret", ".hidden", "a//b", ""):
        (folder / "manifest.json").write_text(json.dumps({"build": "b2", "page": "index.html", "files": [
            {"path": "/x", "file": file, "type": "text/plain"}]}))
        wait(lambda: web.get("/").status == 200)
        assert web.get("/x").status == 404, file
    os.symlink("../secret", folder / "link")
    (folder / "manifest.json").write_text(json.dumps({"build": "b3", "page": "index.html", "files": [
        {"path": "/x", "file": "link", "type": "text/plain"}]}))
    assert web.get("/").status == 200 and web.get("/x").status == 404
    assert "it is not used" in web.program.text()


def test_a_new_build_is_served_without_a_restart(web, stage):  # noqa: F811
    first = web.get("/").headers["etag"]
    manifest = stage.folder / "pages" / "manifest.json"
    before = manifest.stat().st_mtime_ns

    def written_later():  # the clock of files ticks in some milliseconds
        pages(stage.folder / "pages", "b2")
        return manifest.stat().st_mtime_ns != before
    wait(written_later)
    assert web.get("/").headers["etag"] != first


def test_another_host_is_refused(web):
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "", "a b", "[::1", "::1]"):
        answer = Connection(web).request("GET", "/", {"Host": host})
        assert answer.status == 421, host
    for host in ("localhost", "LOCALHOST:%d" % web.port, "192.168.1.5:81", "[::1]:8080", socket.gethostname()):
        assert Connection(web).request("GET", "/", {"Host": host}).status == 200, host
    assert "evil.example" in web.program.text()


def test_a_post_needs_our_origin_its_type_and_a_bounded_body(web):
    body = {"name": "Lan", "secret": "1234"}
    good = web.post("/api/sign-in", body)
    assert safe(good).status == 401, good.body
    for origin in ("http://evil.example", "null", "https://" + web.host, "http://127.0.0.1:1", "http://" + web.host + ".evil.example",
                   "http://evil.example/" + web.host, None):
        answer = web.post("/api/sign-in", body, Origin=origin)
        assert answer.status == 403 and answer.json["error"]["code"] == "origin", origin
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", None):
        assert web.post("/api/sign-in", body, Content_Type=kind).status == 415, kind
    assert web.post("/api/sign-in", b"x" * 5000).status == 413
    assert web.post("/api/sign-in", b"").status == 400
    for text in (b"[]", b"{", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b"{}" * 2, b"[" * 4000):
        assert web.post("/api/sign-in", text).status == 400, text
    assert web.post("/api/other", body).status == 404
    assert web.post("/", body).status == 404


def test_methods_and_frames_of_requests_that_are_not_ours_are_refused(web):
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        assert Connection(web).request(method, "/").status in (400, 405), method
    for head in (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
                 b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                 b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
                 b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                 b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(300),
                 os.urandom(2000), b"\r\n" * 500, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 3000 + b"\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"c" * 70000 + b"\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        connection = Connection(web)
        try:
            connection.send(head)
            connection.socket.shutdown(socket.SHUT_WR)
            answer = connection.response()
            assert answer.status >= 400 or answer.body == b"<!doctype html>page", (head[:60], answer.status)
            assert "server" not in answer.headers
        except (Closed, OSError):
            pass
        connection.close()
    assert web.get("/").status == 200


def test_who_sends_slowly_is_closed_and_others_notice_nothing(web):
    def drip(head):
        connection = Connection(web)
        connection.send(head)
        return connection
    token = web.session()
    begin = time.monotonic()
    slow = [drip(b"GET / HTTP/1.1\r\nX: ") for _ in range(100)]
    bodies = [drip(b"POST /api/sign-in HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
                   % (web.host.encode(), web.origin.encode())) for _ in range(20)]
    silent = [drip(b"") for _ in range(50)]
    open_ones, ends = set(range(170)), {}
    sockets = [c.socket for c in slow + bodies + silent]
    next_byte = begin
    answered = 0
    while open_ones and time.monotonic() - begin < 3 * PATIENCE:
        due = time.monotonic() >= next_byte
        next_byte += 0.2 if due else 0
        for i in list(open_ones):
            try:
                sockets[i].settimeout(0)
                if due and i < 120:
                    sockets[i].send(b"x")
                if sockets[i].recv(1000) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                continue
            except OSError:
                ends[i] = time.monotonic() - begin
                open_ones.remove(i)
        before = open_ones & set(range(100))
        assert web.get("/api/me", Cookie="lectern=" + token).status == 200
        answered += bool(before) and select.select([sockets[i] for i in before], [], [], 0)[0] == []
        select.select([sockets[i] for i in open_ones], [], [], max(0, next_byte - time.monotonic()))  # one ends, or a byte is due
    assert not open_ones, "%d connections were kept" % len(open_ones)
    assert answered > 0, "others are served while nobody slow has been closed yet"
    assert min(ends[i] for i in range(100)) > 3, "a slow network needs some seconds"


def test_connections_beyond_the_limit_are_turned_away_and_let_in_later(web):
    token = web.session()
    page = web.page(token)
    many = [Connection(web) for _ in range(511)]
    wait(lambda: "turned away" in web.program.text() or Connection(web).request("GET", "/").status == 503)
    assert page.call("web.follow")["result"] == {}, "who was there before is served"
    for connection in many:
        connection.close()
    wait(lambda: Connection(web).request("GET", "/").status == 200)


def own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def test_one_address_may_have_only_so_many_connections(stage):  # noqa: F811
    address = own_address()
    if address.startswith("127."):
        pytest.skip("this machine has no address but its loopback")
    web = Web(stage, "phong-201", pages=pages(stage.folder / "pages"), args=["--listen", "0.0.0.0:0", "--insecure"])

    def connect():
        raw = socket.create_connection((address, web.port), timeout=PATIENCE)
        raw.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % address.encode())
        return raw, raw.recv(100).split(b" ")[1]
    many = [connect() for _ in range(64)]
    assert {status for _, status in many} == {b"200"}
    assert connect()[1] == b"503"
    assert web.get("/").status == 200, "others are served: this machine"
    for raw, _ in many:
        raw.close()
    wait(lambda: connect()[1] == b"200")


def test_plain_http_for_a_network_must_be_wanted(stage):  # noqa: F811
    from web_stage import Program
    for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:80"):
        program = Program(stage, "lectern-web", ["--listen", listen, "--state", stage.folder])
        assert program.process.wait(20) == 2
        assert "--insecure" in program.text()
    for args in (["--listen", "here:80"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:99999"], ["--cert", "x"], ["extra"], ["--other"]):
        program = Program(stage, "lectern-web", args)
        assert program.process.wait(20) == 2, args
        assert program.text()


def test_it_ends_with_pages_open(web):
    """Within a second, usually; pages do not leave by themselves."""
    token = web.session()
    open_pages = [web.page(token) for _ in range(20)]
    idle = [Connection(web) for _ in range(20)]
    web.program.end()
    assert web.program.process.returncode == 0
    assert {page.closed().code for page in open_pages} == {1001}
    assert all(connection.ended() for connection in idle)
