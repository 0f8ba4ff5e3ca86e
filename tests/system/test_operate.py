"""Audit and history, which name who did what; verbs for many zones, batches and completion."""

import json
import signal
import subprocess
import time

import dns.query
import dns.tsigkeyring
import dns.update
import pytest

from lab import BUILD, IPV4, PATIENCE, run_axfrctl, wait_until

ZONE = "example.com"


@pytest.fixture
def axfrd(new_lab, new_axfrd, zone_file):
    lab = new_lab("client")
    return new_axfrd(lab, zones=[zone_file(ZONE, 20)], audit_log=lab.appliance.directory / "audit")


def records(axfrd, name="audit"):
    file = axfrd.lab.appliance.directory / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def set_record(axfrd, record):
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, *record.split())
    return axfrd.json("zone", "commit", ZONE)


def update(axfrd, *allowed_and_not):
    key = axfrd.json("key", "generate", "dyn")
    axfrd.ctl("key", "grant", "dyn", ZONE, "--names", f"dyn.{ZONE}")
    for record, rcode in zip(allowed_and_not, (0, 5)):
        send_update(axfrd, key, record, rcode)


def send_update(axfrd, key, record, rcode):
    message = dns.update.Update(ZONE, keyring=dns.tsigkeyring.from_text({"dyn.": ("hmac-sha256.", key["secret"])}))
    message.add(*record.split())
    with axfrd.lab.client.inside():
        assert dns.query.tcp(message, IPV4, timeout=PATIENCE).rcode() == rcode


def test_the_audit_and_the_history_say_who_did_what(axfrd, zone_file):
    committed = set_record(axfrd, "new 60 A 192.0.2.9")
    update(axfrd, "dyn 60 A 192.0.2.10", "other 60 A 192.0.2.10")
    axfrd.ctl("zone", "rollback", ZONE, committed["old_serial"])
    axfrd.ctl("zone", "rollback", ZONE, 7, check=False)
    wait_until(lambda: len(records(axfrd)) >= 8, "eight records")
    found = [(r["outcome"], r.get("verb"), r.get("who"), r["cause"]) for r in records(axfrd)]
    assert found == [
        ("done", None, None, "file"),
        ("done", "zone.commit", "root", "transaction"),
        ("done", "key.generate", "root", "settings"),
        ("done", "key.grant", "root", "settings"),
        ("done", None, "dyn.", "UPDATE"),
        ("failed", "update", "dyn.", "UPDATE"),
        ("done", "zone.rollback", "root", "rollback"),
        ("failed", "zone.rollback", "root", "rollback"),
    ]
    commit = records(axfrd)[1]
    assert (commit["old_serial"], commit["serial"], commit["uid"]) == (committed["old_serial"], committed["serial"], 0)
    client = axfrd.lab.client.ipv4
    history = [step["by"] for step in axfrd.json("zone", "history", ZONE)["steps"]]
    back = f"rollback to serial {committed['old_serial']} by root"
    assert history == [back, f"UPDATE from {client} by dyn.", "transaction by root"]
    axfrd.kill()
    axfrd.start()
    assert [step["by"] for step in axfrd.json("zone", "history", ZONE)["steps"]] == history
    assert "UPDATE from" in axfrd.ctl("zone", "history", ZONE).stdout
    assert "transaction by root" in axfrd.ctl("zone", "history", ZONE, "--changes").stdout


def test_an_audit_file_that_was_moved_is_made_anew(axfrd):
    set_record(axfrd, "one 60 A 192.0.2.9")
    wait_until(lambda: len(records(axfrd)) == 2, "two records")
    directory = axfrd.lab.appliance.directory
    (directory / "audit").rename(directory / "audit.1")
    axfrd.process.send_signal(signal.SIGHUP)
    wait_until((directory / "audit").exists, "a new file")
    set_record(axfrd, "two 60 A 192.0.2.9")
    wait_until(lambda: records(axfrd), "a record in the new file")
    assert len(records(axfrd, "audit.1")) == 2 and records(axfrd)[0]["what"] == "0 removed, 1 added"


def import_many(axfrd, tmp_path, count):
    names = [f"z{number:05}.example" for number in range(count)]
    for name in names:
        (tmp_path / f"{name}.zone").write_text("@ 60 SOA ns.other. h.other. 1 2 3 4 5\n@ 60 NS ns.other.\n")
    axfrd.ctl("zone", "import-dir", tmp_path)
    return names


def test_a_verb_is_done_to_many_zones(axfrd, tmp_path):
    names = import_many(axfrd, tmp_path, 50)
    listed = tmp_path / "names"
    listed.write_text("# some\n" + "\n".join(names[:10]) + "\n\n")
    wanted = ["--ns", "ns.second.example", "--allow", "192.0.2.200"]
    done = axfrd.ctl("secondary", "enable", "--zones-from", listed, *wanted)
    assert done.stdout.startswith("10 zones: 10 changed, 0 so already, 0 failed\n")
    assert "at the registrar, for 10 zones: add ns.second.example." in done.stdout
    assert "51 zones: 41 changed, 10 so already" in axfrd.ctl("secondary", "enable", "--all", *wanted).stdout
    summary = axfrd.json("secondary", "status", "--summary")["hosts"]
    assert [(host["zones"], host["behind"]) for host in summary] == [(51, 51)]
    behind = axfrd.ctl("secondary", "status", "--behind", check=False)
    assert behind.returncode == 3
    listed.write_text("nothing.example\n" + names[0])
    done = axfrd.ctl("secondary", "edit", "--zones-from", listed, "--add-ns", "ns2.second.example", check=False)
    assert done.returncode == 1 and "1 changed, 0 so already, 1 failed" in done.stdout
    assert "51 zones: 51 changed" in axfrd.ctl("secondary", "disable", "--all", "--yes").stdout
    assert axfrd.ctl("secondary", "status", "--behind", check=False).returncode == 0


def test_a_batch_is_done_line_by_line(axfrd):
    script = f"""
    # a transaction
    zone begin {ZONE}
    zone set {ZONE} text TXT "two words" 'and; one'
    zone set {ZONE} nonsense
    zone commit {ZONE}
    zone no such verb
    """
    done = axfrd.ctl("batch", input=script, check=False)
    assert done.returncode == 2 and "line 7: there is no verb" in done.stderr
    assert '"two words" "and; one"' in axfrd.ctl("zone", "export", ZONE).stdout
    done = axfrd.ctl("--json", "batch", input=f"status\nzone show {ZONE}\n")
    assert [len(json.loads(line)) > 3 for line in done.stdout.splitlines()] == [True, True]


def complete(axfrd, *words):
    """The words that bash offers to complete the last word."""
    script = run_axfrctl("completion", "bash").stdout
    listed = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _axfrctl"
    lines = f"{script}\n{asked}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    path = {"PATH": f"{BUILD}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, env=path)
    assert not done.stderr
    return done.stdout.split()


def test_completion_asks_for_a_prefix(axfrd, tmp_path):
    import_many(axfrd, tmp_path, 2000)
    asked = ["axfrctl", "--socket", axfrd.socket]
    begin = time.monotonic()
    assert complete(axfrd, *asked, "zone", "show", "z0199") == [f"z0199{n}.example." for n in range(10)]
    assert time.monotonic() - begin < 2
    assert complete(axfrd, *asked, "zone", "sh") == ["show"]
    axfrd.ctl("key", "generate", "some.key")
    assert complete(axfrd, *asked, "key", "remove", "so") == ["some.key."]
    assert complete(axfrd, *asked, "secondary", "edit", ZONE, "--key", "") == ["some.key."]
    assert complete(axfrd, "axfrctl", "zone", "remove", ZONE, "--y") == ["--yes"]
    assert "--provider" not in complete(axfrd, "axfrctl", "zone", "remove", ZONE, "--")


def test_verdicts_are_exit_codes(axfrd):
    assert axfrd.ctl("explain", ZONE, "192.0.2.250", check=False).returncode == 3
    findings = axfrd.json("zone", "check", ZONE)["zones"][0]
    sound = not findings["refused"] and not findings["faults"]
    assert axfrd.ctl("zone", "check", ZONE, check=False).returncode == (0 if sound else 3)
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns.other.", "--allow", "192.0.2.250")
    assert axfrd.ctl("explain", ZONE, "192.0.2.250", check=False).returncode == 0
    refused = axfrd.ctl("zone", "remove", ZONE, check=False)
    assert refused.returncode == 1 and "--yes" in refused.stderr
    axfrd.ctl("zone", "remove", ZONE, "--yes")
