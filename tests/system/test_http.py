"""The HTTP API over real sockets and TLS: permissions, limits, the guide in docs/api.md, and PowerDNS in comparison."""

import contextlib
import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request

import jsonschema
import pytest

from lab import BUILD, DATA, PATIENCE, ROOT, wait_until
from peers import Pdns

PORT = 8443
ZONES = "/api/v1/servers/localhost/zones"


def certificate(directory, name="cert"):
    """Makes a key and a certificate for localhost, in one file each."""
    key, cert = directory / f"{name}.key", directory / f"{name}.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Http:
    """A client in the namespace of axfrd, or of another host."""

    def __init__(self, axfrd, token="", cert=None, port=PORT, host=None):
        self.axfrd, self.token, self.port = axfrd, token, port
        self.host = host or axfrd.lab.appliance
        self.context = ssl.create_default_context(cafile=cert) if cert else None

    def ask(self, method, path, body=None, **fields):
        """Sends a request. Returns the status, the body (parsed if it is JSON), and the header."""
        scheme = "https" if self.context else "http"
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        headers = {"X-API-Key": self.token, "Accept": "*/*"} | {k.replace("_", "-"): v for k, v in fields.items()}
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        with self.host.inside():
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE, context=self.context) as answer:
                    status, text, header = answer.status, answer.read().decode(), answer.headers
            except urllib.error.HTTPError as error:
                status, text, header = error.code, error.read().decode(), error.headers
        is_json = header.get("Content-Type", "").startswith("application/json")
        return status, json.loads(text) if is_json and text else text, header

    def connect(self):
        return self.host.connect("127.0.0.1", self.port)


def token(axfrd, name, role, *options):
    return axfrd.json("token", "add", name, "--role", role, *options)["secret"]


@pytest.fixture
def plain(new_lab, new_axfrd):
    axfrd = new_axfrd(new_lab("client"), zones=DATA.glob("*.zone"), http="127.0.0.1@8443")
    return Http(axfrd, token(axfrd, "ops", "admin"))


def test_tls_with_a_certificate_that_is_read_anew(new_lab, new_axfrd):
    lab = new_lab("client")
    cert, key = certificate(lab.appliance.directory)
    path = lab.appliance.directory / "http.sock"
    axfrd = new_axfrd(lab, zones=DATA.glob("*.zone"), http=[f"127.0.0.1@{PORT}", path], http_cert=cert, http_key=key)
    secret = token(axfrd, "ops", "reader")
    assert Http(axfrd, secret, cert).ask("GET", "/api/v1/servers/localhost")[0] == 200
    assert Http(axfrd, "", cert).ask("GET", "/healthz")[:2] == (200, "ok\n")
    old = cert.read_bytes(), key.read_bytes()
    key.write_text("no key")
    refused = axfrd.ctl("http", "reload", check=False)
    assert refused.returncode == 1 and "there is no key in PEM format" in refused.stderr
    assert Http(axfrd, secret, cert).ask("GET", "/api")[0] == 200, "the old one stays"
    new_cert, new_key = certificate(lab.appliance.directory, "next")
    cert.write_bytes(new_cert.read_bytes())
    key.write_bytes(new_key.read_bytes())
    axfrd.ctl("http", "reload")
    assert Http(axfrd, secret, new_cert).ask("GET", "/api")[0] == 200
    cert.write_bytes(old[0])
    key.write_bytes(old[1])
    axfrd.process.send_signal(1)  # SIGHUP

    def is_back():
        try:
            return Http(axfrd, secret, cert).ask("GET", "/api")[0] == 200
        except urllib.error.URLError:
            return False

    wait_until(is_back, "the first certificate to be back")
    # The Unix socket has no TLS.
    curl = ["curl", "-fsS", "--unix-socket", path, "-H", f"Authorization: Bearer {secret}", "http://x/api"]
    assert "/api/v1" in lab.appliance.run(*curl).stdout
    assert path.stat().st_mode & 0o777 == 0o660


# What OpenAPI 3.1 asks of a document, as far as ours goes (https://spec.openapis.org/oas/v3.1.0).
OPERATION = {
    "type": "object",
    "required": ["operationId", "responses"],
    "properties": {
        "operationId": {"type": "string", "minLength": 1},
        "summary": {"type": "string"},
        "description": {"type": "string"},
        "parameters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "in", "schema"],
                "properties": {
                    "in": {"enum": ["query", "header", "path", "cookie"]}, "name": {"type": "string"},
                    "required": {"type": "boolean"}, "description": {"type": "string"}, "schema": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
        "requestBody": {
            "type": "object",
            "required": ["content"],
            "properties": {"required": {"type": "boolean"}, "content": {"type": "object", "minProperties": 1}},
            "additionalProperties": False,
        },
        "responses": {
            "type": "object", "minProperties": 1, "propertyNames": {"pattern": r"^([1-5](\d\d|XX)|default)$"},
        },
    },
    "additionalProperties": False,
}  # fmt: skip
DOCUMENT = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"type": "object", "required": ["title", "version"]},
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "security": {"type": "array", "items": {"type": "object"}},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": ["get", "put", "post", "delete", "options", "head", "patch", "trace"]},
                "additionalProperties": OPERATION,
            },
        },
        "components": {"type": "object", "propertyNames": {"enum": ["schemas", "responses", "securitySchemes"]}},
    },
    "additionalProperties": False,
}


def test_the_document_of_the_api_is_sound(plain):
    status, document, _ = plain.ask("GET", "/api/axfrd/v1/openapi.json")
    assert status == 200
    validator = jsonschema.Draft202012Validator
    validator.check_schema(DOCUMENT)
    validator(DOCUMENT).validate(document)
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    bodies = [each["requestBody"]["content"] for each in operations if "requestBody" in each]
    schemas = [content["schema"] for body in bodies for content in body.values()]
    schemas += [parameter["schema"] for each in operations for parameter in each.get("parameters", [])]
    for schema in schemas:
        validator.check_schema(schema)
    for target in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for part in target.split("/"):
            found = found[part]
    assert document["security"][0].keys() <= document["components"]["securitySchemes"].keys()
    # What fits the document is taken, and what does not is refused.
    edit = document["paths"]["/zone.edit"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for body, fits in (({"zone": "example.com", "changes": ["add a 60 A 192.0.2.1"], "dry-run": True}, True),
                       ({"zone": "example.com"}, False), ({"zone": "example.com", "changes": [], "other": 1}, False)):
        assert validator(edit).is_valid(body) == fits
        assert (plain.ask("POST", "/api/axfrd/v1/zone.edit", body)[0] == 200) == fits, body


def test_plain_http_is_for_loopback_unless_it_is_meant(new_lab):
    lab = new_lab("client")
    axfrd = [BUILD / "axfrd", "--no-port", "--check"]
    refused = lab.appliance.run(*axfrd, "--http", "192.0.2.53@80", check=False)
    assert refused.returncode == 2 and "--http-cert" in refused.stderr
    for fine in (["--http", "127.0.0.1@80"], ["--http", "[::1]:80"], ["--http", "192.0.2.53@80", "--http-plain"]):
        lab.appliance.run(*axfrd, *fine)


def test_tokens_outlive_a_restart_and_end_when_they_are_removed(plain):
    axfrd = plain.axfrd
    assert plain.ask("GET", "/api")[0] == 200
    axfrd.stop()
    axfrd.start()
    (shown,) = axfrd.json("token", "list")["tokens"]
    assert shown["last_used"] is not None and shown["token"] == "ops" and "secret" not in shown
    assert plain.ask("GET", "/api")[0] == 200
    assert plain.token not in axfrd.ctl("token", "list").stdout
    axfrd.ctl("token", "remove", "ops")
    assert plain.ask("GET", "/api")[0] == 401
    assert axfrd.ctl("token", "remove", "ops", check=False).returncode == 1


def test_who_is_slow_or_hostile_keeps_nobody_out(plain):
    axfrd = plain.axfrd
    before = axfrd.rss()
    idle = [plain.connect() for _ in range(300)]  # more than one client may have, so the oldest are closed
    head = b"POST /api HTTP/1.1\r\nX-API-Key: " + plain.token.encode() + b"\r\n"
    for each in idle[::2]:
        with contextlib.suppress(OSError):  # the server has closed it
            each.sendall(head)  # the request is never completed
    assert plain.ask("GET", "/healthz")[0] == 200
    for octets, status in (
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20000, b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n", b"413"),
        (head + b"Content-Length: 34000000\r\n\r\n", b"413"),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", b"400"),
    ):
        with plain.connect() as hostile:
            hostile.sendall(octets)
            assert hostile.recv(65536).startswith(b"HTTP/1.1 " + status)
    deep = b"[" * 5_000_000
    assert plain.ask("PATCH", f"{ZONES}/example.com.", b'{"rrsets":' + deep)[0] == 400
    for each in idle:
        each.close()
    assert axfrd.rss() - before < 200 << 10
    assert axfrd.json("status")["state"] == "serving"


def test_requests_are_pipelined(plain):
    with plain.connect() as one:
        ask = f"GET /api HTTP/1.1\r\nHost: x\r\nX-API-Key: {plain.token}\r\n\r\n".encode()
        one.sendall(ask * 50)
        got = b""
        while got.count(b"HTTP/1.1 200 OK") < 50 or not got.endswith(b'"version":1}]'):
            more = one.recv(65536)
            assert more, got
            got += more


def test_a_large_zone_is_created_read_and_changed(plain):
    count = 20_000
    rrsets = [
        {"name": f"h{i}.large.test.", "type": "A", "ttl": 60, "records": [{"content": f"192.0.{i // 250}.{i % 250}"}]}
        for i in range(count)
    ]
    body = {"name": "large.test.", "kind": "Native", "nameservers": ["ns.test."], "rrsets": rrsets}
    status, made, _ = plain.ask("POST", ZONES, body)
    assert status == 201, made
    assert len(made["rrsets"]) == count + 2
    status, zone, header = plain.ask("GET", f"{ZONES}/large.test.")
    assert header["Transfer-Encoding"] == "chunked"
    assert {r["name"] for r in zone["rrsets"]} == {r["name"] for r in rrsets} | {"large.test."}
    change = [dict(r, changetype="DELETE") for r in rrsets[1:]]
    assert plain.ask("PATCH", f"{ZONES}/large.test.", {"rrsets": change})[0] == 204
    assert len(plain.ask("GET", f"{ZONES}/large.test.")[1]["rrsets"]) == 3


def test_the_guide_does_what_it_says(new_lab, new_axfrd):
    """Runs each command in docs/api.md, one after the other."""
    lab = new_lab("client")
    cert, key = certificate(lab.appliance.directory)
    axfrd = new_axfrd(lab, zones=DATA.glob("*.zone"), http=f"127.0.0.1@{PORT}", http_cert=cert, http_key=key)
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    script = "\n".join([
        "set -euo pipefail",
        f"axfrctl() {{ {BUILD / 'axfrctl'} --socket {axfrd.socket} \"$@\"; }}",
        f"curl() {{ command curl --cacert {cert} \"$@\"; }}",
        f"API=https://127.0.0.1:{PORT}",
        *blocks,
        "echo; echo all was done",
    ])  # fmt: skip
    done = lab.appliance.run("bash", "-c", script, check=False)
    assert done.returncode == 0 and done.stdout.endswith("all was done\n"), done.stdout + done.stderr


# ---- comparison with PowerDNS ----

KEY = "changeme"
API = "api=yes\napi-key=changeme\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=8081\n"


class PdnsWithApi(Pdns):
    def configuration(self, directory, name, text):
        return super().configuration(directory, name, text + "\n" + API)


def rrset(name, type_, *contents, how="REPLACE", ttl=300, **more):
    records = [{"content": content, "disabled": False} for content in contents]
    return {"name": name, "type": type_, "ttl": ttl, "changetype": how, "records": records, **more}


Z = f"{ZONES}/diff.test."
# Method, path, body; and what may differ: the status, or the text of the error.
REQUESTS = [
    ("GET", "/api", None),
    ("GET", "/api/v1/servers", None),
    ("GET", "/api/v1/servers/localhost", None),
    ("GET", "/api/v1/servers/other", None),
    ("GET", Z, None),
    ("POST", ZONES, {"name": "diff.test", "kind": "Native"}),
    ("POST", ZONES, {"name": "diff.test."}),
    ("POST", ZONES, {"name": "diff.test.", "kind": "Native", "nameservers": ["ns1.x.test", "ns2.x.test."]}),
    ("POST", ZONES, {"name": "diff.test.", "kind": "Native", "nameservers": ["ns1.x.test.", "ns2.x.test."]}),
    ("POST", ZONES, {"name": "diff.test.", "kind": "Native", "nameservers": []}),
    ("PATCH", Z, {"rrsets": [rrset("www.diff.test.", "A", "192.0.2.1", "192.0.2.2")]}),
    ("PATCH", Z, {"rrsets": [rrset("mail.diff.test.", "MX", "10 a.test.", "20 b.test.")]}),
    ("PATCH", Z, {"rrsets": [rrset("t.diff.test.", "TXT", '"one" "two"')]}),
    ("PATCH", Z, {"rrsets": [rrset("t.diff.test.", "TXT", "bare")]}),
    ("PATCH", Z, {"rrsets": [rrset("m.diff.test.", "MX", "10 relative")]}),
    ("PATCH", Z, {"rrsets": [rrset("www.diff.test.", "CNAME", "a.test.")]}),
    ("PATCH", Z, {"rrsets": [rrset("www.other.test.", "A", "192.0.2.1")]}),
    ("PATCH", Z, {"rrsets": [rrset("a.diff.test.", "A", "192.0.2.300")]}),
    ("PATCH", Z, {"rrsets": [rrset("a.diff.test", "A", "192.0.2.3")]}),
    ("PATCH", Z, {"rrsets": [rrset("a.diff.test.", "NOSUCH", "192.0.2.3")]}),
    ("PATCH", Z, {"rrsets": [rrset("a.diff.test.", "A", "192.0.2.3", how="WRONG")]}),
    ("PATCH", Z, {"rrsets": [rrset("none.diff.test.", "A", how="DELETE")]}),
    ("PATCH", Z, {"rrsets": [rrset("c.diff.test.", "CAA", '0 issue "ca.test"')]}),
    ("PATCH", Z, {"rrsets": [rrset("s.diff.test.", "SRV", "0 5 5060 sip.test.")]}),
    ("PATCH", Z, {"rrsets": [rrset("mail.diff.test.", "MX", how="DELETE")]}),
    ("PATCH", Z, {"rrsets": [rrset("s.diff.test.", "SRV")]}),
    ("PATCH", Z, {}),
    ("PATCH", Z, b'{"rrsets":'),
    ("PATCH", f"{ZONES}/none.test.", {"rrsets": []}),
    ("GET", Z, None),
    ("GET", Z + "?rrsets=false", None),
    ("GET", f"{ZONES}?zone=diff.test.", None),
    ("GET", f"{ZONES}?zone=none.test.", None),
    ("PUT", Z + "/axfr-retrieve", None),
    ("GET", Z + "/metadata", None),
    ("GET", Z + "/cryptokeys", None),
    ("PUT", Z, {"kind": "Native"}),
    ("DELETE", Z, None),
    ("DELETE", Z, None),
]
# Fields that differ on purpose, or need not be the same.
SERIALS = {"serial", "edited_serial", "notified_serial", "soa_edit_api", "kind", "last_check", "version"}


def shape(value, depth=0):
    """The structure of a JSON value: the keys of objects, and for a list the structure of its first item."""
    if isinstance(value, dict):
        return {key: shape(item, depth + 1) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0], depth + 1)] if value else []
    return type(value).__name__


def without_soa(zone):
    return sorted(
        (r["name"], r["type"], r["ttl"], sorted(x["content"] for x in r["records"]))
        for r in zone["rrsets"]
        if r["type"] != "SOA"
    )


def test_the_same_requests_come_to_the_same_as_with_powerdns(plain):
    lab = plain.axfrd.lab
    PdnsWithApi(lab.client, {})
    other = Http(plain.axfrd, KEY, port=8081, host=lab.client)

    def answers():
        try:
            return other.ask("GET", "/api")[0] == 200
        except OSError:
            return False

    wait_until(answers, "PowerDNS to answer")
    differences = []
    for method, path, body in REQUESTS:
        ours, theirs = plain.ask(method, path, body), other.ask(method, path, body)
        what = f"{method} {path} {body}"
        if ours[0] != theirs[0]:
            differences.append(f"{what}: {ours[:2]} and not {theirs[:2]}")
        elif ours[0] < 300 and isinstance(ours[1], dict) and isinstance(theirs[1], dict):
            missing = set(theirs[1]) - set(ours[1])
            if missing:
                differences.append(f"{what}: lacks {missing}")
            if "rrsets" in theirs[1] and without_soa(ours[1]) != without_soa(theirs[1]):
                differences.append(f"{what}: {without_soa(ours[1])} and not {without_soa(theirs[1])}")
    assert not differences, "\n".join(differences)
