"""axfrctl: each verb with text and with JSON output, and its error messages."""

import json
import socket

import dns.rcode
import pytest

import ask
import zones
from lab import DATA, IPV4, run_axfrctl

NAMES = sorted(zones.name_of(file) for file in DATA.glob("*.zone"))


@pytest.fixture
def good(zone_file):
    return zone_file("example.org", 100)


def served(client, name):
    with client.connect(IPV4) as sock:
        return zones.transfer(sock, name)


@pytest.mark.parametrize("verb", [["status"], ["stats"], ["zone", "list"], ["zone", "show", "example.com"]])
def test_a_verb_that_reads_speaks_to_people_and_to_machines(axfrd, verb):
    assert axfrd.ctl(*verb).stdout.strip()
    json.loads(axfrd.ctl("--json", *verb).stdout)


def test_zone_list_names_every_zone(axfrd):
    output = axfrd.ctl("zone", "list").stdout
    assert all(name in output for name in NAMES)


def test_zone_show_tells_the_serial(axfrd):
    assert "2024010101" in axfrd.ctl("zone", "show", "example.com").stdout


def test_zone_export_is_the_zone_again(axfrd):
    for name in NAMES:
        text = axfrd.ctl("zone", "export", name).stdout
        assert zones.differences(zones.read(DATA / f"{name}.zone"), zones.parse(text, name)) == []


def test_what_was_exported_can_be_imported(axfrd, client, tmp_path):
    file = tmp_path / "copy"
    file.write_text(axfrd.ctl("zone", "export", "example.com").stdout)
    axfrd.ctl("zone", "import", file, "--zone", "example.com")
    assert zones.differences(zones.read(DATA / "example.com.zone"), served(client, "example.com")) == []


def test_an_imported_zone_is_served_at_once(axfrd, client, good):
    assert ask.udp(client, "example.org", "SOA", IPV4).rcode() == dns.rcode.REFUSED
    axfrd.ctl("zone", "import", good)
    assert ask.udp(client, "example.org", "SOA", IPV4).answer
    assert zones.differences(zones.read(good), served(client, "example.org")) == []


def test_an_import_replaces_the_zone_at_once(axfrd, client, good, zone_file):
    axfrd.ctl("zone", "import", good)
    good.write_text(good.read_text().replace("198.51.100.52", "198.51.100.152"))
    axfrd.ctl("zone", "import", good)
    assert ask.records(ask.udp(client, "ns2.example.org", "A", IPV4).answer) == ["ns2.example.org. A 198.51.100.152"]


def test_the_zone_of_an_import_can_be_named(axfrd, client, tmp_path):
    file = tmp_path / "any name"
    file.write_text("@ 60 SOA ns1 hostmaster 1 2 3 4 5\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n")
    axfrd.ctl("zone", "import", file, "--zone", "named.example")
    assert ask.udp(client, "ns1.named.example", "A", IPV4).answer


def test_a_removed_zone_is_refused_and_the_others_stay(axfrd, client):
    axfrd.ctl("zone", "remove", "example.net")
    assert ask.udp(client, "www.example.net", "A", IPV4).rcode() == dns.rcode.REFUSED
    assert ask.tcp(client, "example.net", "AXFR", IPV4).rcode() == dns.rcode.NOTAUTH
    assert ask.udp(client, "www.example.com", "A", IPV4).answer
    assert "example.net" not in axfrd.ctl("zone", "list").stdout


GOOD = "@ 60 SOA ns1 hostmaster 1 2 3 4 5\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n"
BAD_ZONES = {
    "a type that does not parse": (GOOD + "www 60 A 192.0.2.256\n", 4),
    "a line that means nothing": (GOOD + "www 60 IN\n", 4),
    "a second soa": (GOOD + "@ 60 SOA ns1 hostmaster 2 2 3 4 5\n", 4),
    "no soa": ("@ 60 NS ns1\nns1 60 A 192.0.2.53\n", None),
    "a soa that is not at the apex": (GOOD + "sub 60 SOA ns1 hostmaster 2 2 3 4 5\n", 4),
    "a cname beside other data": (GOOD + "www 60 A 192.0.2.1\nwww 60 CNAME ns1\n", 4),
    "an include": (GOOD + "$INCLUDE /etc/hostname\n", 4),
    "an rrset that no message can hold": (GOOD + "".join(f'big 60 TXT "{n} {"x" * 240}"\n' for n in range(300)), None),
    "an empty file": ("", None),
}


@pytest.mark.sanitized
def test_a_bad_zone_file_is_refused_with_its_line_and_changes_nothing(axfrd, client, tmp_path):
    before = served(client, "example.com")
    wrong = []
    for what, (text, line) in BAD_ZONES.items():
        file = tmp_path / "example.com.zone"
        file.write_text(text)
        done = axfrd.ctl("zone", "import", file, check=False)
        place = f"{file}:{line}: " if line else str(file)
        if done.returncode != 1 or place not in done.stderr or served(client, "example.com") != before:
            wrong.append(f"{what}: exit {done.returncode}: {done.stdout}{done.stderr}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("verb", ["show", "export", "remove"])
def test_a_zone_that_is_not_there_is_an_error(axfrd, verb):
    done = axfrd.ctl("zone", verb, "nothing.example", check=False)
    assert done.returncode == 1 and "nothing.example" in done.stderr and not done.stdout


def test_a_file_that_is_not_there_is_an_error(axfrd):
    done = axfrd.ctl("zone", "import", "/nowhere/example.com.zone", check=False)
    assert done.returncode == 1 and "/nowhere/example.com.zone" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["zone"], ["zone", "nonsense"], ["zone", "show"], ["--bogus"]])
def test_wrong_usage_is_exit_code_2(axfrd, arguments):
    done = axfrd.ctl(*arguments, check=False)
    assert done.returncode == 2 and done.stderr


def test_no_daemon_is_exit_code_2_and_names_the_socket():
    done = run_axfrctl("--socket", "/nowhere/control.sock", "status", check=False)
    assert done.returncode == 2 and "/nowhere/control.sock" in done.stderr


def test_help_tells_the_verbs():
    output = run_axfrctl("--help").stdout
    for word in ("status", "stats", "stop", "import", "list", "show", "export", "remove"):
        assert word in output


@pytest.mark.sanitized
def test_garbage_on_the_control_socket_is_survived(axfrd):
    lines = (b"\0" * 100, b"{}\n", b'{"jsonrpc":"2.0","id":1}\n', b"[1,2]\n", b"{" * 100000 + b"\n", b"\xff\xfe\n")
    for garbage in lines:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(axfrd.socket))
            sock.sendall(garbage)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(5)
            while sock.recv(65536):
                pass
    assert axfrd.ctl("status").returncode == 0


def test_stats_count_what_was_done(axfrd, client):
    before = axfrd.stats()
    for _ in range(10):
        ask.udp(client, "www.example.com", "A", IPV4)
    served(client, "example.com")
    after = axfrd.stats()
    assert after["workers"][0]["answered"] == before["workers"][0]["answered"] + 10
    assert after["workers"][0]["rx"] >= before["workers"][0]["rx"] + 10
    assert after["workers"][0]["tx"] >= before["workers"][0]["tx"] + 10
    assert after["tcp"]["accepted"] == before["tcp"]["accepted"] + 1
    assert after["tcp"]["transfers"] == before["tcp"]["transfers"] + 1
    assert after["tcp"]["transfer_messages"] > before["tcp"]["transfer_messages"]
