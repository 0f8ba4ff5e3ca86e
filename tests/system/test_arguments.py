"""Arguments are stored as they were typed, errors name the mistake, and repeating a verb changes nothing."""

import json
import os
import socket
import subprocess

import ask
from lab import BUILD, IPV4, run_axfrctl

ZONE = "example.com"


def edited(axfrd, *records):
    axfrd.ctl("zone", "begin", ZONE)
    for record in records:
        axfrd.ctl("zone", "set", ZONE, *record)
    lines = axfrd.ctl("zone", "diff", ZONE).stdout
    axfrd.ctl("zone", "commit", ZONE)
    return lines


def test_a_semicolon_in_an_argument_begins_no_comment(axfrd):
    values = {
        ("_dmarc", "TXT"): ["v=DMARC1; p=reject; rua=mailto:a@example.com"],
        ("k._domainkey", "TXT"): ["v=DKIM1; k=rsa; p=MIGf"],
        ("c", "CAA"): ["0", "issue", "ca.example.net; account=1"],
    }
    edited(axfrd, *([owner, rdtype, *data] for (owner, rdtype), data in values.items()))
    for (owner, rdtype), data in values.items():
        answer = ask.udp(axfrd.lab.client, f"{owner}.{ZONE}", rdtype, IPV4).answer
        assert f'"{data[-1]}"' in answer[0].to_text()


def test_an_argument_is_no_further_record(axfrd):
    axfrd.ctl("zone", "begin", ZONE)
    done = axfrd.ctl("zone", "set", ZONE, "two", "TXT", "line1\nevil A 192.0.2.66", check=False)
    assert done.returncode == 1 and "newline" in done.stderr
    assert axfrd.ctl("zone", "diff", ZONE).stdout == ""


def test_removing_nothing_fails_at_once_and_is_not_recorded(axfrd):
    axfrd.ctl("zone", "begin", ZONE)
    done = axfrd.ctl("zone", "unset", ZONE, "nothing", check=False)
    assert done.returncode == 1 and "nothing to remove" in done.stderr
    assert axfrd.json("zone", "status", ZONE)["transactions"][0]["edits"] == 0


def test_a_grant_said_twice_is_one_grant(axfrd):
    axfrd.ctl("key", "generate", "k.example")
    axfrd.ctl("key", "grant", "k.example", ZONE)
    assert "already so" in axfrd.ctl("key", "grant", "k.example", ZONE).stdout
    assert axfrd.ctl("key", "list").stdout.count("* in example.com.") == 1


def test_an_internationalised_name_is_its_a_label(axfrd):
    lines = edited(axfrd, ["bücher", "CNAME", "BÜCHER.example."])
    assert "+ xn--bcher-kva.example.com." in lines and "xn--bcher-kva.example." in lines


def raw(axfrd, *arguments):
    command = [os.fsencode(BUILD / "axfrctl"), b"--socket", os.fsencode(axfrd.socket), *arguments]
    return subprocess.run(command, capture_output=True, check=False)


def test_octets_that_are_not_utf8_are_named_in_a_sentence(axfrd, tmp_path):
    axfrd.ctl("zone", "begin", ZONE)
    file = os.fsencode(tmp_path) + b"/lat\xe9.zone"
    with open(file, "w", encoding="ascii") as zone:
        zone.write("@ 60 SOA ns1 hostmaster 1 2 3 4 5\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n")
    for arguments in (
        [b"zone", b"show", b"caf\xe9.example"],
        [b"zone", b"set", ZONE.encode(), b"caf\xe9", b"A", b"192.0.2.1"],
        [b"zone", b"import", file],
    ):
        done = raw(axfrd, *arguments)
        said = done.stderr.decode()
        assert done.returncode == 2 and "not UTF-8" in said and "exception" not in said, said
    assert raw(axfrd, b"zone", b"import", file, b"--zone", b"named.example").returncode == 0


def test_help_fits_the_terminal_and_errors_are_about_what_is_wrong(axfrd):
    for program in ("--help", "help"):
        assert all(len(line) <= 80 for line in run_axfrctl(program).stdout.splitlines())
    assert "there is no option --bogus" in axfrd.ctl("--bogus", "status", check=False).stderr
    wrong = axfrd.ctl("--json", "foo", check=False)
    assert wrong.returncode == 2 and "foo" in json.loads(wrong.stderr)["message"]
    assert "did you mean 'status', 'stats'" in axfrd.ctl("stat", check=False).stderr
    assert axfrd.ctl("zone", "status", "nosuch.example", check=False).returncode == 1
    assert "unixtime" in axfrd.ctl("zone", "config", ZONE).stdout


def test_half_requests_are_bounded_and_keep_nobody_out(axfrd):
    halves = []
    for _ in range(60):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(axfrd.socket))
        halves.append(sock)
        try:
            sock.sendall(b" " * 10_000_000)
        except OSError:
            pass
        assert axfrd.ctl("status").returncode == 0
    with open(f"/proc/{axfrd.json('status')['pid']}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert resident < 1_000_000, "kB, of which half requests have 320 000 at most"
    for sock in halves:
        sock.close()
