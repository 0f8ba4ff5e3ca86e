"""Secondary DNS as the customer sees it: it is enabled once, and then every change reaches all secondaries."""

import socket
import time

import dns.message
import dns.opcode
import dns.rcode
import dns.tsigkeyring
import pytest

import ask
import provider_zones
import zones
from lab import IPV4, IPV6, PATIENCE, wait_until
from peers import Bind, Knot, Nsd, Pdns

ZONE = "example.org"
NAMES = ["ns1.secondary.example.", "ns2.secondary.example."]


def enable(axfrd, zone, *hosts, key=None, family="ipv4", verb="enable", **options):
    suffix = f"={key}" if key else ""
    arguments = [word for name in NAMES for word in ("--ns", name)]
    arguments += [word for host in hosts for word in ("--allow", getattr(host, family) + suffix)]
    return axfrd.ctl("secondary", verb, zone, *arguments, **options)


def edit(axfrd, zone, set=(), unset=(), wait=30):
    axfrd.ctl("zone", "begin", zone)
    for record in unset:
        axfrd.ctl("zone", "unset", zone, *record.split())
    for record in set:
        axfrd.ctl("zone", "set", zone, *record.split())
    return axfrd.json("zone", "commit", zone, *(["--wait", wait] if wait else []))


def ours(axfrd, zone):
    return zones.parse(axfrd.json("zone", "export", zone)["text"], zone)


def make_key(axfrd, name="transfer.key"):
    return name, axfrd.json("key", "generate", name)["secret"]


@pytest.mark.parametrize("keyed, family", [(False, "ipv4"), (True, "ipv6")], ids=["unkeyed-v4", "keyed-v6"])
def test_every_kind_of_secondary_follows_and_commit_waits_for_all(new_lab, new_axfrd, zone_file, keyed, family):
    lab = new_lab("nsd", "knot", "bind", "pdns")
    axfrd = new_axfrd(lab, zones=[zone_file(ZONE, 300)])
    key = make_key(axfrd) if keyed else None
    primary = IPV4 if family == "ipv4" else IPV6
    kinds = {lab.nsd: Nsd, lab.knot: Knot, lab.bind: Bind, lab.pdns: Pdns}
    peers = [kind(host, [ZONE], primary, key) for host, kind in kinds.items()]
    enable(axfrd, ZONE, *kinds, key=key and key[0], family=family)
    for peer in peers:
        peer.wait()
    for number in range(3):
        changed = edit(axfrd, ZONE, set=[f"n{number} 60 A 192.0.2.{number}"])
        assert len(changed["secondaries"]) == 4
        for peer in peers:
            peer.wait_to_serve(ZONE, changed["serial"])
            assert zones.differences(ours(axfrd, ZONE), peer.copy(ZONE)) == []
    lines = axfrd.json("secondary", "status", ZONE)["ledger"]
    assert [line["behind"] for line in lines] == [0] * 4
    assert all(line["transfer"]["key"] == (key and key[0] + ".") for line in lines if line["transfer"])
    assert "up to date" in axfrd.ctl("secondary", "show", ZONE).stdout


def test_customers_zones_follow_their_provider_at_every_kind_of_secondary(new_lab, new_axfrd, tmp_path):
    """The SOA has names of another zone, in each relation to the apex, and changes to another provider's."""
    lab = new_lab("nsd", "knot", "bind", "pdns")
    relations = provider_zones.related("customer.com")
    texts = {}
    for relation, mname in relations.items():
        name = f"{relation}.customer.com"
        mname = provider_zones.related(name)[relation]
        texts[name] = provider_zones.zone(name, mname, "hostmaster.provider.com.", provider_zones.records(name, 30))
        (tmp_path / f"{name}.zone").write_text(texts[name])
    axfrd = new_axfrd(lab, zones=sorted(tmp_path.glob("*.zone")))
    key = make_key(axfrd, "key.provider.com")
    kinds = {lab.nsd: Nsd, lab.knot: Knot, lab.bind: Bind, lab.pdns: Pdns}
    peers = [kind(host, list(texts), key=key) for host, kind in kinds.items()]
    for name in texts:
        enable(axfrd, name, *kinds, key=key[0])
    for peer in peers:
        peer.wait()
    for name in texts:
        soa = f"@ SOA {relations['other-case']} hostmaster.{name}. 99 7200 3600 1209600 300"
        changed = edit(axfrd, name, set=[soa, f"new 60 MX 1 {relations['sibling']}"], unset=["www"])
        for peer in peers:
            peer.wait_to_serve(name, changed["serial"])
            assert zones.differences(ours(axfrd, name), peer.copy(name)) == [], name


def test_notify_shows_the_soa_whatever_its_names_are(new_lab, new_axfrd, tmp_path):
    lab = new_lab("listener")
    for apex in ("customer.com", "a.b.customer.co.uk", provider_zones.IDN, *provider_zones.REVERSE):
        for number, mname in enumerate(provider_zones.related(apex).values()):
            text = provider_zones.zone(f"z{number}.{apex}", mname, "hostmaster.provider.com.")
            (tmp_path / f"z{number}.{apex}.zone").write_text(text)
    axfrd = new_axfrd(lab, zones=sorted(tmp_path.glob("*.zone")))
    key = make_key(axfrd)
    ring = dns.tsigkeyring.from_text({key[0]: ("hmac-sha256.", key[1])})
    with lab.listener.inside():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener:
        listener.bind((lab.listener.ipv4, 53))
        listener.settimeout(20)
        for file in tmp_path.glob("*.zone"):
            name = zones.name_of(file)
            enable(axfrd, name, lab.listener, key=key[0])
            while True:
                wire, sender = listener.recvfrom(65535)
                request = dns.message.from_wire(wire, keyring=ring)
                listener.sendto(dns.message.make_response(request).to_wire(), sender)
                if request.opcode() == dns.opcode.NOTIFY and request.question[0].name.to_text() == f"{name}.":
                    break
            assert request.had_tsig
            (soa,) = request.answer
            served = axfrd.json("zone", "export", name)["text"]
            assert zones.Record.of(soa.name, soa.ttl, soa[0]) in zones.parse(served, name), name


def apex_servers(axfrd):
    return {record.split()[-1] for record in ask.records(ask.udp(axfrd.lab.client, ZONE, "NS", IPV4).answer)}


@pytest.fixture
def axfrd(new_lab, new_axfrd, zone_file):
    return new_axfrd(new_lab("client", "other"), zones=[zone_file(ZONE, 50)])


def test_the_ns_names_come_change_and_go_with_the_feature(axfrd, zone_file):
    before = apex_servers(axfrd)
    enable(axfrd, ZONE, axfrd.lab.other)
    assert apex_servers(axfrd) == before | set(NAMES)
    axfrd.ctl("zone", "import", zone_file(ZONE, 50))
    assert apex_servers(axfrd) == before | set(NAMES), "an import leaves them"
    edit(axfrd, ZONE, unset=["@ NS " + NAMES[0]], wait=0)
    assert apex_servers(axfrd) == before | set(NAMES), "so does an edit"
    axfrd.ctl("secondary", "edit", ZONE, "--ns", NAMES[1], "--ns", "ns3.secondary.example.")
    assert apex_servers(axfrd) == before | {NAMES[1], "ns3.secondary.example."}
    shown = axfrd.ctl("secondary", "disable", ZONE).stdout
    assert apex_servers(axfrd) == before and "registrar" in shown
    assert ZONE not in axfrd.ctl("secondary", "list").stdout
    axfrd.ctl("secondary", "enable", ZONE)
    assert apex_servers(axfrd) == before | {NAMES[1], "ns3.secondary.example."}, "what was stated is still known"


def test_settings_survive_a_kill(axfrd):
    enable(axfrd, ZONE, axfrd.lab.other)
    before = axfrd.json("secondary", "show", ZONE)
    axfrd.kill()
    axfrd.start()
    after = axfrd.json("secondary", "show", ZONE)
    assert (after["ns"], after["secondaries"]) == (before["ns"], before["secondaries"])


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ([], "no NS name"),
        (["--ns", "ns.example."], "no address"),
        (["--ns", "a..b", "--allow", "192.0.2.9"], "is not a domain name"),
        (["--ns", "ns.example.", "--ns", "NS.example", "--allow", "192.0.2.9"], "twice"),
        (["--ns", "ns.example.", "--allow", "192.0.2.9", "--allow", "192.0.2.9"], "twice"),
        (["--ns", "ns.example.", "--allow", "192.0.2.9/24"], "bits set behind its prefix"),
        (["--ns", "ns.example.", "--allow", IPV4], "address of this server"),
        (["--ns", "ns.example.", "--allow", "192.0.2.9=nokey"], "there is no key"),
        (["--ns", f"nowhere.{ZONE}", "--allow", "192.0.2.9"], "is inside the zone and has no address"),
        (["--ns", "ns.example.", "--allow", "192.0.2.9@0"], "is not a port"),
        (["--ns", "ns.example.", "--allow", "192.0.2.9", "--notify", "192.0.2.0/24"], "is a prefix"),
        (["--provider", "nobody"], "there is no provider"),
    ],
)
def test_mistakes_are_explained_and_change_nothing(axfrd, arguments, complaint):
    before = axfrd.json("zone", "show", ZONE)
    done = axfrd.ctl("secondary", "enable", ZONE, *arguments, check=False)
    assert done.returncode != 0 and complaint in done.stderr
    assert axfrd.json("zone", "show", ZONE) == before


def test_a_provider_is_named_once_and_used_for_many_zones(axfrd):
    axfrd.ctl("provider", "set", "p1", "--ns", NAMES[0], "--allow", axfrd.lab.other.ipv4, "--allow", "198.51.100.0/24")
    axfrd.ctl("secondary", "enable", ZONE, "--provider", "p1")
    shown = axfrd.ctl("secondary", "show", ZONE).stdout
    assert NAMES[0] in shown and "198.51.100.0/24" in shown
    axfrd.kill()
    axfrd.start()
    assert "p1" in axfrd.ctl("provider", "list").stdout
    assert "198.51.100.0/24" in axfrd.ctl("secondary", "show", ZONE).stdout
    assert axfrd.ctl("provider", "remove", "p1", check=False).returncode == 1, "a zone follows it"
    axfrd.ctl("zone", "remove", ZONE, "--yes")
    axfrd.ctl("provider", "remove", "p1")


def transfer_rcode(axfrd, key=None):
    query = dns.message.make_query(ZONE, "AXFR", flags=0)
    if key:
        query.use_tsig(dns.tsigkeyring.from_text({key[0]: ("hmac-sha256.", key[1])}), key[0])
    with axfrd.lab.other.inside():
        try:
            return dns.query.tcp(query, IPV4, timeout=PATIENCE, one_rr_per_rrset=True).rcode()
        except dns.tsig.PeerBadKey:
            return "BADKEY"
        except dns.tsig.PeerBadSignature:
            return "BADSIG"


def test_a_transfer_needs_the_address_and_the_key_and_explain_says_which(axfrd):
    old, new, strange = make_key(axfrd, "old.key"), make_key(axfrd, "new.key"), make_key(axfrd, "strange.key")

    def explained(*arguments):
        return axfrd.ctl("explain", ZONE, axfrd.lab.other.ipv4, *arguments).stdout

    assert transfer_rcode(axfrd) == dns.rcode.REFUSED and "not enabled" in explained()
    enable(axfrd, ZONE, axfrd.lab.client)
    assert transfer_rcode(axfrd) == dns.rcode.REFUSED and "no secondary of the zone has the address" in explained()
    enable(axfrd, ZONE, axfrd.lab.other, verb="edit")
    assert transfer_rcode(axfrd) == dns.rcode.NOERROR and explained().startswith("allowed")
    enable(axfrd, ZONE, axfrd.lab.other, key="old.key+new.key", verb="edit")
    assert transfer_rcode(axfrd) == dns.rcode.REFUSED and "has to sign" in explained()
    assert transfer_rcode(axfrd, strange) == dns.rcode.REFUSED and "has to sign" in explained("strange.key")
    assert transfer_rcode(axfrd, old) == dns.rcode.NOERROR == transfer_rcode(axfrd, new)
    assert explained("new.key").startswith("allowed")
    assert transfer_rcode(axfrd, ("old.key", strange[1])) == "BADSIG"
    assert transfer_rcode(axfrd, ("no.key", old[1])) == "BADKEY" and "BADKEY" in explained("no.key")
    assert "TSIG BADKEY" in axfrd.ctl("secondary", "status", ZONE).stdout, "the last one is shown"


def test_commit_says_who_does_not_have_it_in_time(axfrd):
    enable(axfrd, ZONE, axfrd.lab.other)
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, "new", "60", "A", "192.0.2.9")
    done = axfrd.ctl("zone", "commit", ZONE, "--wait", "1", check=False)
    assert done.returncode != 0 and "1 secondaries do not have it yet" in done.stderr
    wait_until(lambda: "no answer" in axfrd.ctl("secondary", "status", ZONE).stdout, "the NOTIFY to be given up")


def test_a_secondary_that_comes_back_is_told_at_once_also_after_a_restart(new_lab, new_axfrd, zone_file):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab, zones=[zone_file(ZONE, 50)])
    enable(axfrd, ZONE, lab.secondary)
    peer = Nsd(lab.secondary, [ZONE]).wait()
    wait_until(lambda: axfrd.json("secondary", "status", ZONE)["ledger"][0]["behind"] == 0, "the proof")
    peer.kill()
    serial = edit(axfrd, ZONE, set=["new 60 A 192.0.2.9"], wait=0)["serial"]
    wait_until(lambda: axfrd.stats()["notify"]["unanswered"] > 2, "NOTIFY to be given up for now")
    axfrd.kill()
    axfrd.start()
    assert axfrd.json("secondary", "status", ZONE)["ledger"][0]["behind"] != 0, "the debt survives"
    peer.start()
    wait_until(lambda: peer.serial(ZONE) == serial, "the change to arrive")
    # Proofs are stored once a second. If axfrd is killed before that, it sends NOTIFY again, and asks for the serial
    # some seconds later.
    for _ in range(3):
        wait_until(lambda: axfrd.json("secondary", "status", ZONE)["ledger"][0]["behind"] == 0, "the proof")
        time.sleep(2)
        axfrd.kill()
        axfrd.start()
        time.sleep(1)
        if axfrd.stats()["notify"]["sent"] == 0:
            return
    raise AssertionError("a secondary that has all is sent a NOTIFY")


def test_a_poll_by_the_packet_path_is_a_sign_of_life(axfrd):
    enable(axfrd, ZONE, axfrd.lab.other)
    line = axfrd.json("secondary", "status", ZONE)["ledger"][0]
    assert line["polled_at"] is None
    punted = axfrd.stats()["udp"]["queries"]
    ask.udp(axfrd.lab.other, ZONE, "SOA", IPV4)

    def polled():
        return axfrd.json("secondary", "status", ZONE)["ledger"][0]["polled_at"]

    wait_until(polled, "the poll to be in the ledger")
    assert axfrd.stats()["udp"]["queries"] == punted, "the kernel path saw nothing of it"
