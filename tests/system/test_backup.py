"""A copy of the store, taken while axfrd runs, and an appliance made of it; providers that zones follow."""

import ask
from lab import EVERYONE, IPV4


def serial_of(axfrd, zone):
    (row,) = [row for row in axfrd.json("zone", "list")["zones"] if row["zone"] == zone]
    return row["serial"]


def test_an_appliance_made_of_a_backup_is_above_what_it_knows_of(new_lab, new_axfrd, zone_file):
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 2000)], allow_transfer=EVERYONE)
    axfrd.ctl("key", "generate", "k.example")
    before = serial_of(axfrd, "example.org.")
    copy = axfrd.directory / "copy"
    assert f"copied to {copy}" in axfrd.ctl("backup", copy).stdout
    assert axfrd.ctl("backup", copy, check=False).returncode != 0, "what is there is not overwritten"
    axfrd.ctl("zone", "remove", "example.org")
    assert axfrd.stop() == 0
    axfrd.options.update(store=axfrd.directory / "restored", restore=copy, zones_dir=None)
    axfrd.start()
    assert serial_of(axfrd, "example.org.") > before
    assert [key["key"] for key in axfrd.json("key", "list")["keys"]] == ["k.example."]
    assert "recovery: 1 zones have new serials" in axfrd.log()
    raised = serial_of(axfrd, "example.org.")
    assert axfrd.stop() == 0
    axfrd.options["restore"] = None
    axfrd.start()
    assert serial_of(axfrd, "example.org.") == raised, "once"


def test_zones_follow_a_provider_that_changes(new_lab, new_axfrd, zone_file):
    lab = new_lab("one", "two")
    axfrd = new_axfrd(lab, zones=[zone_file(f"zone{i}.example", 10) for i in range(5)])
    old = ["--ns", "ns1.p.test", "--allow", lab.one.ipv4]
    new = ["--ns", "ns2.p.test", "--allow", lab.two.ipv4]
    axfrd.ctl("provider", "set", "p", *old)
    for i in range(4):
        axfrd.ctl("secondary", "enable", f"zone{i}.example", "--provider", "p")
    assert "4 zones follow" in axfrd.ctl("provider", "set", "p", *new, "--dry-run").stdout
    assert axfrd.json("secondary", "show", "zone0.example")["ns"] == ["ns1.p.test."]
    assert "4 zones follow" in axfrd.ctl("provider", "set", "p", *new).stdout
    shown = axfrd.json("secondary", "show", "zone0.example")
    assert shown["providers"] == ["p"] and shown["ns"] == ["ns2.p.test."]
    assert [s["address"] for s in shown["secondaries"]] == [lab.two.ipv4]
    servers = ask.records(ask.udp(lab.one, "zone0.example", "NS", IPV4).answer)
    assert any("ns2.p.test." in each for each in servers) and not any("ns1.p.test." in each for each in servers)
    refused = axfrd.ctl("provider", "remove", "p", check=False)
    assert refused.returncode != 0 and "used by 4 zones" in refused.stderr
