"""Zones that are imported signed: every state of a rollover validates, and only changes by the signer are accepted."""

import concurrent.futures
import pathlib
import subprocess

import dns.name
import dns.rdatatype
import pytest

import compare
import signing
import zones
from control import Control
from lab import EVERYONE, IPV4
from peers import Bind, Knot, Nsd
from test_dnssec import ZONE, delv

RECORDED = 1796083200  # 1 December 2026, when the signatures of the recorded states were valid
ROLLOVERS = pathlib.Path(__file__).parent.parent / "data" / "rollover"
NAME = "rollover.test"
SOA = 6

QUESTIONS = [
    ("www", "A", ""), ("x.wild", "A", ""), ("www", "MX", "ncache nxrrset"), ("b.ent", "A", "ncache nxrrset"),
    ("x.wild", "AAAA", "ncache nxrrset"), ("signed", "DS", ""), ("nothing", "A", "ncache nxdomain"),
    ("x.b.ent", "A", "ncache nxdomain"),
]  # fmt: skip


def states(file):
    """The text of the zone in each state that the signer went through."""
    lines, all_states = [], []
    for line in file.read_text().splitlines():
        if line == "; step":
            all_states.append("\n".join(lines) + "\n")
        elif line.startswith("-"):
            lines.remove(line[1:])
        elif line.startswith("+"):
            lines.append(line[1:])
        elif line and line[0] not in ";$":
            lines.append(line)
    return [*all_states, "\n".join(lines) + "\n"]


def key_signing_keys(texts):
    return {line.split("DNSKEY ")[1] for text in texts for line in text.splitlines() if " DNSKEY 257 " in line}


@pytest.mark.parametrize("signer", ["bind", "knot"])
def test_denials_validate_in_every_state_of_a_rollover(new_lab, new_axfrd, tmp_path, signer):
    texts = states(ROLLOVERS / f"{signer}.steps")
    anchors = "".join(
        f'{NAME}. static-key {flags} {protocol} {algorithm} "{key}";\n'
        for flags, protocol, algorithm, key in (key.split(" ", 3) for key in key_signing_keys(texts))
    )
    anchor = tmp_path / "anchor"
    anchor.write_text(f"trust-anchors {{ {anchors} }};\n")
    file = tmp_path / f"{NAME}.zone"
    file.write_text(texts[0])
    axfrd = new_axfrd(new_lab("client"), zones=[file])
    wrong, every = [], max(1, len(texts) // 20)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number, text in enumerate(texts):
            file.write_text(text)
            axfrd.ctl("zone", "import", file)  # each step of the signer is accepted
            if number % every:
                continue
            asked = [(axfrd.lab.client, anchor, NAME, name, rdtype, RECORDED) for name, rdtype, _ in QUESTIONS]
            for question, said in zip(QUESTIONS, pool.map(lambda each: delv(*each), asked)):
                # An opt-out NSEC3 only proves that there is nothing signed (RFC 5155 section 9.2).
                proven = "fully validated" in said or "unsigned answer" in said
                if not proven or question[2] not in said:
                    wrong.append(f"state {number}: {question}: {said}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("signer", ["bind", "knot"])
def test_denials_are_those_of_the_peers_in_the_states_of_a_rollover(new_lab, new_axfrd, tmp_path, signer):
    """NSD, Knot and BIND follow as secondaries. If there are several chains, each peer may choose another one. Then
    they do not agree, and there is nothing to compare."""
    texts = states(ROLLOVERS / f"{signer}.steps")
    file = tmp_path / f"{NAME}.zone"
    file.write_text(texts[0])
    lab = new_lab("client", "nsd", "knot", "bind")
    axfrd = new_axfrd(lab, zones=[file])
    hosts = {"NSD": lab.nsd, "Knot": lab.knot, "BIND": lab.bind}
    allowed = [word for host in hosts.values() for word in ("--allow", host.ipv4)]
    axfrd.ctl("secondary", "enable", NAME, "--ns", f"ns1.{NAME}", *allowed)
    peers = [kind(host, [NAME]).wait() for kind, host in zip((Nsd, Knot, Bind), hosts.values())]
    servers = {"axfrd": (lab.client, IPV4), **{name: (host, "127.0.0.1") for name, host in hosts.items()}}
    asked = [(dns.name.from_text(f"{name}.{NAME}"), dns.rdatatype.from_text(rdtype)) for name, rdtype, _ in QUESTIONS]
    questions = [compare.Question(name.to_wire(), rdtype, 1232, True, True) for name, rdtype in asked]
    apexes = {dns.name.from_text(NAME).to_wire()}
    wrong, compared, agreed, every = [], 0, 0, max(1, len(texts) // 12)
    for number, text in enumerate(texts):
        file.write_text(text)
        axfrd.ctl("zone", "import", file)
        if number % every:
            continue
        serial = axfrd.json("zone", "show", NAME)["serial"]
        for peer in peers:
            peer.wait_to_serve(NAME, serial)
        answers = compare.ask_all(servers, questions)
        compared += len(questions)
        agreed += sum(len({answers[name][at].authority for name in hosts}) == 1 for at in range(len(questions)))
        found = compare.disagreements(questions, answers, "axfrd", apexes, lambda *_: False)
        wrong += [f"state {number}: {each}" for each in found]
    assert wrong == [], "\n".join(wrong[:20])
    assert agreed > compared // 2, "the peers agree in most states, or nothing was compared"


@pytest.fixture(params=["nsec", "nsec3"])
def signed(request, new_lab, new_axfrd, tmp_path):
    """axfrd with a signed zone, the name of the zone, its file, and a function that asks a validator."""
    name = f"{request.param}.test"
    file, key = signing.sign(tmp_path, name, ZONE, signing.CHAINS[request.param])
    anchor = tmp_path / "anchor"
    anchor.write_text(f'trust-anchors {{ {name}. static-key 257 3 13 "{key}"; }};\n')
    axfrd = new_axfrd(new_lab("client"), zones=[file], allow_transfer=EVERYONE)

    def validated(owner, rdtype):
        return "fully validated" in delv(axfrd.lab.client, anchor, name, owner, rdtype)

    return axfrd, name, file, validated


def refused(axfrd, *arguments):
    done = axfrd.ctl(*arguments, check=False)
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


def edit_is_refused(axfrd, name, **edits):
    try:
        Control(axfrd.socket).edit(name, **edits)
    except RuntimeError as error:
        Control(axfrd.socket).call("zone.abort", zone=name)
        return str(error)
    raise AssertionError("the edit was taken")


def sign_again(name, text, directory):
    """The file of the zone with other content, signed with the same keys as before."""
    unsigned, again = directory / "again.unsigned", directory / "again.zone"
    include = "".join(key.read_text() for key in sorted(directory.glob(f"K{name}.+*.key")))
    unsigned.write_text(f"$ORIGIN {name}.\n{text}{include}")
    command = ["dnssec-signzone", "-q", "-P", "-K", directory, "-d", directory, "-O", "full", "-o", name, "-f", again]
    options = signing.CHAINS[name.removesuffix(".test")]
    subprocess.run([*map(str, command), *options, str(unsigned)], check=True, capture_output=True)
    return again


def test_what_the_signer_did_not_make_is_refused_by_name(signed):
    axfrd, name, file, validated = signed
    assert f"www.{name}. A would be bogus" in edit_is_refused(axfrd, name, set=["www 3600 A 192.0.2.99"])
    assert f"new.{name}. A would be bogus" in edit_is_refused(axfrd, name, set=["new 3600 A 192.0.2.99"])
    assert f"www.{name}." in edit_is_refused(axfrd, name, unset=["www A"])
    assert "would be bogus" in edit_is_refused(axfrd, name, set=["new 3600 ALIAS www.example.net."])
    enable = ["secondary", "enable", name, "--ns", "ns1.secondary.example", "--allow", "192.0.2.101"]
    assert f"{name}. NS would be bogus" in refused(axfrd, *enable)
    file.write_text(file.read_text().replace("192.0.2.80", "192.0.2.81"))
    assert "would be bogus" in refused(axfrd, "zone", "import", file)
    assert validated("www", "A") and validated("", "SOA") and validated("nothing", "A")


def update_between(before, after):
    """The commands of nsupdate that change the records `before` into `after`."""
    removed = [f"update delete {each}".replace(f" {each.ttl} ", " ", 1) for each in before - after if each.type != SOA]
    return removed + [f"update add {each}" for each in after - before]


def test_what_the_signer_made_is_taken_by_update_and_by_import(signed, tmp_path):
    axfrd, name, file, validated = signed
    text = ZONE.replace("hostmaster 1 ", "hostmaster 2 ").replace("192.0.2.80", "192.0.2.81") + "new A 192.0.2.90\n"
    before = set(zones.parse(file.read_text(), name))
    after = set(zones.parse(sign_again(name, text, tmp_path).read_text(), name))
    secret = axfrd.ctl("key", "generate", "signer").stdout.splitlines()[-1].removeprefix("secret: ")
    axfrd.ctl("key", "grant", "signer", name)

    def update(lines):
        script = "\n".join([f"server {IPV4}", f"zone {name}", *lines, "send", ""])
        command = ["nsupdate", "-v", "-y", f"hmac-sha256:signer:{secret}"]
        return axfrd.lab.client.run(*command, input=script, check=False).returncode == 0

    lines = update_between(before, after)
    without_one = [line for line in lines if not line.startswith(f"update add www.{name}. ") or " RRSIG A " not in line]
    assert len(without_one) == len(lines) - 1 and not update(without_one)
    axfrd.logs(f"www.{name}. A would be bogus")
    assert update(lines), axfrd.log()[-2000:]
    assert validated("new", "A") and validated("www", "A") and validated("", "SOA") and validated("zzz", "A")
    with axfrd.lab.client.connect(IPV4) as sock:
        assert zones.differences(sorted(after), zones.transfer(sock, name)) == []
    assert "SOA would be bogus" in refused(axfrd, "zone", "rollback", name, "1")
    file.write_text(sign_again(name, text.replace("hostmaster 2 ", "hostmaster 3 "), tmp_path).read_text())
    axfrd.ctl("zone", "import", file)
    assert validated("new", "A") and validated("", "SOA") and validated("yyy", "A")
