"""Starts and stops of axfrd, kills, and starts after them."""

import contextlib
import signal
import socket
import time

import dns.message
import dns.rcode
import pytest

import ask
import dnsperf
import zones
from lab import BUILD, DATA, IPV4, IPV6, PATIENCE

SAMPLES = sorted(DATA.glob("*.zone"))


def devices(host):
    return host.run("ip", "-o", "link").stdout


def assert_gone(axfrd):
    assert not axfrd.socket.exists(), "the control socket is left"
    assert "axfrd0" not in devices(axfrd.lab.appliance), "the tap is left"


@pytest.mark.sanitized
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(axfrd, how):
    axfrd.process.send_signal(how)
    assert axfrd.process.wait(PATIENCE) == 0
    assert_gone(axfrd)


def test_axfrctl_stop_ends_it_cleanly(axfrd):
    axfrd.ctl("stop")
    assert axfrd.process.wait(PATIENCE) == 0
    assert_gone(axfrd)


@pytest.mark.sanitized
def test_it_stops_under_load(axfrd, client, zone_file):
    axfrd.ctl("zone", "import", zone_file("example.org", 20000))
    load = client.spawn(*dnsperf.command(client, SAMPLES, IPV4, 30, "-q", 200))
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(client.connect(IPV4))
            zones.send(sock, dns.message.make_query("example.org", "AXFR").to_wire())
            stack.enter_context(client.connect(IPV6))
        time.sleep(1)
        began = time.monotonic()
        assert axfrd.stop() == 0
        assert time.monotonic() - began < 25, "a client that does not read would have 30 seconds"
        assert_gone(axfrd)
    load.terminate()


def test_it_stops_right_after_it_has_started(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=SAMPLES)
    assert axfrd.stop() == 0
    assert_gone(axfrd)


def test_killed_and_started_again_it_serves_the_same_zones(axfrd, client):
    with contextlib.closing(client.connect(IPV4)) as sock:
        zones.transfer(sock, "example.com")
        axfrd.kill()
        assert axfrd.socket.exists()
        axfrd.start()
    for file in SAMPLES:
        with client.connect(IPV4) as sock:
            assert zones.differences(zones.read(file), zones.transfer(sock, zones.name_of(file))) == []
    assert ask.udp(client, "www.example.com", "A", IPV6).answer


def test_a_change_that_was_acknowledged_survives_a_kill(axfrd, client, zone_file):
    files = [zone_file("large.example", 5000), zone_file("small.example", 3)]
    for file in files:
        axfrd.ctl("zone", "import", file)
    axfrd.ctl("zone", "remove", "example.net")
    axfrd.kill()
    (axfrd.zones / "example.net.zone").unlink()
    axfrd.start()
    for file in files:
        shown = axfrd.json("zone", "show", zones.name_of(file))
        assert shown["records"] == len(zones.read(file))
    assert "example.net" not in axfrd.ctl("zone", "list").stdout


def test_ready_is_told_to_systemd(new_lab, new_axfrd, monkeypatch):
    lab = new_lab("client")
    path = lab.directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        new_axfrd(lab, zones=SAMPLES)
        assert "READY=1" in notify.recv(4096).decode().splitlines()


def test_when_it_says_ready_every_zone_answers(new_lab, new_axfrd, zone_file):
    lab = new_lab("client")
    files = [zone_file(f"zone{number}.example", 50) for number in range(200)]
    new_axfrd(lab, zones=files)
    assert ask.udp(lab.client, "zone199.example", "SOA", IPV4).answer


def test_a_second_one_on_the_same_control_socket_is_refused(axfrd):
    second = axfrd.lab.appliance.run(BUILD / "axfrd", "--no-port", "--control-socket", axfrd.socket, check=False)
    assert second.returncode == 1 and str(axfrd.socket) in second.stderr
    assert axfrd.ctl("status").returncode == 0


def test_a_bad_file_in_the_zones_directory_is_named_and_the_others_are_served(new_lab, new_axfrd, tmp_path):
    lab = new_lab("client")
    broken = tmp_path / "broken.example.zone"
    broken.write_text("@ 1 SOA ns1 hostmaster 1 2 3 4 5\n@ 1 NS\n")
    axfrd = new_axfrd(lab, zones=[*SAMPLES, broken])
    axfrd.logs("broken.example.zone:2")
    assert ask.udp(lab.client, "www.example.com", "A", IPV4).answer
    assert ask.udp(lab.client, "broken.example", "SOA", IPV4).rcode() == dns.rcode.REFUSED
