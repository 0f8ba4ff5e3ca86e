"""DNS UPDATE and TSIG, with common tools and libraries."""

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import dns.zone
import pytest

import provider_zones
import zones
from ask import served
from lab import EVERYONE, IPV4, PATIENCE

ZONE = "example.com"


def make_key(axfrd, name, algorithm="hmac-sha256"):
    lines = axfrd.ctl("key", "generate", name, "--algorithm", algorithm).stdout.splitlines()
    return lines[-1].removeprefix("secret: ")


@pytest.fixture
def secret(axfrd):
    """The secret of a key that may change everything in example.com."""
    secret = make_key(axfrd, "admin")
    axfrd.ctl("key", "grant", "admin", ZONE)
    return secret


def nsupdate(axfrd, secret, commands, *options, key="admin", tool="nsupdate", algorithm="hmac-sha256"):
    """Sends commands by nsupdate. Returns its output, and whether the server accepted them."""
    arguments = [tool, *options, "-y", f"{algorithm}:{key}:{secret}"]
    script = f"server {IPV4}\nzone {ZONE}\n{commands}\nsend\n"
    done = axfrd.lab.client.run(*arguments, input=script, check=False)
    return done.stdout + done.stderr, done.returncode == 0


@pytest.mark.parametrize("tool", ["nsupdate", "knsupdate"])
@pytest.mark.parametrize("transport", [(), ("-v",)])
def test_tools_change_a_zone(axfrd, secret, tool, transport):
    commands = f"update add {tool}.{ZONE}. 300 A 192.0.2.77\nupdate delete www.{ZONE}."
    output, agreed = nsupdate(axfrd, secret, commands, *transport, tool=tool)
    assert agreed, output
    assert served(axfrd, f"{tool}.{ZONE}") == [f"{tool}.{ZONE}. A 192.0.2.77"]
    assert served(axfrd, f"www.{ZONE}") == []
    assert "2024010101" in axfrd.ctl("zone", "history", ZONE).stdout
    assert "admin." in axfrd.ctl("key", "list").stdout


@pytest.mark.parametrize("tool", ["nsupdate", "knsupdate"])
def test_tools_change_a_customers_zone_whose_names_share_labels(new_lab, new_axfrd, tmp_path, tool):
    names = list(provider_zones.related("customer.com").values())
    text = provider_zones.zone("customer.com", names[0], names[5], provider_zones.records("customer.com", 100))
    (tmp_path / "customer.com.zone").write_text(text)
    axfrd = new_axfrd(new_lab("client"), zones=[tmp_path / "customer.com.zone"], allow_transfer=EVERYONE)
    secret = make_key(axfrd, "admin")
    axfrd.ctl("key", "grant", "admin", "customer.com")
    for verb in ("add", "delete"):
        lines = [f"update {verb} x{number}.customer.com. 60 MX 1 {name}" for number, name in enumerate(names)]
        lines += [f"update {verb} customer.com. 3600 NS {name}" for name in names if name not in (".", names[0])]
        script = f"server {IPV4}\nzone customer.com\n" + "\n".join(lines) + "\nsend\n"
        arguments = [tool, "-y", f"hmac-sha256:admin:{secret}"]
        done = axfrd.lab.client.run(*arguments, input=script, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with axfrd.lab.client.connect(IPV4) as sock:
            served = zones.transfer(sock, "customer.com")
        exported = zones.parse(axfrd.json("zone", "export", "customer.com")["text"], "customer.com")
        assert zones.differences(exported, served) == []
        exchanges = sum(record.owner.startswith("x") and record.type == dns.rdatatype.MX for record in served)
        assert exchanges == (len(names) if verb == "add" else 0)


def test_nothing_is_changed_when_a_prerequisite_fails(axfrd, secret):
    commands = f"prereq nxdomain www.{ZONE}.\nupdate add new.{ZONE}. 300 A 192.0.2.77"
    output, agreed = nsupdate(axfrd, secret, commands)
    assert not agreed and "YXDOMAIN" in output
    commands = f"prereq yxrrset www.{ZONE}. A 192.0.2.250\nupdate add new.{ZONE}. 300 A 192.0.2.77"
    output, agreed = nsupdate(axfrd, secret, commands)
    assert not agreed and "NXRRSET" in output
    assert served(axfrd, f"new.{ZONE}") == []


def test_updates_without_a_key_or_with_a_wrong_one_are_refused(axfrd, secret):
    update = dns.update.UpdateMessage(ZONE)
    update.add("new", 300, "A", "192.0.2.77")
    with axfrd.lab.client.inside():
        assert dns.query.udp(update, IPV4, timeout=PATIENCE).rcode() == dns.rcode.REFUSED
    output, agreed = nsupdate(axfrd, secret, f"update add new.{ZONE}. 300 A 192.0.2.77", key="nobody")
    assert not agreed and "BADKEY" in output
    wrong = make_key(axfrd, "other")
    output, agreed = nsupdate(axfrd, wrong, f"update add new.{ZONE}. 300 A 192.0.2.77")
    assert not agreed and "BADSIG" in output
    assert served(axfrd, f"new.{ZONE}") == []


def test_a_key_changes_only_what_it_was_granted(axfrd):
    secret = make_key(axfrd, "acme", "hmac-sha512")
    add = "update add {} 60 {}"
    challenge = add.format(f"_acme-challenge.{ZONE}.", 'TXT "token"')
    refused = lambda commands: "REFUSED" in nsupdate(axfrd, secret, commands, key="acme", algorithm="hmac-sha512")[0]
    assert refused(challenge), "no grant yet"
    axfrd.ctl("key", "grant", "acme", ZONE, "--names", f"_acme-challenge.{ZONE}", "--types", "TXT")
    assert not refused(challenge)
    assert served(axfrd, f"_acme-challenge.{ZONE}", "TXT") == [f'_acme-challenge.{ZONE}. TXT "token"']
    assert refused(add.format(f"_acme-challenge.{ZONE}.", 'HINFO "a" "b"'))
    assert refused(add.format(f"www.{ZONE}.", 'TXT "x"'))
    assert refused(f"{challenge}2\n" + add.format(f"www.{ZONE}.", "A 192.0.2.1")), "all or nothing"
    axfrd.ctl("key", "revoke", "acme", ZONE)
    assert refused(challenge)


def test_keys_and_grants_survive_a_restart(axfrd, secret):
    axfrd.kill()
    axfrd.start()
    output, agreed = nsupdate(axfrd, secret, f"update add new.{ZONE}. 300 A 192.0.2.77")
    assert agreed, output
    listed = axfrd.ctl("key", "list").stdout
    assert "admin." in listed and secret not in listed


@pytest.mark.parametrize("algorithm", ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_signed_transfers_are_signed_in_every_message(axfrd, zone_file, algorithm):
    axfrd.ctl("zone", "import", zone_file("big.example", 5000))
    ring = dns.tsigkeyring.from_text({"k.": (algorithm + ".", make_key(axfrd, "k", algorithm))})
    query = dns.message.make_query("big.example", "AXFR")
    query.use_tsig(ring, "k.")
    zone = dns.zone.Zone("big.example")
    with axfrd.lab.client.inside():
        dns.query.inbound_xfr(IPV4, zone, query, timeout=PATIENCE)  # checks every MAC
    assert sum(len(rdataset) for node in zone.nodes.values() for rdataset in node) >= 5000


def test_signed_queries_get_signed_answers(axfrd):
    ring = dns.tsigkeyring.from_text({"k.": ("hmac-sha256.", make_key(axfrd, "k"))})
    query = dns.message.make_query(f"www.{ZONE}", "A")
    query.use_tsig(ring, "k.")
    with axfrd.lab.client.inside():
        for ask_by in (dns.query.udp, dns.query.tcp):
            answer = ask_by(query, IPV4, timeout=PATIENCE)
            assert answer.had_tsig and len(answer.answer) == 1


def test_a_key_goes_in_by_standard_input_and_never_comes_out(axfrd):
    secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQ="
    axfrd.ctl("key", "add", "typed", "-", input=secret + "\n")
    assert secret not in axfrd.ctl("--json", "key", "list").stdout
    assert nsupdate(axfrd, secret, f"update add new.{ZONE}. 300 A 192.0.2.77", key="typed")[0].count("REFUSED")
    assert "already so" in axfrd.ctl("key", "add", "typed", secret).stdout
    other = axfrd.ctl("key", "add", "typed", "b3RoZXIgc2VjcmV0cyBoZXJlLiE=", check=False)
    assert other.returncode != 0 and "already" in other.stderr
    assert "not base64" in axfrd.ctl("key", "add", "bad", "!!", check=False).stderr
    axfrd.ctl("key", "remove", "typed")
    assert "BADKEY" in nsupdate(axfrd, secret, f"update add new.{ZONE}. 300 A 192.0.2.77", key="typed")[0]
