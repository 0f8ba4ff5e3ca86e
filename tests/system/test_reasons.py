"""Reasons for which a secondary is not in step. Each is in the ledger, in the output of `explain`, in the transfer log
and in the log. Traffic from unknown addresses, and traffic that may be forged, is not blamed on a secondary."""

import json
import re
import signal
import socket
import struct
import time
from unittest import mock

import dns.message
import dns.query
import dns.rcode
import dns.tsigkeyring
import pytest

from lab import IPV4, PATIENCE, wait_until
from peers import Bind, Knot, Nsd

ZONE = "example.org"
KEY = "transfer.key"
WRONG = "d3JvbmcgYnV0IGEgc2VjcmV0IGFsbCB0aGUgc2FtZQ=="


@pytest.fixture
def start(new_lab, new_axfrd, zone_file):
    """start(hosts, records=..., option=...): an appliance with one zone and a transfer log."""

    def new(*hosts, records=20, **options):
        lab = new_lab(*hosts)
        log = lab.appliance.directory / "transfers"
        axfrd = new_axfrd(lab, zones=[zone_file(ZONE, records)], transfer_log=log, **options)
        axfrd.transfers = log
        return axfrd

    return new


def enable(axfrd, *addresses, verb="enable"):
    allowed = [word for address in addresses for word in ("--allow", address)]
    axfrd.ctl("secondary", verb, ZONE, "--ns", "ns1.secondary.example.", *allowed)


def change(axfrd, name="new"):
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, name, "60", "A", "192.0.2.9")
    return axfrd.json("zone", "commit", ZONE)["serial"]


def line(axfrd, number=0):
    return axfrd.json("secondary", "status", ZONE)["ledger"][number]


def shown(axfrd):
    return axfrd.ctl("secondary", "status", ZONE).stdout


def events(axfrd, event):
    lines = [json.loads(text) for text in axfrd.transfers.read_text().splitlines()]
    return [each for each in lines if each["event"] == event]


def wait_for_reason(axfrd, *reasons, part=""):
    def found():
        entry = line(axfrd)
        return entry["reason"] in reasons and part in entry["reason_text"] and entry

    return wait_until(found, f"the reason {reasons} {part}")


def wait_in_step(axfrd):
    wait_until(lambda: line(axfrd)["in_step"], "the secondary to be in step")


@pytest.mark.parametrize("kind", [Bind, Nsd, Knot])
def test_a_wrong_secret_is_named_on_every_surface_and_is_over_when_it_is_right(start, kind):
    axfrd = start("secondary")
    host = axfrd.lab.secondary
    secret = axfrd.json("key", "generate", KEY)["secret"]
    wrong = kind(host, [ZONE], key=(KEY, WRONG))
    enable(axfrd, f"{host.ipv4}={KEY}")
    change(axfrd)
    wait_for_reason(axfrd, "BADSIG", "NOTIFY unsigned", part="BADSIG")
    assert "BADSIG" in shown(axfrd)
    wait_until(lambda: "BADSIG" in axfrd.ctl("explain", ZONE, host.ipv4, KEY).stdout, "explain to say what was seen")
    told = axfrd.ctl("explain", ZONE, host.ipv4, KEY).stdout.splitlines()
    assert told[0].startswith("allowed") and told[-1].startswith("next: ") and "secret" in told[-1]
    wait_until(lambda: any("BADSIG" in (each.get("why") or each["result"]) for each in events(axfrd, "notify")
                           + events(axfrd, "refused")), "the transfer log to name it")
    wait_until(lambda: "BADSIG" in axfrd.log(), "the log to name it")
    assert len(re.findall("warning.*BADSIG", axfrd.log())) <= 3, "once for each reason"
    wrong.kill()
    kind(host, [ZONE], key=(KEY, secret)).wait()
    wait_in_step(axfrd)
    wait_until(lambda: line(axfrd)["reason"] is None, "the trouble to be over")
    assert any(trouble["over_at"] for trouble in line(axfrd)["troubles"])


def ask(axfrd, host, key=None, at=None, transport=dns.query.tcp, rdtype="AXFR"):
    query = dns.message.make_query(ZONE, rdtype, flags=0)
    if key:
        query.use_tsig(dns.tsigkeyring.from_text({key[0]: ("hmac-sha256.", key[1])}), key[0])
    with host.inside(), mock.patch("time.time", return_value=at) if at else mock.MagicMock():
        wire = query.to_wire()
        try:
            if transport is dns.query.tcp:
                with socket.create_connection((IPV4, 53), timeout=PATIENCE) as sock:
                    sock.sendall(struct.pack("!H", len(wire)) + wire)
                    return sock.recv(65535)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(PATIENCE)
                sock.sendto(wire, (IPV4, 53))
                return sock.recv(65535)
        except OSError:
            return b""


def test_each_error_of_tsig_has_its_name(start):
    axfrd = start("secondary")
    host = axfrd.lab.secondary
    secret = axfrd.json("key", "generate", KEY)["secret"]
    enable(axfrd, f"{host.ipv4}={KEY}")
    ask(axfrd, host, ("no.key", secret))
    wait_for_reason(axfrd, "BADKEY", part="there is no key no.key.")
    ask(axfrd, host, (KEY, secret), at=time.time() - 3600)
    wait_for_reason(axfrd, "BADTIME", part="behind ours")
    ask(axfrd, host, (KEY, WRONG))
    wait_for_reason(axfrd, "BADSIG", part=KEY)
    ask(axfrd, host)
    wait_for_reason(axfrd, "not allowed", part="has to sign with its key")
    reasons = {each["reason"] for each in events(axfrd, "refused")}
    assert reasons == {"BADKEY", "BADTIME", "BADSIG", "not allowed"}
    for part in ("TSIG BADKEY", "TSIG BADTIME", "TSIG BADSIG", "has to sign"):
        assert len([text for text in axfrd.log().splitlines() if "warning" in text and part in text]) == 1


def test_what_came_by_udp_is_unverified_and_replaces_no_fact(start):
    axfrd = start("secondary")
    host = axfrd.lab.secondary
    secret = axfrd.json("key", "generate", KEY)["secret"]
    enable(axfrd, f"{host.ipv4}={KEY}")
    ask(axfrd, host, (KEY, WRONG))
    wait_for_reason(axfrd, "BADSIG")
    ask(axfrd, host, ("no.key", secret), transport=dns.query.udp, rdtype="SOA")
    wait_until(lambda: any(t["unverified"] for t in line(axfrd)["troubles"]), "the unverified one")
    assert line(axfrd)["reason"] == "BADSIG"
    assert "unverified, it came by UDP and may be forged" in shown(axfrd)


def test_a_strangers_attempt_is_shown_apart(start):
    axfrd = start("secondary", "stranger")
    Nsd(axfrd.lab.secondary, [ZONE])
    enable(axfrd, axfrd.lab.secondary.ipv4)
    wait_in_step(axfrd)
    for _ in range(3):
        ask(axfrd, axfrd.lab.stranger)
    status = wait_until(lambda: (s := axfrd.json("secondary", "status", ZONE))["strangers"] and s, "the stranger")
    (stranger,) = status["strangers"]
    assert stranger["peer"] == axfrd.lab.stranger.ipv4 and stranger["count"] >= 1 and not stranger["unverified"]
    assert status["ledger"][0]["reason"] is None, "it is not the secondary's"
    assert all("no secondary" not in trouble["text"] for trouble in status["ledger"][0]["troubles"])
    told = shown(axfrd)
    assert f"{axfrd.lab.stranger.ipv4} (no secondary): no secondary of the zone has the address" in told
    assert told.count("no secondary of the zone has the address") == 1
    assert len([text for text in axfrd.log().splitlines() if axfrd.lab.stranger.ipv4 in text]) == 1


def test_a_secondary_that_does_not_serve_the_zone_answers_by_name(start):
    axfrd = start("bind")
    Bind(axfrd.lab.bind, ["other.example"])
    enable(axfrd, axfrd.lab.bind.ipv4)
    entry = wait_for_reason(axfrd, "NOTIFY refused")
    assert entry["notify_result"] in ("NOTAUTH", "REFUSED") and entry["notify_result"] in entry["reason_text"]
    assert "RCODE 9" not in shown(axfrd) and "transfer awaited" not in shown(axfrd)
    assert events(axfrd, "notify")[-1]["result"] in ("refused", "unanswered")


def test_a_dead_host_is_told_with_the_reason_and_so_is_its_return(start):
    axfrd = start("secondary", behind_alarm=2)
    enable(axfrd, axfrd.lab.secondary.ipv4)
    wait_for_reason(axfrd, "connection refused")
    place = f"{axfrd.lab.secondary.ipv4}@53"
    wait_until(lambda: f"secondary {place} is behind for more than 2 s with 1 zone of 1" in axfrd.log(), "the alarm")
    (host,) = axfrd.stats()["secondaries"]
    assert host["host"] == place and host["pairs"] == host["behind"] == 1 and host["max_behind_seconds"] >= 2
    assert host["oldest_zone"] == f"{ZONE}." and host["alive_at"] == 0
    change(axfrd)
    assert line(axfrd)["behind_seconds"] >= 2, "a commit does not begin the count anew"
    Knot(axfrd.lab.secondary, [ZONE]).wait()
    wait_in_step(axfrd)
    wait_until(lambda: f"secondary {place} has all serials again" in axfrd.log(), "the end of the alarm")
    (host,) = axfrd.stats()["secondaries"]
    assert host["behind"] == host["max_behind_seconds"] == 0 and host["alive_at"] > 0


def test_a_serial_ahead_of_ours_is_a_state_of_its_own(start, tmp_path):
    axfrd = start("nsd")
    text = axfrd.json("zone", "export", ZONE)["text"]
    ahead = int(time.time()) + 1_000_000
    (tmp_path / "copies").mkdir()
    soa = re.sub(r"(SOA\s+\S+\s+\S+\s+)\d+", rf"\g<1>{ahead}", text, count=1)
    (tmp_path / "copies" / f"{ZONE}.zone").write_text(soa)
    Nsd(axfrd.lab.nsd, [ZONE], files=tmp_path / "copies").wait()
    enable(axfrd, axfrd.lab.nsd.ipv4)
    entry = wait_until(lambda: (e := line(axfrd))["has_serial"] and e, "our question to be answered")
    assert entry["ahead"] > 0 and not entry["in_step"] and entry["state"].startswith("AHEAD")
    assert "up to date" not in shown(axfrd) and "AHEAD" in shown(axfrd)
    assert axfrd.json("secondary", "status", "--behind")["ledger"], "it is not in step"
    axfrd.logs(f"has serial {ahead} of {ZONE}., which is ahead of ours")
    explained = axfrd.ctl("explain", ZONE, axfrd.lab.nsd.ipv4).stdout
    assert f"it has serial {ahead}" in explained and "transfer the zone anew" in explained


def test_a_transfer_that_is_broken_off_is_kept_until_one_is_whole(start):
    axfrd = start("secondary", records=200000)
    host = axfrd.lab.secondary
    enable(axfrd, host.ipv4)
    with host.connect(IPV4) as sock:
        wire = dns.message.make_query(ZONE, "AXFR", flags=0).to_wire()
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        sock.recv(1000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # NOTIFY is not answered there, which is another reason.
    wait_until(lambda: any(t["reason"] == "broken off" for t in line(axfrd)["troubles"]), "the broken transfer")
    assert "its transfer was broken off after" in shown(axfrd)
    assert events(axfrd, "broken off")[0]["zone"] == f"{ZONE}."
    Nsd(host, [ZONE])
    wait_in_step(axfrd)
    wait_until(lambda: line(axfrd)["reason"] is None, "all troubles to be over")


def test_the_transfer_log_is_opened_anew_by_sighup_and_says_when(start):
    axfrd = start("nsd")
    Nsd(axfrd.lab.nsd, [ZONE])
    enable(axfrd, axfrd.lab.nsd.ipv4)
    wait_in_step(axfrd)
    (first, *_) = events(axfrd, "transfer")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert "transfer of" not in axfrd.log(), "what the transfer log has, the log does not repeat"
    moved = axfrd.transfers.with_suffix(".1")
    axfrd.transfers.rename(moved)
    axfrd.process.send_signal(signal.SIGHUP)
    wait_until(axfrd.transfers.exists, "the new file")
    before = moved.read_text()
    change(axfrd)
    wait_in_step(axfrd)
    wait_until(lambda: events(axfrd, "transfer"), "the transfer to be in the new file")
    assert moved.read_text() == before


def test_debug_tells_the_life_of_a_notify_and_of_a_transfer(start):
    axfrd = start("nsd", log_level="debug")
    Nsd(axfrd.lab.nsd, [ZONE])
    enable(axfrd, axfrd.lab.nsd.ipv4)
    wait_in_step(axfrd)
    who = f"debug: zone {ZONE}., secondary {axfrd.lab.nsd.ipv4}@53: "
    for part in (who + "NOTIFY of serial", who + "is proven to have serial", "debug: transfer of"):
        wait_until(lambda part=part: part in axfrd.log(), part)


def test_the_gauges_are_metrics_by_host(start):
    axfrd = start("nsd", "nobody")
    Nsd(axfrd.lab.nsd, [ZONE])
    enable(axfrd, axfrd.lab.nsd.ipv4, axfrd.lab.nobody.ipv4)
    wait_until(lambda: {h["host"]: h["behind"] for h in axfrd.stats()["secondaries"]}
               == {f"{axfrd.lab.nsd.ipv4}@53": 0, f"{axfrd.lab.nobody.ipv4}@53": 1}, "the gauges")


def test_the_log_of_an_outage_fits_on_a_screen_and_tells_the_story(new_lab, new_axfrd, tmp_path):
    """One of three secondaries of 1 000 zones is stopped, all zones change, and the secondary starts again."""
    count = 1000
    lab = new_lab("one", "two", "three")
    hosts = [lab.one, lab.two, lab.three]
    zones_dir = tmp_path / "zones"
    zones_dir.mkdir()

    def write(serial):
        for i in range(count):
            (zones_dir / f"z{i}.example.zone").write_text(
                f"@ 60 SOA ns.provider.example. host {serial} 3600 600 86400 60\n@ 60 NS ns.provider.example.\n"
                f"@ 60 TXT {serial}\n"
            )

    write(1)
    axfrd = new_axfrd(lab, zones_dir=zones_dir, behind_alarm=10)
    allowed = [word for host in hosts for word in ("--allow", host.ipv4)]
    axfrd.ctl("provider", "set", "p", "--ns", "ns1.p.example.", *allowed)
    names = [f"z{i}.example" for i in range(count)]
    peers = [Nsd(host, names) for host in hosts]
    for peer in peers:
        wait_until(lambda peer=peer: "nsd started" in peer.process.log.read_text(), "NSD to run")
    axfrd.ctl("secondary", "enable", "--all", "--provider", "p")

    def behind():
        return {host["secondary"]: host["behind"] for host in axfrd.json("secondary", "status", "--summary")["hosts"]}

    wait_until(lambda: not any(behind().values()), "all to be in step", 4 * PATIENCE)
    seen = len(axfrd.log())
    peers[2].kill()
    write(2_000_000_000)
    axfrd.ctl("zone", "import-dir", zones_dir)

    def log():
        return axfrd.log()[seen:]

    gone, others = f"{lab.three.ipv4}@53", [f"{host.ipv4}@53" for host in hosts[:2]]
    wait_until(lambda: behind()[gone] == count and not any(behind()[other] for other in others), "the others to follow",
               4 * PATIENCE)
    wait_until(lambda: f"{gone} is behind for more than" in log(), "the alarm", 4 * PATIENCE)
    peers[2].start()
    wait_until(lambda: not any(behind().values()), "all to be in step again", 4 * PATIENCE)
    wait_until(lambda: f"{gone} has all serials again" in log(), "the end of the alarm")
    # Repeated lines about a host are only counted for ten minutes, so lines from the start of the test count, too.
    told = [text for text in axfrd.log().splitlines() if "warning" in text or "error" in text]
    assert len(told) <= 24, "\n".join(told[:60])
    story = "\n".join(told)
    for part in ("does not answer", "is behind for more than 10 s", "answers again", "has all serials again"):
        assert f"{gone} {part}" in story, story
