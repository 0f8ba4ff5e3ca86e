"""Signed zones, queried by a validator that trusts only the zone's own key (delv of BIND)."""

import concurrent.futures

import signing
from lab import BUILD, IPV4

ZONE = """
$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.53
www A 192.0.2.80
www AAAA 2001:db8::80
alias CNAME www
*.wild A 192.0.2.1
*.walias CNAME www
a.b.ent A 192.0.2.2
old DNAME new
x.new A 192.0.2.3
signed NS ns.signed
signed DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.signed A 192.0.2.4
unsigned NS ns.unsigned
ns.unsigned A 192.0.2.5
deep.down NS ns.deep.down
ns.deep.down A 192.0.2.6
"""

# Names and types. delv prints `resolution failed: ncache nx…` when it has validated a negative answer.
POSITIVE = [
    ("", "SOA"), ("", "DNSKEY"), ("www", "A"), ("www", "AAAA"), ("alias", "A"), ("alias", "CNAME"), ("x.wild", "A"),
    ("y.x.wild", "A"), ("x.walias", "AAAA"), ("old", "DNAME"), ("x.old", "A"), ("signed", "DS"),
]  # fmt: skip
NO_DATA = [
    ("", "MX"), ("www", "MX"), ("x.wild", "AAAA"), ("ent", "A"), ("b.ent", "A"), ("*.wild", "MX"),
    ("unsigned", "DS"), ("deep.down", "DS"), ("alias", "NSEC3PARAM"), ("x.walias", "MX"), ("x.old", "MX"),
]  # fmt: skip
NO_NAME = [("nothing", "A"), ("x.www", "A"), ("x.b.ent", "A"), ("nothing.old", "A"), ("zzz", "TXT"), ("00", "A")]


def delv(client, anchor, zone, name, rdtype, at=None):
    """The output of the validator. `at`: its time in place of today's, in seconds since 1970."""
    name = f"{name}.{zone}." if name else f"{zone}."
    clock = ["env", f"LD_PRELOAD={BUILD / 'tests' / 'system' / 'clock.so'}", f"CLOCK={at}"] if at else []
    done = client.run(*clock, "delv", f"@{IPV4}", "-a", anchor, f"+root={zone}", name, rdtype, check=False)
    return done.stdout + done.stderr


def insecure(zone, name):
    """What delv prints for an insecure answer, or else a text that it never prints. RFC 5155 section 9.2: a wildcard
    answer is insecure if an opt-out NSEC3 covers the next closer name."""
    return "unsigned answer" if zone == "optout.test" and name.startswith(("x.", "y.")) else "no exception"


def test_a_validator_accepts_every_kind_of_answer(new_lab, new_axfrd, tmp_path):
    files, questions = [], []
    for chain, options in signing.CHAINS.items():
        zone, anchor = f"{chain}.test", tmp_path / f"{chain}.anchor"
        file, key = signing.sign(tmp_path, zone, ZONE, options)
        anchor.write_text(f'trust-anchors {{ {zone}. static-key 257 3 13 "{key}"; }};\n')
        files.append(file)
        for kind, verdict in ((POSITIVE, ""), (NO_DATA, "ncache nxrrset"), (NO_NAME, "ncache nxdomain")):
            questions += [(verdict, anchor, zone, name, rdtype) for name, rdtype in kind]
    lab = new_lab("client")
    new_axfrd(lab, zones=files)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda question: delv(lab.client, *question[1:]), questions))
    wrong = [
        f"{question[2:]}: {text}"
        for question, text in zip(questions, said)
        if "fully validated" not in text.replace(insecure(*question[2:4]), "fully validated") or question[0] not in text
    ]
    assert not wrong, "\n".join(wrong)
