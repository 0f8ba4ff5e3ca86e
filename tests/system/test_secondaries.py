"""Other name servers transfer the zones through the DPDK port, and then have exactly the records of the zone files."""

import dns.message
import dns.query
import dns.tsigkeyring
import dns.zone
import pytest

import provider_zones
import random_zones
import signing
import test_rollover
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
def every_zone(tmp_path_factory):
    """Every zone file of the tests → its records: samples, the zones of test_peers.py, zones of providers, zones with
    few labels, zones signed with each kind of chain, and a zone in the middle of a rollover."""
    directory = tmp_path_factory.mktemp("zones")
    texts = {**provider_zones.all_zones(), **random_zones.zones(40, seed=1)}
    rollover = test_rollover.states(test_rollover.ROLLOVERS / "bind.steps")
    texts[test_rollover.NAME] = rollover[len(rollover) // 2]
    for name, text in texts.items():
        (directory / f"{name}.zone").write_text(text)
    basic = (ROOT / "tests" / "data" / "peers" / "basic.test.zone").read_text()
    for chain, options in signing.CHAINS.items():
        name = f"{chain}.signed.com"
        names = provider_zones.related(name)
        text = provider_zones.zone(name, names["same-tld"], names["parent"], provider_zones.records(name, 60))
        signing.sign(directory, name, text.split("\n", 1)[1], options)
        signing.sign(directory, f"{chain}.basic.test", basic, options)
    files = [*DATA.glob("*.zone"), *(ROOT / "tests" / "data" / "peers").glob("*.zone"), *directory.glob("*.zone")]
    return {file: zones.read(file) for file in files}


def copied_by_dig(host, names, key):
    """Zone → its records as dig prints them. One process transfers all zones; each begins with its SOA."""
    batch = host.directory / "batch"
    batch.write_text("".join(f"{name} AXFR\n" for name in names))
    options = ["-y", f"hmac-sha256:{key[0]}:{key[1]}"] if key else []
    said = host.run("dig", f"@{IPV4}", *options, "+noall", "+answer", "+onesoa", "-f", batch).stdout
    texts = []
    for line in said.splitlines():
        if line.startswith(";") or not line:
            assert "failed" not in line and "error" not in line, line
            continue
        if line.split()[3] == "SOA":
            texts.append("")
        texts[-1] += line + "\n"
    return {name: zones.parse(text, name) for name, text in zip(names, texts, strict=True)}


def copied_by_dnspython(host, name, key):
    query = dns.message.make_query(name, "AXFR", flags=0)
    if key:
        query.use_tsig(dns.tsigkeyring.from_text({key[0]: ("hmac-sha256.", key[1])}))
    copy = dns.zone.Zone(name, relativize=False)
    with host.inside():
        dns.query.inbound_xfr(IPV4, copy, query)
    return sorted(zones.Record.of(*each) for each in copy.iterate_rdatas())


@pytest.mark.parametrize("keyed", [False, True], ids=["unkeyed", "keyed"])
def test_everybody_transfers_every_zone_file_of_the_tests(new_lab, new_axfrd, every_zone, keyed):
    lab = new_lab("nsd", "knot", "bind", "pdns", "client")
    axfrd = new_axfrd(lab, zones=every_zone, allow_transfer=EVERYONE)
    key = ("key.provider.com", axfrd.json("key", "generate", "key.provider.com")["secret"]) if keyed else None
    held = {zones.name_of(file): records for file, records in every_zone.items()}
    names = list(held)
    kinds = {lab.nsd: Nsd, lab.knot: Knot, lab.bind: Bind, lab.pdns: Pdns}
    peers = [kind(host, names, key=key) for host, kind in kinds.items()]
    by_dig = copied_by_dig(lab.client, names, key)
    wrong = []

    def compare(who, expected, copy):
        wrong.extend(f"{who} {each}" for each in zones.differences(expected, copy))

    for name in names:
        compare("dig", held[name], by_dig[name])
        compare("dnspython", held[name], copied_by_dnspython(lab.client, name, key))
    for peer in peers:
        peer.wait()
        for name in names:
            compare(type(peer).__name__, peer.comparable(held[name]), peer.comparable(peer.copy(name)))
    assert wrong == []
