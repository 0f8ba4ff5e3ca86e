#!/usr/bin/python3
"""Writes the seeds of the fuzzers, corpus/NAME/*: one input of each kind, which libFuzzer and replay.cc mutate."""

import pathlib
import random
import struct
import unittest.mock

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.tsig
import dns.update

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(fuzzer, name, octets):
    directory = CORPUS / fuzzer
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(octets)


def query(qname, qtype, rdclass="IN", **options):
    message = dns.message.make_query(qname, qtype, rdclass, **options)
    message.id = 0x1234
    return message


def ixfr(serial):
    message = query("large.example", "IXFR")
    soa = f"large.example. 60 IN SOA ns.large.example. admin.large.example. {serial} 2 3 4 5"
    message.authority.append(dns.rrset.from_text(*soa.split(" ", 4)))
    return message


def queries():
    def with_options(qname, qtype, *options):
        options = [dns.edns.GenericOption(code, data) for code, data in options]
        return query(qname, qtype, use_edns=0, options=options)

    cookie_alone = with_options("example", "SOA", (10, b"clients."))
    cookie_alone.question = []
    return {
        "a": query("ns.example", "A"),
        "any": query("example", "ANY"),
        "axfr": query("large.example", "AXFR"),
        "badvers": query("example", "SOA", use_edns=1),
        "chaos": query("id.server", "TXT", "CH"),
        "class-any": query("ns.example", "A", "ANY"),
        "cname": query("www.example", "A"),
        "cname-loop": query("loop.example", "A", want_dnssec=True),
        "cookie": with_options("ns.example", "A", (10, b"clients.")),
        "cookie-alone": cookie_alone,
        "cookie-whole": with_options("nothing.example", "A", (10, b"clients.\1" + bytes(15)), (10, b"second")),
        "delegation": query("a.cut.example", "A", want_dnssec=True),
        "dname": query("a.tree.example", "A"),
        "ds": query("cut.example", "DS", want_dnssec=True),
        "escapes": query(r"\000\255.example", "A"),
        "expire": with_options("example", "SOA", (9, b""), (19, b"")),
        "foreign": query("www.elsewhere.test", "A"),
        "ixfr": ixfr(10),
        "keepalive": with_options("example", "SOA", (11, b"")),
        "large": query("big.large.example", "TXT", use_edns=0, payload=4096),
        "mx": query("example", "MX", use_edns=0, payload=1232),
        "nodata": query("deep.name.example", "A"),
        "nsid": with_options("example", "NS", (3, b""), (100, b"unknown")),
        "nxdomain": query("nothing.example", "A"),
        "provider-ns": query("large.example", "NS"),
        "provider-nxdomain": query("nothing.LARGE.example", "A", want_dnssec=True),
        "provider-soa": query("Large.Example", "SOA"),
        "wildcard": query("a.b.wild.example", "A"),
        "wildcard-cname": query("a.alias.example", "AAAA"),
    }


def checksum(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


OUR_MAC, PEER_MAC = bytes.fromhex("020000000053"), bytes.fromhex("020000000101")
OURS4, PEER4 = bytes([192, 0, 2, 53]), bytes([192, 0, 2, 101])
OURS6, PEER6 = (bytes.fromhex("20010db8" + "0" * 20) + struct.pack("!H", last) for last in (0x53, 0x101))


def udp(source, destination, payload):
    size = 8 + len(payload)
    head = struct.pack("!HHH", 40000, 53, size)
    pseudo = source + destination + struct.pack("!HH", 17, size)
    return head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + payload)) + payload


def ipv4(protocol, payload):
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol)
    return head + struct.pack("!H", checksum(head + b"\0\0" + PEER4 + OURS4)) + PEER4 + OURS4 + payload


def ipv6(protocol, payload, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + PEER6 + OURS6 + payload


def frame(ethertype, payload, tags=b"", destination=OUR_MAC):
    return destination + PEER_MAC + tags + struct.pack("!H", ethertype) + payload


def frames():
    ask = query("ns.example", "A", use_edns=0).to_wire()
    v4, v6 = ipv4(17, udp(PEER4, OURS4, ask)), ipv6(17, udp(PEER6, OURS6, ask))
    tcp = struct.pack("!HHIIHHHH", 40000, 53, 1, 0, 0x5002, 1024, 0, 0)
    return {
        "arp": frame(0x0806, bytes(28), destination=b"\xff" * 6),
        "fragment": frame(0x86DD, ipv6(44, bytes(8))),
        "icmp": frame(0x0800, ipv4(1, bytes(8))),
        "neighbour": frame(0x86DD, ipv6(58, bytes([135]) + bytes(23), hops=255)),
        "padded": frame(0x0800, v4 + bytes(20)),
        "tagged": frame(0x86DD, v6, tags=bytes([0x81, 0, 0, 7])),
        "tcp": frame(0x0800, ipv4(6, tcp)),
        "transfer": frame(0x0800, ipv4(17, udp(PEER4, OURS4, query("example", "AXFR").to_wire()))),
        "v4": frame(0x0800, v4),
        "v6": frame(0x86DD, v6),
    }


def update(change):
    message = dns.update.UpdateMessage("example", id=0x1234)
    change(message)
    return message.to_wire()


def updates():
    def mixed(u):
        u.present("mail", "A", "192.0.2.2")
        u.absent("nothing")
        u.add("a", 60, "MX", "10 b.example.")
        u.delete("mail", "A", "192.0.2.3")
        u.delete("www", "CNAME")
        u.delete("ns")

    def provider(u):
        u.add("@", 60, "SOA", "ns1.provider.example. admin.Provider.EXAMPLE. 20 2 3 4 5")
        u.add("@", 60, "NS", "ns1.provider.example.")
        u.add("WWW.new", 60, "MX", "1 Example.")

    return {
        "add": update(lambda u: u.add("new", 60, "A", "192.0.2.9")),
        "alias": update(lambda u: u.add("www", 60, "TXT", "beside a CNAME")),
        "mixed": update(mixed),
        "ns": update(lambda u: u.delete("@", "NS")),
        "present": update(lambda u: u.present("ns", "A")),
        "replace": update(lambda u: u.replace("ns", 60, "A", "192.0.2.8")),
        "provider": update(provider),
        "soa": update(lambda u: u.add("@", 60, "SOA", "ns admin 20 2 3 4 5")),
    }


def signed(name, algorithm):
    message = query("ns.example", "A")
    message.use_tsig(dns.tsig.Key(name, bytes([7] * 32), algorithm), keyname=name)
    with unittest.mock.patch("time.time", return_value=1_700_000_000):  # the time that the fuzzer uses
        return message.to_wire()


def notify_response(rcode=0):
    message = dns.message.make_response(query("example", "SOA"))
    message.flags |= dns.flags.AA
    message.set_rcode(rcode)
    message.answer.append(dns.rrset.from_text("example.", 60, "IN", "SOA", "ns.example. admin.example. 10 2 3 4 5"))
    return message.to_wire()


def delegations():
    """A referral, the answer of a server of both zones, and NXDOMAIN."""
    referral, both, none = (dns.message.make_response(query("example", "NS")) for _ in range(3))
    servers = dns.rrset.from_text("example.", 60, "IN", "NS", "ns1.acme.test.", "ns2.acme.test.")
    referral.authority.append(servers)
    both.answer.append(servers)
    none.authority.append(dns.rrset.from_text(".", 60, "IN", "SOA", "a.root.test. admin.test. 10 2 3 4 5"))
    none.set_rcode(3)
    for message in (both, none):
        message.flags |= dns.flags.AA
    return {"referral": referral.to_wire(), "both": both.to_wire(), "none": none.to_wire()}


def transfers():
    """Random octets of several lengths. transfer_fuzz.cc makes its choices by them; single octets have no meaning."""
    sizes = (0, 20, 60, 150, 300, 600, 1000, 1500, 2000, 3000, 4000)
    return {str(size): random.Random(size).randbytes(size) for size in sizes}


def streams():
    def framed(*messages):
        return b"".join(struct.pack("!H", len(message)) + message for message in messages)

    asked = {name: message.to_wire() for name, message in queries().items()}
    pair = framed(asked["a"], asked["mx"])
    return {
        "at-once": bytes([1, 0]) + pair,
        "by-octets": bytes([1, 31]) + bytes([1] * 31) + pair,
        "empty-frame": bytes([1, 1, 2]) + framed(b"", asked["a"]),
        "ends-early": bytes([1, 1, 40]) + pair[:-1],
        "interleaved": bytes([0, 1, 120]) + framed(asked["axfr"], asked["a"], asked["ixfr"], asked["large"]),
        "not-a-request": bytes([0, 2, len(pair) // 2, 9]) + pair + framed(notify_response()),
        "transfers": bytes([0, 0]) + framed(*[asked["axfr"]] * 20),
        "update": bytes([1, 0]) + framed(updates()["add"], signed("key", dns.tsig.HMAC_SHA256)),
    }


ZONES = {
    "plain": "$TTL 1h\n@ SOA ns admin (\n 10 ; serial\n 2h 3m 4w 5 )\n@ NS ns\nns A 192.0.2.1\n AAAA 2001:db8::1\n",
    "directives": "$ORIGIN a.example.\n$TTL 60\nexample. SOA ns admin 1 2 3 4 5\n@ 5 IN TXT \"a;b\" c\\\"d \\065\n",
    "pseudo": "$TTL 60\n@ SOA . . 1 2 3 4 5\n@ ALIAS target.test.\nold URL \"https://target.test/a b\"\n",
    "provider": "$TTL 60\n@ SOA ns1.provider. hostmaster.EXAMPLE. 1 2 3 4 5\n@ NS ns1.example.\n"
                "WWW.EXAMPLE. MX 1 example.\nmail MX 2 WWW.Example.\n",
    "types": "$TTL 60\n@ SOA . . 1 2 3 4 5\na TYPE65280 \\# 3 00ff41\nb CAA 0 issue \"ca\"\nc SRV 1 2 3 d\n"
             "e NSEC f A TXT\ng DS 1 13 2 " + "00" * 32 + "\nh LOC 1 N 2 E 3m\ni CERT 0 1 2 AAAA\n",
    "many-types": "$TTL 60\n@ SOA . . 1 2 3 4 5\n" + "".join(f"{number} {record}\n" for number, record in enumerate([
        "AFSDB 1 b", "APL 1:192.0.2.0/25 !2:2001:db8::/32", 'CAA 0 issue "ca.test; a=b"', "CDNSKEY 0 3 0 AA==",
        "CDS 0 0 0 00", "CERT PKIX 1 8 AAAA", "CSYNC 1 3 A NS", "DHCID AAIBY2/AuCccgoJb", "DNAME b",
        "DNSKEY 257 3 13 AAAA AAAA", "EUI48 00-00-5e-00-53-2a", "EUI64 00-00-5e-ef-10-00-00-2a", 'GPOS 1 2 "3"',
        "HINFO a b", "HIP 2 2001 AAAA b.", "HTTPS 1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 ech=AA==",
        "IPSECKEY 1 0 2 . AAAA", "IPSECKEY 1 1 2 192.0.2.1 AAAA", "IPSECKEY 1 2 2 ::1 AAAA", "IPSECKEY 1 3 2 b AAAA",
        "ISDN 1 2", "KEY 0 0 1 AAAA", "KX 1 b", "L32 1 10.1.2.0", "L64 1 1:2:3:4", "LOC 1 2 3 N 4 5 6 E 7m 8m 9m 10m",
        "LP 1 b", "MINFO b c", 'NAPTR 1 2 "S" "SIP" "" b', "NID 1 1:2:3:4", "NSAP 0x47.00", "NSEC b A TYPE65280",
        "NSEC3 1 0 0 aabb 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A", "NSEC3PARAM 1 0 0 -", "OPENPGPKEY AAAA", "PTR b",
        "PX 1 b c", "RP b c", "RRSIG A 13 2 60 20300101000000 20200101000000 1 b AAAA", "RT 1 b", "SMIMEA 3 0 0 00",
        "SPF x", "SRV 1 2 3 b", "SSHFP 1 1 " + "00" * 20, "SVCB 1 . mandatory=alpn alpn=h2 key65333=x", "TALINK b c",
        "TLSA 3 1 1 00", "URI 1 2 \"ftp://b\"", "WKS 192.0.2.1 tcp smtp", "X25 1234", "ZONEMD 1 1 1 " + "00" * 48])),
    "newer-types": "$TTL 60\n@ SOA . . 1 2 3 4 5\n" + "".join(f"{number} {record}\n" for number, record in enumerate([
        "A6 64 ::1 b", "AMTRELAY 10 0 1 192.0.2.1", "AMTRELAY 10 1 3 b", "ATMA +123", "ATMA 00.ff", "AVC x", "BRID AAAA",
        "CLA x", "CSYNC 0 0", 'DOA 1 2 3 "" -', "DSYNC CDS NOTIFY 5359 b", "HHIT AAAA", "IPN 3026", "NINFO x",
        'NAPTR 1 2 "U" "x" "!^(a|[[:digit:]_-]{1,3})+$!\\\\1!i" .', "NSAP-PTR b", "NULL \\# 0", "RESINFO exterr=15-17",
        "RKEY 0 1 5 AAAA", "SINK 1 2 3 AAAA", 'SVCB 1 b alpn="a\\\\,b" dohpath=/{?dns} key667="x y"', "TA 1 8 9 00",
        "WALLET BTC x"])),
    "octets": "$TTL 60\n@ SOA . . 1 2 3 4 5\na A \\# 4 c0 000201\nb CAA \\# 7 00056973737565\nc TXT x \\#y\n"
              "d TYPE65280 \\# 0\n",
    "generate": "$TTL 60\n@ SOA . . 1 2 3 4 5\n$GENERATE 1-2 a$ A 192.0.2.$\n$GENERATE 8-12/2 $$${0,3,x}.${1,5,n} 1h IN "
                "CNAME h${-8,2,o}.${0,4,N}\\$\n$GENERATE 5-6 t TXT \"a \\\"$\\\" b\"\n\\000\\255.* A 1.2.3.4\n",
    "include": "$TTL 60\n@ SOA . . 1 2 3 4 5\na A 192.0.2.1\n$INCLUDE one sub\n TXT \"a\"\n$include \"two\"\n%%\n"
               "\tAAAA ::1\nb MX 1 c\n$ORIGIN d\n$INCLUDE three\n%%\ne A 192.0.2.2\n%%\nf NS @\n",
    "ttls": "@ SOA . . 1 2 3 4 2147483648\n@ NS ns\na 1H30m A 192.0.2.1\na 4294967295 A 192.0.2.2\n$TTL 2w3D\nb IN 5 A 192.0.2.3\n",
    "windows": "\ufeff@ IN SOA . . ( 10 900 600 86400 3600 ) ; x\r\nd [AGE:3634093] 600 A 192.0.2.35\r\n  [AGE:1] 600 A 192.0.2.36"
               "\r\nns.other. A 192.0.2.1\r\n",
}

EDITS = {
    "add": "new A 192.0.2.9\n@ 30 MX 20 mail\nwww TXT beside\n",
    "alias": "@ ALIAS target.test.\nold URL \"https://target.test/\"\n@ A 192.0.2.1\n- @ ALIAS\n",
    "remove": "- mail A 192.0.2.2\n- www\n- ns AAAA\n- cut\nwww A 192.0.2.7\n",
    "provider": "@ SOA ns1.provider.example. Admin.EXAMPLE. 20 2 3 4 5\n@ NS ns1.provider.example.\nWWW.Example. MX 1 example.\n",
    "soa": "@ SOA ns admin 20 2 3 4 5\n- @ NS ns.elsewhere.test.\n",
}

LINES = {
    "import": r'{"jsonrpc":"2.0","id":1,"method":"zone.import","params":{"zone":"a","text":"@ A \u0000\ud83d\ude00"}}',
    "parts": r'{"jsonrpc":"2.0","id":1,"method":"zone.import","params":{"zone":"a","parts":[{"file":"f","text":"@ 1 SOA . . 1 1 1 '
             r'1 1\n$INCLUDE g\n$INCLUDE h\n$GENERATE 1-2 a$ TXT $\n","includes":[{"line":2,"part":1},{"line":3,"problem":"p"}]},'
             r'{"file":"g","text":"a A 192.0.2.1\n","remark":"r","remark_line":1}]}}',
    "notification": '{"jsonrpc":"2.0","method":"stop"}',
    "secondary": '{"jsonrpc":"2.0","id":"x","method":"secondary.enable","params":{"zone":"example","ns":"ns.a.,ns.b",'
                 '"allow":"192.0.2.1,2001:db8::/64@5353","notify":"192.0.2.1@5300"}}',
    "grant": '{"jsonrpc":"2.0","id":null,"method":"key.grant","params":{"key":"k","zone":"*","names":"*.a",'
             '"types":"A,TXT","peer":"192.0.2.0/24=old.key+new.key"}}',
    "nested": '{"jsonrpc":"2.0","id":[[[[]]]],"method":7,"params":[{"a":1e400}]}',
}


def http(method, target, body="", chunked=False):
    data = body.encode()
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(data)
    content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data) if chunked else data
    return f"{method} {target} HTTP/1.1\r\nX-API-Key: k\r\n".encode() + length + b"\r\n\r\n" + content


PATCH = (
    '{"rrsets":[{"name":"www.example.","type":"A","ttl":60,"changetype":"REPLACE","records":[{"content":"192.0.2.1"}]},'
    '{"name":"al.example.","type":"ALIAS","ttl":60,"changetype":"EXTEND","records":[{"content":"a.test."}]},'
    '{"name":"mail.example.","type":"MX","changetype":"DELETE","records":null},'
    '{"name":"t.example.","type":"TXT","ttl":60,"changetype":"PRUNE","records":[{"content":"\\"x\\""}],"comments":[]}]}'
)
ZONE_BODY = (
    '{"name":"new.example.","kind":"Native","nameservers":["ns.test."],"soa_edit_api":"DEFAULT",'
    '"rrsets":[{"name":"a.new.example.","type":"AAAA","ttl":1,"records":[{"content":"::1","disabled":false}]}]}'
)
REQUESTS = {
    "patch": b"\7" + http("PATCH", "/api/v1/servers/localhost/zones/=5Fa.example.?wait=1", PATCH),
    "chunked": b"\xff" + http("PATCH", "/", PATCH, chunked=True),
    "zone": b"\xff" + http("POST", "/api/v1/servers/localhost/zones", ZONE_BODY),
    "pipelined": b"\1" + http("GET", "/healthz") + http("GET", "/%41?b=%20+c&d"),
}

DAMAGES = {
    "none-small": bytes([1]),
    "none-large": bytes([0]),
    "zone": bytes([1]) + bytes([0, 60, 1, 0xFF]),
    "order": bytes([2]) + bytes([0, 3, 1, 1, 0, 7, 16 | 64]),
    "step": bytes([4]) + bytes([0, 15, 1, 2, 0, 40, 9, 0]),
    "page": bytes([6]) + bytes([0, 20, 2, 0xC0, 0x0C, 0, 40, 1, 0]),
    "page-behind": bytes([8]) + bytes([0, 3, 1, 9]),
}


def main():
    for name, message in queries().items():
        wire = message.to_wire()
        write("query", name, b"\0\x04\xD0" + wire)
        if name in ("axfr", "ixfr", "large", "any", "keepalive"):
            write("query", name + "-tcp", b"\1\xFF\xFF" + wire)
    for name, octets in frames().items():
        write("frame", name, b"\0" + octets)
    write("frame", "verified", b"\3" + frames()["v4"])
    for name, octets in updates().items():
        write("update", name, octets)
    write("tsig", "sha256", signed("key", dns.tsig.HMAC_SHA256))
    write("tsig", "md5", signed("old.key", dns.tsig.HMAC_MD5))
    write("tsig", "unsigned", query("ns.example", "A").to_wire())
    for name, octets in delegations().items():
        write("delegation", name, octets)
    write("notify", "serial", notify_response())
    write("notify", "refused", notify_response(5))
    write("name", "wire", dns.name.from_text("WWW.example").to_wire() + dns.name.from_text("a.Www.Example").to_wire())
    write("name", "pointers", b"\3www\7example\0" + b"\1a\xC0\4" + b"\xC0\x0D")
    write("name", "text", rb"\000\255a\.b.*.Example.")
    for fuzzer, seeds in (("zonefile", ZONES), ("edit", EDITS), ("rpc", LINES)):
        for name, text in seeds.items():
            write(fuzzer, name, text.encode())
    for name, octets in REQUESTS.items():
        write("http", name, octets)
    for name, octets in streams().items():
        write("stream", name, octets)
    for name, octets in transfers().items():
        write("transfer", name, octets)
    for name, octets in DAMAGES.items():
        write("disk", name, octets)


main()
