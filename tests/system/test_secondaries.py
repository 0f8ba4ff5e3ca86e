"""Real secondary servers take the zones through the DPDK port, and hold then exactly what the zone files say."""

import re

import dns.message
import dns.query
import dns.tsigkeyring
import dns.zone
import pytest

import provider_zones
import random_zones
import signing
import zones
from lab import DATA, EVERYONE, IPV4, IPV6, ROOT
from peers import Bind, Knot, Nsd, Pdns


@pytest.mark.parametrize("primary", [IPV4, IPV6], ids=["v4", "v6"])
@pytest.mark.parametrize("secondary", [Nsd, Knot, Bind])
def test_a_secondary_holds_the_same_records(new_lab, new_axfrd, zone_file, secondary, primary):
    lab = new_lab("secondary")
    files = [*sorted(DATA.glob("*.zone")), zone_file("example.org", 6000)]
    new_axfrd(lab, zones=files, allow_transfer=EVERYONE)
    peer = secondary(lab.secondary, [zones.name_of(file) for file in files], primary).wait()
    for file in files:
        assert zones.differences(zones.read(file), peer.copy(zones.name_of(file))) == []


def test_three_kinds_of_secondary_at_the_same_time(new_lab, new_axfrd, zone_file):
    lab = new_lab("nsd", "knot", "bind")
    files = [zone_file(f"zone{number}.example", 200) for number in range(20)]
    new_axfrd(lab, zones=files, allow_transfer=EVERYONE)
    names = [zones.name_of(file) for file in files]
    for peer in [Nsd(lab.nsd, names), Knot(lab.knot, names), Bind(lab.bind, names)]:
        peer.wait()
        for file in files:
            assert zones.differences(zones.read(file), peer.copy(zones.name_of(file))) == []


@pytest.fixture(scope="module")
def every_file(tmp_path_factory):
    """Every zone file of the tests: samples, what the peers are compared over, zones of providers, zones that come
    signed under each kind of chain."""
    directory = tmp_path_factory.mktemp("zones")
    for name, text in {**provider_zones.all_zones(), **random_zones.zones(40, seed=1)}.items():
        (directory / f"{name}.zone").write_text(text)
    basic = (ROOT / "tests" / "data" / "peers" / "basic.test.zone").read_text()
    for chain, options in signing.CHAINS.items():
        names = provider_zones.related(f"{chain}.signed.com")
        text = provider_zones.zone(
            f"{chain}.signed.com", names["same-tld"], names["parent"], provider_zones.records(f"{chain}.signed.com", 60)
        )
        signing.sign(directory, f"{chain}.signed.com", text.split("\n", 1)[1], options)
        signing.sign(directory, f"{chain}.basic.test", basic, options)
    return [*DATA.glob("*.zone"), *(ROOT / "tests" / "data" / "peers").glob("*.zone"), *directory.glob("*.zone")]


KEYED = pytest.mark.parametrize("keyed", [False, True], ids=["unkeyed", "keyed"])


def make_key(axfrd, keyed):
    return ("key.provider.com", axfrd.json("key", "generate", "key.provider.com")["secret"]) if keyed else None


@KEYED
@pytest.mark.parametrize("secondary", [Nsd, Knot, Bind, Pdns])
def test_a_secondary_takes_every_zone_file_of_the_tests(new_lab, new_axfrd, every_file, secondary, keyed):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab, zones=every_file, allow_transfer=EVERYONE)
    peer = secondary(lab.secondary, [zones.name_of(file) for file in every_file], key=make_key(axfrd, keyed)).wait(120)
    for file in every_file:
        name = zones.name_of(file)
        assert zones.differences(zones.read(file), peer.copy(name)) == [], name


@KEYED
@pytest.mark.parametrize("tool", ["dig", "kdig"])
def test_tools_transfer_every_zone_file_of_the_tests(new_lab, new_axfrd, every_file, tool, keyed):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=every_file, allow_transfer=EVERYONE)
    key = make_key(axfrd, keyed)
    options = ["-y", f"hmac-sha256:{key[0]}:{key[1]}"] if keyed else []
    for file in every_file:
        name = zones.name_of(file)
        done = lab.client.run(tool, f"@{IPV4}", "+nocrypto", name, "AXFR", *options)
        complaints = re.findall(r"(?im)^;.*(?:couldn't|could not|warning|error:|failed).*", done.stdout + done.stderr)
        assert complaints == [], name
        records = int(re.search(r"(\d+) records", done.stdout)[1])
        assert records == len(zones.read(file)) + 1, name


@KEYED
def test_dnspython_transfers_every_zone_file_of_the_tests(new_lab, new_axfrd, every_file, keyed):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=every_file, allow_transfer=EVERYONE)
    key = make_key(axfrd, keyed)
    for file in every_file:
        query = dns.message.make_query(zones.name_of(file), "AXFR", flags=0)
        if keyed:
            query.use_tsig(dns.tsigkeyring.from_text({key[0]: ("hmac-sha256.", key[1])}))
        copied = dns.zone.Zone(zones.name_of(file), relativize=False)
        with lab.client.inside():
            dns.query.inbound_xfr(IPV4, copied, query)
        ours = sorted(zones.Record.of(*each) for each in copied.iterate_rdatas())
        assert zones.differences(zones.read(file), ours) == [], file.name
