"""Metrics for Prometheus over HTTP, and the alerts for them."""

import json
import re
import subprocess

import ask
from lab import BUILD, DATA, IPV4, PATIENCE, ROOT, wait_until

AT = "127.0.0.1@9353"
# A sample in the text format, as Prometheus' own parser reads it.
NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"{NAME}(?:\{{{LABEL}(?:,{LABEL})*\}})? \d[\d.e+-]*")
COMMENT = re.compile(rf"# (?:HELP {NAME} \S.*|TYPE {NAME} (?:counter|gauge|histogram))")
READ = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())"


def read(axfrd):
    return axfrd.lab.appliance.run("/usr/bin/python3", "-c", READ, "http://127.0.0.1:9353/metrics").stdout


def value(text, sample):
    return float(re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)[1])


def test_prometheus_can_read_what_axfrd_counts(new_lab, new_axfrd):
    axfrd = new_axfrd(new_lab("client"), zones=DATA.glob("*.zone"), metrics=AT)
    before = read(axfrd)
    for line in before.splitlines():
        assert (COMMENT if line.startswith("#") else SAMPLE).fullmatch(line), line
    linted = subprocess.run(["promtool", "check", "metrics"], input=before, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert value(before, "axfrd_zones") == len(list(DATA.glob("*.zone")))
    for _ in range(3):
        assert ask.udp(axfrd.lab.client, "www.example.com", "A", IPV4).answer
    assert ask.tcp(axfrd.lab.client, "www.example.com", "A", IPV4).answer
    after = read(axfrd)
    for sample, times in (
        ('axfrd_worker_responses_total{worker="0",rcode="NOERROR"}', 3),
        ('axfrd_queries_total{transport="tcp"}', 1),
    ):
        assert value(after, sample) == value(before, sample) + times


def test_how_long_a_change_takes_to_reach_a_secondary_is_counted(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=[DATA / "example.com.zone"], metrics=AT)
    axfrd.ctl("secondary", "enable", "example.com", "--ns", "ns.test", "--allow", lab.client.ipv4)
    assert ask.tcp(lab.client, "example.com", "AXFR", IPV4).answer
    wait_until(lambda: value(read(axfrd), "axfrd_propagation_seconds_count") == 1, "the transfer to be counted")
    text = read(axfrd)
    assert 0 < value(text, "axfrd_propagation_seconds_sum") < PATIENCE
    assert value(text, 'axfrd_propagation_seconds_bucket{le="+Inf"}') == 1
    assert value(text, "axfrd_commit_seconds_count") >= 1


def test_an_address_that_is_taken_is_an_error_that_says_so(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=DATA.glob("*.zone"), metrics=AT)
    second = lab.appliance.run(
        BUILD / "axfrd", "--no-port", "--metrics", AT, "--dns-port", 5353,
        "--store", lab.appliance.directory / "other", "--control-socket", lab.appliance.directory / "other.sock",
        check=False,
    )  # fmt: skip
    assert second.returncode != 0
    assert "cannot serve metrics at 127.0.0.1 port 9353: Address already in use" in second.stderr


def test_alarms_are_raised_for_what_is_worth_them():
    directory = ROOT / "docs" / "monitoring"
    for command in (["check", "rules", "axfrd.rules.yml"], ["test", "rules", "axfrd.rules_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    known = (ROOT / "control" / "command" / "metric_table.cc").read_text()
    for name in set(re.findall(r"\baxfrd_\w+", (directory / "axfrd.rules.yml").read_text())):
        assert f'"{name}"' in known, name


def test_the_dashboard_asks_for_what_there_is(tmp_path):
    dashboard = json.loads((ROOT / "docs" / "monitoring" / "axfrd.dashboard.json").read_text())
    known = (ROOT / "control" / "command" / "metric_table.cc").read_text()
    rules = []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, "a row has 24 columns"
        assert panel["title"] and panel["targets"], panel["id"]
        for target in panel["targets"]:
            query = target["expr"].replace("$job", "axfrd").replace("$__rate_interval", "5m")
            rules.append({"record": "a:panel", "labels": {"n": str(len(rules))}, "expr": query})
            for name in re.findall(r"\baxfrd_\w+", query):
                assert f'"{name.removesuffix("_bucket")}"' in known, name
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
