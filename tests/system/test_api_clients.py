"""Clients of the HTTP API: those that Debian has, and the requests of others with what they look for in answers."""

import contextlib
import json
import os
import re

import pytest

from ask import served
from lab import DATA, IPV4, wait_until
from test_http import PORT, ZONES, Http, certificate, token



@pytest.fixture
def axfrd(new_lab, new_axfrd):
    return new_axfrd(new_lab("client"), zones=DATA.glob("*.zone"), http=f"127.0.0.1@{PORT}")


@pytest.fixture
def api(axfrd):
    return Http(axfrd, token(axfrd, "ops", "editor"))


def count(axfrd, zone="example.com"):
    return axfrd.json("zone", "show", zone)["records"]


def pebble(host, directory):
    """Starts an ACME server that looks up challenges at axfrd. Returns the certificate that its clients must trust."""
    cert, key = certificate(directory)
    settings = {
        "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "httpPort": 5002,
        "tlsPort": 5001, "certificate": str(cert), "privateKey": str(key),
    }  # fmt: skip
    (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
    server = host.spawn(
        "pebble", "-config", directory / "pebble.json", "-dnsserver", f"{IPV4}:53",
        env=os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
    )  # fmt: skip

    def listens():
        assert server.poll() is None
        with contextlib.suppress(OSError), host.connect("127.0.0.1", 14000):
            return True
        return False

    wait_until(listens, "pebble to listen")
    return cert


# ---- real clients ----


def test_libcloud_makes_changes_and_removes_a_zone(axfrd, api):
    """The client runs in a process of its own, because it must be in the namespace of axfrd."""
    script = f"""
from libcloud.dns.providers import get_driver
from libcloud.dns.types import Provider, RecordType
driver = get_driver(Provider.POWERDNS)(
    key="{api.token}", host="127.0.0.1", port={PORT}, secure=False, api_version="v1")
driver.create_zone(domain="cloud.test.", type=None, extra={{"nameservers": ["ns1.x.test."], "kind": "Native"}})
zone = driver.get_zone("cloud.test.")
driver.create_record(name="www.cloud.test.", zone=zone, type=RecordType.A, data="192.0.2.7", extra={{"ttl": 60}})
found = [r for r in driver.list_records(zone) if r.type == "A"]
assert [r.data for r in found] == ["192.0.2.7"], found
driver.delete_record(found[0])
assert not [r for r in driver.list_records(zone) if r.type == "A"]
assert "cloud.test." in [z.id for z in driver.list_zones()]
driver.delete_zone(zone)
"""
    axfrd.lab.appliance.run("/usr/bin/python3", "-c", script)


def test_lexicon_creates_lists_updates_and_deletes_records(axfrd, api):
    """Lexicon sends GET with a body, no Content-Type, names without final dot, and whole RRsets as it got them."""

    def lexicon(*arguments):
        options = ["--auth-token", api.token, "--pdns-server", f"http://127.0.0.1:{PORT}"]
        done = axfrd.lab.appliance.run(
            "lexicon", "powerdns", *options, "--output", "JSON", *arguments,
            env=os.environ | {"HOME": str(axfrd.lab.appliance.directory)}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    name = "lexicon.example.com"
    lexicon("create", "example.com", "TXT", "--name", name, "--content", "one two", "--ttl", "300")
    assert served(axfrd, name, "TXT") == [f'{name}. TXT "one two"']
    lexicon("create", "example.com", "A", "--name", name, "--content", "192.0.2.1")
    lexicon("create", "example.com", "A", "--name", name, "--content", "192.0.2.2")
    assert len(served(axfrd, name, "A")) == 2
    listed = lexicon("list", "example.com", "A", "--name", name)
    assert sorted(record["content"] for record in listed) == ["192.0.2.1", "192.0.2.2"]
    (text,) = lexicon("list", "example.com", "TXT", "--name", name)
    lexicon("update", "example.com", "TXT", "--identifier", text["id"], "--name", name, "--content", "three")
    assert served(axfrd, name, "TXT") == [f'{name}. TXT "three"']
    lexicon("delete", "example.com", "A", "--name", name, "--content", "192.0.2.1")
    assert served(axfrd, name, "A") == [f"{name}. A 192.0.2.2"]


def test_lego_gets_a_certificate_with_a_token_for_challenges_alone(axfrd):
    host, directory = axfrd.lab.appliance, axfrd.lab.appliance.directory
    cert = pebble(host, directory)
    secret = token(axfrd, "acme", "editor", "--zones", "example.com", "--names", "_acme-challenge.*", "--types", "TXT")
    before = count(axfrd)
    environment = os.environ | {
        "LEGO_CA_CERTIFICATES": str(cert), "PDNS_API_URL": f"http://127.0.0.1:{PORT}", "PDNS_API_KEY": secret,
    }  # fmt: skip
    done = host.run(
        "lego", "--server", "https://127.0.0.1:14000/dir", "--email", "op@example.com", "--domains", "acme.example.com",
        "--dns", "pdns", "--dns.resolvers", f"{IPV4}:53", "--dns.disable-cp", "--accept-tos",
        "--path", directory / "lego", "run", env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (directory / "lego" / "certificates" / "acme.example.com.crt").exists()
    assert count(axfrd) == before, "the challenge has gone again"


def test_certbot_gets_a_certificate_with_a_key_for_challenges_alone(axfrd):
    """Certbot sends UPDATE (RFC 2136), from another host."""
    host, directory = axfrd.lab.client, axfrd.lab.client.directory
    cert = pebble(host, directory)
    secret = axfrd.json("key", "generate", "certbot", "--algorithm", "hmac-sha512")["secret"]
    axfrd.ctl("key", "grant", "certbot", "example.com", "--names", "_acme-challenge.*", "--types", "TXT")
    before = count(axfrd)
    credentials = directory / "rfc2136.ini"
    values = {"server": IPV4, "port": 53, "name": "certbot.", "secret": secret, "algorithm": "HMAC-SHA512"}
    credentials.write_text("".join(f"dns_rfc2136_{name} = {value}\n" for name, value in values.items()))
    credentials.chmod(0o600)
    places = [f"--{what}-dir={directory / 'certbot' / what}" for what in ("config", "work", "logs")]
    done = host.run(
        "certbot", "certonly", "--server", "https://127.0.0.1:14000/dir", "--non-interactive", "--agree-tos",
        "--register-unsafely-without-email", "--dns-rfc2136", "--dns-rfc2136-credentials", credentials,
        "--dns-rfc2136-propagation-seconds", "0", "-d", "bot.example.com", "-d", "*.bot.example.com", *places,
        env=os.environ | {"REQUESTS_CA_BUNDLE": str(cert)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (directory / "certbot" / "config" / "live" / "bot.example.com" / "fullchain.pem").exists()
    assert count(axfrd) == before, "the challenges have gone again"


# ---- requests of other clients, and what they look for in answers ----


def challenge(name, *values, more=()):
    records = [{"content": f'"{value}"', "disabled": False} | dict(more) for value in values]
    return {"rrsets": [{"name": name, "type": "TXT", "ttl": 60, "changetype": "REPLACE", "records": records}]}


def test_acme_sh_finds_by_text_what_it_looks_for(axfrd, api):
    """acme.sh reads JSON with grep: there must be no blanks, and `records` must be after `name`."""
    name = "_acme-challenge.www.example.com."
    zone = f"{ZONES}/example.com."
    more = {"name": name, "type": "TXT", "ttl": 60}

    def text_of(path):
        response = axfrd.lab.appliance.run(
            "curl", "-fsS", "-H", f"X-API-Key: {api.token}", f"http://127.0.0.1:{PORT}{path}"
        )
        return response.stdout

    assert '"name":"example.com."' in text_of(ZONES)
    assert f'"name":"{name}"' not in text_of(zone)
    assert api.ask("PATCH", zone, challenge(name, "first", more=more))[0] == 204
    there = re.search(rf'"name":"{re.escape(name)}"[^]]*}}', text_of(zone)).group()
    assert re.findall(r'"content":"\\"([^"\\]*)', there) == ["first"]
    assert api.ask("PATCH", zone, challenge(name, "second", "first", more=more))[0] == 204
    assert api.ask("PUT", f"{zone}/notify", b"")[0] == 200
    assert sorted(served(axfrd, name, "TXT")) == [f'{name} TXT "first"', f'{name} TXT "second"']
    assert api.ask("PATCH", zone, challenge(name, "second", more=more))[0] == 204
    gone = {"rrsets": [{"name": name, "type": "TXT", "changetype": "DELETE"}]}
    assert api.ask("PATCH", zone, gone)[0] == 204
    assert served(axfrd, name, "TXT") == []


def test_cert_managers_webhook_cleans_up_with_what_is_left(axfrd, api):
    """Two orders at once for one name. The webhook cleans up with REPLACE, for the last record with an empty list."""
    name, zone = "_acme-challenge.cm.example.com.", f"{ZONES}/example.com."

    def values():
        status, body, _ = api.ask("GET", zone)
        assert status == 200
        (found,) = [r for r in body["rrsets"] if r["name"] == name and r["type"] == "TXT"] or [{"records": []}]
        return [record["content"].strip('"') for record in found["records"]]

    for value in ("order-1", "order-2"):
        assert api.ask("PATCH", zone, challenge(name, *values(), value))[0] == 204
    assert sorted(values()) == ["order-1", "order-2"]
    for value in ("order-1", "order-2"):
        assert api.ask("PATCH", zone, challenge(name, *[v for v in values() if v != value]))[0] == 204
    assert values() == []
    # The webhook can be configured to send the API key in another header field.
    assert api.ask("GET", zone, X_API_Key="", Authorization=f"Bearer {api.token}")[0] == 200


def test_powerdns_admin_finds_each_field_that_it_reads(axfrd, api):
    """PowerDNS-Admin names zones without their final dot, raises an exception if a field is missing, and reads only
    answers whose Content-Type is JSON."""

    def ask_as_it_does(method, path, body=None):
        status, answer, header = api.ask(method, path, body, Accept="application/json", Content_Type="application/json")
        assert status in (200, 201, 204, 400, 409, 422), f"{method} {path}: it raises at {status}"
        if status not in (204,):
            assert "json" in header["Content-Type"]
        return status, answer

    server = "/api/v1/servers/localhost"
    status, zones = ask_as_it_does("GET", ZONES)
    assert status == 200
    for zone in zones:
        fields = ("name", "kind", "masters", "serial", "notified_serial", "last_check", "dnssec", "account", "catalog")
        assert set(fields) <= set(zone)
    made = {"name": "admin.test.", "kind": "Native", "masters": [], "nameservers": [], "soa_edit_api": "DEFAULT"}
    assert ask_as_it_does("POST", ZONES, made)[0] == 201
    status, body = ask_as_it_does("POST", ZONES, made)
    assert status == 409 and "Conflict" in body["error"]
    change = {
        "name": "www.admin.test.", "type": "A", "ttl": 3600, "changetype": "REPLACE",
        "records": [{"content": "192.0.2.1", "disabled": False}],
    }  # fmt: skip
    assert ask_as_it_does("PATCH", f"{ZONES}/admin.test", {"rrsets": [change]})[0] == 204
    status, zone = ask_as_it_does("GET", f"{ZONES}/admin.test")
    assert status == 200
    for rrset in zone["rrsets"]:
        assert isinstance(rrset["comments"], list)
        assert all({"content", "disabled"} <= set(record) for record in rrset["records"])
    wrong = change | {"records": [{"content": "x"}]}
    status, body = ask_as_it_does("PATCH", f"{ZONES}/admin.test", {"rrsets": [wrong]})
    assert status == 422 and body["error"]
    settings = {"kind": "Master", "masters": [], "soa_edit_api": "DEFAULT"}
    assert ask_as_it_does("PUT", f"{ZONES}/admin.test", settings)[0] == 204
    assert ask_as_it_does("PUT", f"{ZONES}/admin.test/notify")[0] == 200
    assert ask_as_it_does("PUT", f"{ZONES}/admin.test/axfr-retrieve")[0] == 422
    assert ask_as_it_does("GET", f"{ZONES}/admin.test/cryptokeys") == (200, [])
    assert ask_as_it_does("POST", f"{ZONES}/admin.test/cryptokeys", {"keytype": "ksk", "active": True})[0] == 422
    status, statistics = ask_as_it_does("GET", f"{server}/statistics")
    assert status == 200 and "uptime" in [item["name"] for item in statistics]
    assert ask_as_it_does("GET", f"{server}/config")[0] == 200
    status, hits = ask_as_it_does("GET", f"{server}/search-data?q=*admin*&max=100&object_type=zone")
    assert status == 200 and [hit["name"] for hit in hits] == ["admin.test."]
    assert ask_as_it_does("DELETE", f"{ZONES}/admin.test")[0] == 204
