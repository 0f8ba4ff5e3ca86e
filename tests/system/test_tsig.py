"""Signed transfers of many lengths, verified by the software of secondaries. axfrd signs every message (RFC 8945)."""

import re

import dns.message
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import pytest

import zones
from lab import EVERYONE, IPV4
from peers import Bind, Knot, Nsd

ALGORITHMS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
# Records of a zone → messages of its transfer.
LENGTHS = {40: 1, 160: 2, 6_830: 50, 41_000: 300}


def zone_of(records):
    return f"records{records}.example"


@pytest.fixture
def axfrd(new_lab, new_axfrd, zone_file):
    lab = new_lab("client", "nsd", "knot", "bind")
    axfrd = new_axfrd(lab, zones=[zone_file(zone_of(records), records) for records in LENGTHS], allow_transfer=EVERYONE)
    axfrd.keys = {
        algorithm: (algorithm, axfrd.json("key", "generate", algorithm, "--algorithm", algorithm)["secret"], algorithm)
        for algorithm in ALGORITHMS
    }
    return axfrd


def complaints(done):
    return re.findall(r"(?im)^;.*(?:couldn't|could not|warning|error:|failed).*", done.stdout + done.stderr)


def dig(axfrd, name, key):
    """Transfers by dig. Returns the number of records and of messages, and dig's complaints."""
    algorithm = f"{key[2]}:{key[0]}:{key[1]}"
    done = axfrd.lab.client.run("dig", f"@{IPV4}", name, "AXFR", "-y", algorithm)
    size = re.search(r"XFR size: (\d+) records \(messages (\d+)", done.stdout)
    return int(size[1]), int(size[2]), complaints(done)


def kdig(axfrd, name, key):
    algorithm = f"{key[2]}:{key[0]}:{key[1]}"
    done = axfrd.lab.client.run("kdig", f"@{IPV4}", name, "AXFR", "-y", algorithm)
    size = re.search(r"\((\d+) messages?, (\d+) records\)", done.stdout)
    return int(size[2]), int(size[1]), complaints(done)


def dnspython(axfrd, name, key):
    ring = dns.tsigkeyring.from_text({key[0]: (key[2] + ".", key[1])})
    with axfrd.lab.client.connect(IPV4) as sock:
        request = dns.message.make_query(name, "AXFR", flags=0)
        request.use_tsig(ring, key[0])
        dns.query.send_tcp(sock, request)
        records = messages = 0
        context, soas = None, 0
        while soas < 2:
            response = dns.message.from_wire(
                zones.receive(sock), keyring=ring, request_mac=request.mac, tsig_ctx=context, multi=True,
                one_rr_per_rrset=True,
            )  # fmt: skip
            assert response.had_tsig
            context = response.tsig_ctx
            records, messages = records + len(response.answer), messages + 1
            soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in response.answer)
    return records, messages, []


@pytest.mark.parametrize("ask", [dig, kdig, dnspython])
def test_transfers_of_every_length_and_algorithm_are_signed_to_the_end(axfrd, ask):
    for records, messages in LENGTHS.items():
        for key in axfrd.keys.values():
            got, number, complaints = ask(axfrd, zone_of(records), key)
            assert complaints == []
            assert abs(number - messages) <= messages // 20, f"{records} records in {number} messages"
            assert got >= records


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_kind_of_secondary_takes_300_signed_messages(axfrd, algorithm):
    lab, name = axfrd.lab, zone_of(max(LENGTHS))
    kinds = {lab.nsd: Nsd, lab.knot: Knot, lab.bind: Bind}
    peers = [kind(host, [name], key=axfrd.keys[algorithm]) for host, kind in kinds.items()]
    for peer in peers:
        peer.wait()
    with lab.client.connect(IPV4) as sock:
        ours = zones.transfer(sock, name)
    assert zones.differences(ours, peers[0].copy(name)) == []
    used = next(key for key in axfrd.json("key", "list")["keys"] if key["key"].startswith(algorithm + "."))
    assert used["last_used"]
