"""Zones with well-formed records that secondaries nevertheless refuse, or that resolvers cannot use."""

import pytest

from control import Control

ZONE = "example.com"
NO_SERVERS = "$TTL 3600\n@ SOA ns.example.net. hostmaster.example.net. 1 7200 3600 1209600 300\nwww A 192.0.2.1\n"
SAYS = f"{ZONE}. has no NS record"


@pytest.fixture
def axfrd(new_lab, new_axfrd, tmp_path):
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(NO_SERVERS)
    axfrd = new_axfrd(new_lab("client"))
    axfrd.imported = axfrd.ctl("zone", "import", file)
    axfrd.file = file
    return axfrd


def test_a_zone_without_servers_is_taken_and_told_of_everywhere(axfrd):
    assert SAYS in axfrd.imported.stdout + axfrd.imported.stderr
    assert "has no NS record" in axfrd.ctl("zone", "show", ZONE).stdout
    assert axfrd.stats()["zones"]["without_servers"] == 1
    control = Control(axfrd.socket)
    assert any(SAYS in text for text in control.edit(ZONE, set=["a 60 A 192.0.2.2"])["warnings"])
    refused = axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns.example.org", "--allow", "192.0.2.9", check=False)
    assert refused.returncode != 0 and "add its own name servers first" in refused.stdout + refused.stderr
    assert control.edit(ZONE, set=["@ 60 NS ns.example.net."])["warnings"] == []
    assert axfrd.stats()["zones"]["without_servers"] == 0


def test_strict_takes_what_secondaries_refuse_for_an_error(axfrd):
    axfrd.file.write_text(NO_SERVERS.replace(" 1 7200", " 2 7200") + "@ NS c\nc CNAME www\n@ MX 10 nothing\n")
    refused = axfrd.ctl("zone", "import", axfrd.file, "--strict", check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0 and f"c.{ZONE}. is a CNAME" in said
    assert f"nothing.{ZONE}. has neither A nor AAAA" in said
    assert axfrd.json("zone", "show", ZONE)["serial"] == 1
