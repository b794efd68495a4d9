"""The systemd units, installed into a folder of their own and judged by systemd-analyze, which needs no running systemd."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BUILD

EXPOSURE_MAX = 2.5

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Everything, installed."""
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def unit(prefix):
    return prefix / "lib" / "systemd" / "system" / "lecternd@.service"


@pytest.fixture(scope="module", params=["lecternd@.service", "lectern-web.service", "lectern-web.service with TLS"])
def each_unit(request, prefix, tmp_path_factory):
    """Every unit as it may be used; the gateway also with the drop-in for a network."""
    name, _, tls = request.param.partition(" with ")
    installed = prefix / "lib" / "systemd" / "system" / name
    if not tls:
        return installed
    folder = tmp_path_factory.mktemp("tls")
    whole = folder / name
    extra = (prefix / "share" / "lectern" / "systemd" / "lectern-web-tls.conf").read_text()
    before, after = installed.read_text().split("[Install]")
    whole.write_text(before + extra + "[Install]" + after)
    return whole


def analyze(*args):
    return subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True,
                          env=dict(os.environ, SYSTEMD_COLORS="0", SYSTEMD_PAGER=""))


def settings(unit):
    """{key: [values]}, as systemd reads them: an empty value forgets those before it."""
    found = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith(("#", ";", "[")):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_systemd_has_nothing_to_complain_about(each_unit):
    # by its own folder only, so that other units of this machine are not judged as well
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", each_unit], capture_output=True,
                          text=True, env=dict(os.environ, SYSTEMD_LOG_LEVEL="warning"))
    ours = [line for line in (done.stderr + done.stdout).splitlines() if "lectern" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_verify_would_notice_a_program_that_is_not_there(unit, tmp_path):
    """The test above can fail."""
    bad = tmp_path / "lecternd@.service"
    bad.write_text(unit.read_text().replace("/bin/lecternd ", "/bin/lecternx "))
    assert analyze("verify", "--recursive-errors=no", "--man=no", bad).returncode != 0


def test_a_service_is_exposed_less_than_the_house_allows(each_unit):
    done = analyze("security", "--offline=true", "--threshold=%d" % (EXPOSURE_MAX * 10), each_unit)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found.group(1)) < EXPOSURE_MAX, done.stdout
    assert done.returncode == 0, done.stdout


def test_the_programs_that_the_units_start_are_installed(each_unit):
    s = settings(each_unit)
    for key in ("ExecStartPre", "ExecStart", "ExecReload"):
        for line in s.get(key, []):
            if line and not line.startswith("kill "):
                program = pathlib.Path(line.split()[0])
                assert os.access(program, os.X_OK), "%s: %s" % (key, program)


def test_the_gateway_speaks_to_nobody_else_until_it_has_a_certificate(prefix):
    s = settings(prefix / "lib" / "systemd" / "system" / "lectern-web.service")
    assert "--listen 127.0.0.1:8080" in s["Environment"][1] and s["IPAddressDeny"] == ["any"] and s["IPAddressAllow"] == ["localhost"]
    tls = settings(prefix / "share" / "lectern" / "systemd" / "lectern-web-tls.conf")
    assert {c.split(":")[0] for c in tls["LoadCredential"]} == {"cert", "key"}
    assert "--cert ${CREDENTIALS_DIRECTORY}/cert --key ${CREDENTIALS_DIRECTORY}/key" in tls["ExecStart"][-1]
    assert tls["CapabilityBoundingSet"] == tls["AmbientCapabilities"] == ["CAP_NET_BIND_SERVICE"]


def test_users_of_other_accounts_keep_their_names(unit):
    """The journal names the principal, whom PrivateUsers would make "nobody"."""
    assert "PrivateUsers" not in settings(unit)


def test_kinds_of_serial_ports_that_the_unit_allows_are_loaded_before_it(prefix, unit):
    """systemd looks a kind up when the unit starts; a kind that the kernel does not have yet would stay forbidden."""
    by_kind = {"char-ttyUSB": "usbserial", "char-ttyACM": "cdc_acm"}
    loaded = (prefix / "lib" / "modules-load.d" / "lectern.conf").read_text().split()
    allowed = [value.split()[0] for value in settings(unit)["DeviceAllow"]]
    for kind, module in by_kind.items():
        assert kind in allowed and module in loaded


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd-sysusers is not installed")
def test_the_user_and_its_group_can_be_made(prefix, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "group").write_text("root:x:0:\ndialout:x:20:\n")
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    done = subprocess.run(["systemd-sysusers", "--root=%s" % tmp_path, "--dry-run",
                           prefix / "lib" / "sysusers.d" / "lectern.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for user in ("lectern", "lectern-web"):
        assert re.search(r"[Uu]ser '?%s'?[ .]" % user, done.stdout + done.stderr), done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="systemd-tmpfiles is not installed")
def test_secrets_get_a_folder_that_only_root_can_open(prefix, tmp_path):
    done = subprocess.run(["systemd-tmpfiles", "--root=%s" % tmp_path, "--create",
                           prefix / "lib" / "tmpfiles.d" / "lectern.conf"], capture_output=True, text=True)
    secrets = tmp_path / "etc" / "lectern" / "secrets"
    assert secrets.is_dir(), done.stderr
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "etc" / "lectern" / "tls").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "etc" / "lectern" / "rooms").stat().st_mode & 0o777 == 0o755


def test_libzmq_may_set_the_scheduling_of_its_threads(each_unit):
    """It ends the program where that is forbidden, which shows only under a running systemd: the last word on the system
    calls is to allow it."""
    assert settings(each_unit)["SystemCallFilter"][-1] == "sched_setscheduler"


def test_an_export_runs_behind_the_room_and_cannot_take_it_along(unit):
    s = settings(unit)
    assert s["SystemCallFilter"].index("setpriority") > s["SystemCallFilter"].index("~@privileged @resources")
    assert s["OOMPolicy"] == ["continue"]
