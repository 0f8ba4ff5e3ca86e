"""Zones as providers have them: the SOA and NS of a customer's zone name the provider's servers.

These names share some labels with the apex: its top-level domain, its parent, or more; in the apex's letter case or in
another. tests/model/provider_zone.h does the same for the unit tests.
"""

import random

# Zones whose names do not say how the names in them relate. A file name, NAME.zone, has no room for 127 labels.
REVERSE = ("113.0.203.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
IDN = "xn--bcher-kva.example"
ONE_LABEL = "customer"
MANY_LABELS = ".".join("ab"[number % 3 % 2] for number in range(124)) + ".org"
LONG = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 43, "org"])

# A record of each type whose mnemonic NSD, Knot, BIND, PowerDNS and dnspython know. {name}: a name related to the apex.
TYPES = """\
t A 192.0.2.1
t AAAA 2001:db8::1
t AFSDB 1 {name}
t APL 1:192.0.2.0/25 !2:2001:db8::/32
t CAA 0 issue "ca.example.net"
t CDNSKEY 257 3 13 {key}
t CDS 1 13 2 {digest}
t CERT PKIX 1 8 AAAA
t CSYNC 1 3 A NS
t DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
t DNSKEY 256 3 13 {key}
t EUI48 00-00-5e-00-53-2a
t EUI64 00-00-5e-ef-10-00-00-2a
t HINFO "cpu" "os"
t HTTPS 1 {name} alpn=h2,h3
t IPSECKEY 10 0 2 . AQID
t KX 10 {name}
t LOC 51 30 12.748 N 0 7 39.611 W 0.00m 0.00m 0.00m 0.00m
t MX 10 {name}
t NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
t NAPTR 100 10 "S" "SIP+D2U" "" {name}
t OPENPGPKEY AQIDBA==
t PTR {name}
t RP {name} {name}
t SMIMEA 3 1 1 {digest}
t SRV 1 2 53 {name}
t SSHFP 4 2 {digest}
t SVCB 1 {name} alpn=h2 port=8443
t TLSA 3 1 1 {digest}
t TXT "one" "two"
t TYPE65280 \\# 4 01020304
t URI 10 1 "https://example.com/"
c CNAME {name}
d DNAME {name}
n NS {name}
n DS 1 13 2 {digest}
*.w MX 10 {name}
"""


def related(apex):
    """Relation → an absolute name that has this relation to the apex. Names in a SOA have one of these relations."""
    labels = apex.split(".")
    parent, top, two = ".".join(labels[1:]), labels[-1], ".".join(labels[-2:])

    def below(host, suffix):
        name = f"{host}.{suffix}." if suffix else f"{host}."
        return name if len(name) < 254 else f"{suffix}."

    return {
        "same-tld": below("ns1.provider", top),
        "two-labels": below("ns1.provider", two),
        "parent": f"{parent}.",
        "sibling": below("ns1.sibling", parent),
        "apex": f"{apex}.",
        "below": below("ns1", apex),
        "longer": below("a.primary.server.whose.name.has.more.labels.than.the.apex", apex),
        "other-case": below("NS1", apex.swapcase()),
        "other-case-above": below("ns1.provider", top.swapcase()),
        "vanity": below("ns1.dns", apex),
        "first-label": below(labels[0], "net"),
        "twice": below(apex, apex),
        "root": ".",
        "elsewhere": "ns1.elsewhere.test.",
    }


def zone(apex, mname, rname, records=(), servers=None):
    """Zone text. `servers`: NS names; by default MNAME and a name in another zone."""
    lines = [f"$ORIGIN {apex}.", "$TTL 3600", f"@ SOA {mname} {rname} 1 7200 3600 1209600 300"]
    for server in servers or sorted({mname, "ns2.elsewhere.test."} - {"."}):
        lines.append(f"@ NS {server}")
        if f".{server}".lower().endswith(f".{apex}."):
            lines.append(f"{server} A 192.0.2.53")
    return "\n".join([*lines, *records]) + "\n"


def records(apex, count, seed=0):
    """About `count` lines, whose names share labels with each other and with the apex."""
    pick = random.Random(f"{apex} {count} {seed}")
    names = list(related(apex).values())
    lines = ["www A 192.0.2.1", "@ MX 10 mail", "mail A 192.0.2.2"][:count]
    for number in range(len(lines), count):
        owner = f"host{number}" if pick.randrange(4) else f"a.host{pick.randrange(number)}"
        forms = ["A 192.0.2.1", "TXT text", "AAAA 2001:db8::1", "MX 10 {}", "NS {}", "PTR {}", "SRV 1 2 3 {}"]
        data = pick.choice(forms)
        lines.append(f"{owner} {data.format(pick.choice(names))}")
    return lines


def every_type(apex):
    """A record of each type under each of the related names; owners differ."""
    texts = []
    for number, name in enumerate(related(apex).values()):
        if name != ".":
            for line in TYPES.splitlines():
                owner, data = line.split(" ", 1)
                # NSD changes these names to lower case, although RFC 4034 section 6.2 does not list their types.
                name_here = name.lower() if data.startswith(("SVCB", "HTTPS")) else name
                texts.append(f"{owner}{number} " + data.format(name=name_here, key="A" * 86 + "==", digest="ab" * 32))
    return texts


def all_zones():
    """Name → zone text: each relation, with short and long apexes, and from one record to some thousand."""
    zones = {}
    for suffix, count in (("com", 3), ("co.uk", 40), ("b.c.example.org", 0)):
        for relation in related("x.y"):
            apex = f"{relation}.{suffix}"
            names = related(apex)
            zones[apex] = zone(apex, names[relation], names["same-tld"], records(apex, count))
            other = f"r-{apex}"
            zones[other] = zone(other, names["same-tld"], related(other)[relation], records(other, count))
    for apex in (*REVERSE, IDN, ONE_LABEL, LONG):
        names = related(apex)
        zones[apex] = zone(apex, names["same-tld"], names["parent"], records(apex, 20) if apex != LONG else [])
    zones["types.provider.com"] = zone(
        "types.provider.com", "ns1.provider.com.", "hostmaster.Provider.com.", every_type("types.provider.com")
    )
    for count in (1000, 20000):
        apex = f"large{count}.customer.com"
        zones[apex] = zone(apex, "ns1.provider.com.", "hostmaster.customer.com.", records(apex, count))
    return zones
