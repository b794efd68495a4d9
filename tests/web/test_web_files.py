"""Recordings through the gateway: samples as they come, exported files, and TLS."""

import json
import re
import signal
import ssl
import struct
import subprocess
import urllib.parse

import pytest

from web_stage import PATIENCE, TEXT, Closed, Connection, Page, Web, frame, phong201, stage, wait  # noqa: F401


def record(page, name="thu"):
    """Starts a recording of two polled points; returns its run."""
    keys = {"label": "Thử", "label.en": "Test", "channel t": "air.temperature", "channel h": "air.humidity", "rate": "5Hz"}
    made = page.call("experiment.create", experiment=name, keys=keys)
    assert "result" in made, made
    return page.call("experiment.start", experiment=name)["result"]["run"]


@pytest.fixture
def lab(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    token = web.session("Lan", "lab")
    return web, token, web.page(token).ready()


def test_samples_come_to_those_who_follow_the_run(lab):
    web, token, page = lab
    other = web.page(token).ready()
    run = record(page)
    page.until(lambda: [m for m in page.seen if m.get("method") == "recordings" and m["params"]["recordings"][0]["run"] == run],
               what="the recording")
    assert page.call("web.follow", runs=[run])["result"] == {}
    def of_t():
        return [m for m in page.seen if m.get("method") == "samples" and m["params"]["channel"] == "t"]
    page.until(lambda: len(of_t()) >= 3, what="samples")
    blocks = of_t()
    for block in blocks:
        assert block["params"]["run"] == run and len(block["values"]) >= block["params"]["n"] > 0
        assert all(-20 < v < 60 for v in block["values"][:block["params"]["n"]])
    page.call("experiment.stop", run=run)
    read = page.call("run.read", run=run, channels=["t"])["result"]["channels"][0]
    told = [v for m in page.seen if m.get("method") == "samples" and m["params"]["channel"] == "t" for v in m["values"][:m["params"]["n"]]]
    assert len(told) >= 3 and set(told) <= set(read["value"])
    assert page.call("web.follow")["result"] == {}
    other.call("web.follow")
    assert not [m for m in other.seen if m.get("method") == "samples"]


def test_an_exported_file_is_fetched_with_its_name_and_by_whom_it_may_be(lab, stage):  # noqa: F811
    web, token, page = lab
    run = record(page)
    page.call("web.follow", runs=[run])
    page.until(lambda: len([m for m in page.seen if m.get("method") == "samples"]) > 5, what="samples")
    page.call("experiment.stop", run=run)
    answer = page.call("run.export", run=run, format="csv")
    assert "result" in answer, answer
    file, size = answer["result"]["file"], answer["result"]["bytes"]
    name = "Làm nguội \"1\"/2.csv"
    path = "/r/phong-201/file/%s?name=%s" % (file, urllib.parse.quote(name))
    got = web.get(path, Cookie="lectern=" + token)
    assert got.status == 200 and len(got.body) == size and b"t" in got.body
    assert got.headers["cache-control"] == "no-store" and got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == ("attachment; filename=\"L_m ngu_i _1__2.csv\"; "
                                                  "filename*=UTF-8''L%C3%A0m%20ngu%E1%BB%99i%20%221%22_2.csv")
    nasty = web.get("/r/phong-201/file/%s?name=%s" % (file, urllib.parse.quote("a\r\nSet-Cookie: x=1")), Cookie="lectern=" + token)
    assert nasty.status == 200 and "set-cookie" not in nasty.headers
    assert web.get(path).status == 401
    assert web.get(path, Cookie="lectern=wrong").status == 401
    assert web.get(path, Cookie="lectern=" + web.session(kiosk="lab-301")).status == 403
    assert web.get("/r/phong-201/file/nothing.csv", Cookie="lectern=" + token).status == 404
    viewer = web.session("Khach", "viewer")
    status = web.get(path, Cookie="lectern=" + viewer).status
    assert status == (200 if "run.fetch" in web.page(viewer).ready().hello["person"]["may"] else 403)


def test_a_browser_that_takes_a_file_slowly_or_leaves_holds_nobody_up(lab, stage):  # noqa: F811
    web, token, page = lab
    run = record(page)
    page.call("web.follow", runs=[run])
    page.until(lambda: len([m for m in page.seen if m.get("method") == "samples"]) > 5, what="samples")
    page.call("experiment.stop", run=run)
    file = page.call("run.export", run=run, format="xlsx")["result"]["file"]
    head = "GET /r/phong-201/file/%s HTTP/1.1\r\nHost: %s\r\nCookie: lectern=%s\r\n\r\n" % (file, web.host, token)
    for n in range(10):
        connection = Connection(web, takes=4096)
        connection.send(head.encode() * (1 + n % 3))
        if n % 2:
            connection.read(200)
        connection.close()
    assert page.call("point.read", target="projector.power")["result"]


# ---- TLS ----

def certificate(folder, name):
    cert, key = folder / (name + ".pem"), folder / (name + ".key")
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                           "-subj", "/CN=" + name, "-keyout", key, "-out", cert], capture_output=True)
    if done.returncode:
        pytest.skip("openssl cannot make a certificate here")
    return cert, key


def serial(web):
    connection = Connection(web)
    der = connection.socket.getpeercert(True)
    connection.close()
    return der


def test_over_tls_everything_is_as_over_http_and_a_new_certificate_is_read(stage):  # noqa: F811
    cert, key = certificate(stage.folder, "first")
    web = Web(stage, "phong-201", args=["--cert", cert, "--key", key], tls=True)
    answer = web.get("/nothing")
    assert answer.status == 404 and "max-age" in answer.headers["strict-transport-security"]
    token = web.session()
    page = web.page(token)
    assert page.call("web.follow")["result"] == {}
    broken = web.page(token)
    broken.send(frame(TEXT, json.dumps({"jsonrpc": "2.0", "id": "w" * 20, "method": "web.follow"}), masked=False))
    broken.closed()
    assert "w" * 20 not in broken.answers and "is not masked" in web.program.text()
    assert Page(web, token, headers={"Origin": "http://" + web.host}, open=False).status == 403
    first = serial(web)
    second_cert, second_key = certificate(stage.folder, "second")
    cert.write_bytes(second_cert.read_bytes())
    key.write_bytes(second_key.read_bytes())
    web.program.process.send_signal(signal.SIGHUP)
    wait(lambda: serial(web) != first, what="the new certificate")
    assert page.call("web.follow")["result"] == {}, "who was there stays"
    cert.write_text("nonsense")
    web.program.process.send_signal(signal.SIGHUP)
    wait(lambda: "could not be read" in web.program.text())
    assert web.get("/nothing").status == 404
    print("resident", web.rss())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_and_plain_http_on_the_tls_port_are_refused(stage):  # noqa: F811
    cert, key = certificate(stage.folder, "first")
    web = Web(stage, "phong-201", args=["--cert", cert, "--key", key], tls=True)
    old = ssl._create_unverified_context()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        Connection(web, tls=old)
    web.tls = False
    plain = Connection(web)
    plain.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try:
        assert b"200" not in plain.socket.recv(1000)
    except OSError:
        pass
    silent = [Connection(web) for _ in range(20)]  # say nothing, where a handshake is due
    assert all(connection.ended(3 * PATIENCE) for connection in silent)
    web.tls = True
    assert web.get("/nothing").status == 404


@pytest.mark.parametrize("what", ["no file", "no certificate", "another key"])
def test_a_certificate_that_cannot_be_used_is_a_clear_mistake(stage, what):  # noqa: F811
    from web_stage import Program
    cert, key = certificate(stage.folder, "first")
    if what == "no file":
        cert = stage.folder / "none.pem"
    elif what == "no certificate":
        cert.write_text("nonsense")
    else:
        key = certificate(stage.folder, "second")[1]
    program = Program(stage, "lectern-web", ["--listen", "127.0.0.1:0", "--state", stage.folder, "--cert", cert, "--key", key])
    assert program.process.wait(20) == 1
    assert "cannot be used" in program.text() and str(cert) in program.text()
