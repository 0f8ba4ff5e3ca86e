"""The console in a real browser: the promised journeys, with NSD and Knot as secondaries; what an attacker tries."""

import json
import re
import subprocess

import pytest

from browser import Keys, opened
from lab import BUILD, IPV4, IPV6, PATIENCE, ROOT, wait_until
from peers import Knot, Nsd
from test_http import Http, certificate

PORT = 8080
HOME = f"http://127.0.0.1:{PORT}/"
ZONE = "customer.test"
TEXT = """$TTL 600
@ SOA ns.host.test. hostmaster 1 7200 3600 1209600 300
@ NS ns.host.test.
@ NS ns2.host.test.
@ MX 10 mail
mail A 192.0.2.25
www A 192.0.2.80
txt TXT "one" "two"
"""
PASSWORD = "a password for tests"


def add_user(axfrd, name, role, *options):
    axfrd.ctl("user", "add", name, "--role", role, *options)
    axfrd.ctl("user", "password", name, "-", input=PASSWORD + "\n")


class Console:
    """A browser where somebody has signed in, and the axfrd behind it."""

    def __init__(self, browser, axfrd, user="ops"):
        self.browser, self.axfrd = browser, axfrd
        browser.open()
        browser.sign_in(user, PASSWORD)
        browser.one("nav-zones")

    def __getattr__(self, name):
        return getattr(self.browser, name)

    def zone(self, tab="records", zone=ZONE):
        self.browser.open(f"#/zones/{zone}./{tab}")
        self.browser.one("zone-serial")

    def add_record(self, name, address):
        self.click("record-add")
        self.fill("record-name", name)
        self.fill("record-address", address)
        self.click("record-save")
        self.gone("record-editor")

    def commit(self):
        self.click("draft-review")
        self.click("draft-commit")
        self.gone("draft-commit")

    def clean(self):
        """Nothing that the browser complains of."""
        assert not self.complaints()


@pytest.fixture
def served(new_lab, new_axfrd, tmp_path):
    """axfrd with the console, a zone, an administrator, and the hosts of two secondaries."""
    lab = new_lab("nsd", "knot")
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(TEXT)
    axfrd = new_axfrd(
        lab, zones=[file], http=f"127.0.0.1@{PORT}", console=True, primary_name="axfr.host.test", behind_alarm=5
    )
    add_user(axfrd, "ops", "admin")
    return axfrd


@pytest.fixture
def browser(served):
    with opened(served.lab.appliance, HOME) as browser:
        yield browser


@pytest.fixture
def console(browser, served):
    console = Console(browser, served)
    yield console
    console.clean()


def enable(axfrd):
    """Secondary DNS by NSD and Knot, which both transfer."""
    lab = axfrd.lab
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.nsd.test,ns1.knot.test",
              "--allow", f"{lab.nsd.ipv4},{lab.knot.ipv4}")
    return [Nsd(lab.nsd, [ZONE]).wait(), Knot(lab.knot, [ZONE]).wait()]


def serial(axfrd):
    return axfrd.json("zone", "show", ZONE)["serial"]


def test_the_promise_in_a_browser(console, served):
    lab = served.lab
    # Not set up: one line, and a way to do it.
    console.zone("secondary")
    console.one("secondary-none")
    console.click("secondary-configure")
    console.fill("secondary-form-ns", "ns1.nsd.test\nns1.knot.test")
    console.fill("secondary-form-allow", f"{lab.nsd.ipv4}\n{lab.knot.ipv4}")
    console.click("secondary-save")
    # The page shows the details: names, addresses, ours, and what to change at the registrar.
    console.one("secondary-configured")
    console.sees("ns1.nsd.test", "ns1.knot.test", lab.nsd.ipv4, "axfr.host.test", IPV4, IPV6)
    console.shoot("secondary")
    registrar = console.text("registrar")
    assert "ns1.knot.test" in registrar and "ns2.host.test" in registrar
    for software in ("bind", "knot", "nsd", "powerdns"):
        console.click(f"format-{software}")
        console.sees(IPV4, ZONE)
    # All records are copied, and the page says who has them.
    secondaries = [Nsd(lab.nsd, [ZONE]).wait(), Knot(lab.knot, [ZONE]).wait()]
    wait_until(lambda: "2 of 2" in console.text("zone-state") or "all" in console.text("zone-state"), "both to have it")
    # A change is replicated by itself, and can be watched.
    console.zone()
    console.add_record("new", "192.0.2.99")
    console.commit()
    reached = console.one("reached")
    wait_until(lambda: reached.get_attribute("data-done") == "yes", "both secondaries to be reached")
    console.shoot("change")
    for secondary in secondaries:
        secondary.wait_to_serve(ZONE, serial(served))
    # View and edit.
    console.zone("secondary")
    console.click("secondary-edit")
    console.fill("secondary-form-ns", "ns1.nsd.test")
    console.fill("secondary-form-allow", lab.nsd.ipv4)
    console.click("secondary-save")
    console.gone("secondary-form")
    assert served.json("secondary", "show", ZONE)["ns"] == ["ns1.nsd.test."]
    # Disable: it says what to take back, and wants the zone's name.
    console.click("secondary-delete")
    console.sees("ns1.nsd.test")
    console.click("disable-when-now")
    assert not console.one("confirm-act").is_enabled()
    console.fill("confirm-name", ZONE)
    console.click("confirm-act")
    console.one("secondary-none")
    assert not served.json("secondary", "show", ZONE)["enabled"]


def test_a_secondary_that_stops_is_seen_and_comes_back(console, served):
    nsd, _ = enable(served)
    console.open("#/")
    console.sees("with all")
    nsd.kill()
    served.ctl("zone", "edit", ZONE, "add later 60 A 192.0.2.7")
    debt = console.one("debt")
    assert ZONE in debt.text and served.lab.nsd.ipv4 in debt.text
    console.shoot("replication")
    console.open("#/zones")
    console.click("zone-behind")
    console.sees(ZONE)
    nsd.start()
    nsd.wait_to_serve(ZONE, serial(served))
    console.open("#/")
    console.gone("debt")


def test_a_change_is_undone(console, served):
    before = served.ctl("zone", "export", ZONE).stdout
    console.zone()
    console.add_record("mistake", "192.0.2.66")
    console.commit()
    console.click("undo")
    console.click("rollback-act")
    wait_until(lambda: "mistake" not in served.ctl("zone", "export", ZONE).stdout, "the record to be gone")
    without_serial = re.compile(r"^\S+\s+\d+\s+IN\s+SOA.*$", re.MULTILINE)
    assert without_serial.sub("", served.ctl("zone", "export", ZONE).stdout) == without_serial.sub("", before)
    console.zone("history")
    assert len(wait_until(lambda: console.all("history-row"), "the history")) >= 2
    console.sees("user ops")


def test_a_reader_looks_and_changes_nothing(browser, served):
    add_user(served, "reader", "reader", "--zones", ZONE)
    console = Console(browser, served, "reader")
    console.sees("Your zones are with all their secondaries")
    console.zone()
    console.sees("www", "192.0.2.80")
    for hidden in ("record-add", "record-edit", "record-delete", "nav-users", "nav-keys"):
        assert not console.shown(hidden), hidden
    console.open("#/users")
    console.one("forbidden")
    # Whoever goes around the page is refused, too.
    status = console.driver.execute_async_script(
        """const done = arguments[1];
        fetch('/api/axfrd/v1/zone.edit', {method: 'POST', headers: {'Content-Type': 'application/json'},
          body: JSON.stringify({zone: arguments[0], changes: ['add x 60 A 192.0.2.1']})}).then(r => done(r.status))""",
        ZONE,
    )
    assert status == 403


def test_an_expired_session_loses_nothing(console, served):
    console.zone()
    console.add_record("kept", "192.0.2.55")
    served.ctl("user", "password", "ops", "-", input="another password\n")  # which ends the session
    console.click("draft-review")
    console.one("sign-in-again")
    console.sign_in("ops", "another password")
    console.gone("sign-in-again")
    console.click("draft-commit")  # what was asked for goes on by itself
    wait_until(lambda: "192.0.2.55" in served.ctl("zone", "export", ZONE).stdout, "the record")
    console.complaints()  # 401 are meant here


def test_a_restart_under_an_open_page(console, served):
    console.zone()
    console.add_record("kept", "192.0.2.55")
    served.stop()
    console.one("banner-offline")
    served.start()
    console.gone("banner-offline")
    console.one("sign-in-again")  # sessions live in memory
    console.sign_in("ops", PASSWORD)
    console.gone("sign-in-again")
    console.commit()
    wait_until(lambda: "192.0.2.55" in served.ctl("zone", "export", ZONE).stdout, "the record")
    console.complaints()  # refused connections are meant here


def test_two_people_edit_one_zone(console, served):
    console.zone()
    # Somebody changes another record meanwhile: that is no conflict.
    console.add_record("mine", "192.0.2.1")
    served.ctl("zone", "edit", ZONE, "add theirs 60 A 192.0.2.2")
    console.commit()
    wait_until(lambda: "192.0.2.1\n" in served.ctl("zone", "export", ZONE).stdout, "both records")
    assert "192.0.2.2\n" in served.ctl("zone", "export", ZONE).stdout
    # The same record: the second is told, and chooses.
    console.zone()
    console.click("record-edit", within=f"mine.{ZONE}. A")
    console.fill("record-address", "192.0.2.11")
    console.click("record-save")
    served.ctl("zone", "edit", ZONE, "remove mine A", "add mine 60 A 192.0.2.12")
    console.click("draft-review")
    console.one("conflict")
    console.sees("192.0.2.12", "192.0.2.11")
    assert "192.0.2.12" in served.ctl("zone", "export", ZONE).stdout, "nothing is overwritten unseen"
    console.click("conflict-0-theirs")
    console.click("conflict-go")
    assert "192.0.2.12" in served.ctl("zone", "export", ZONE).stdout
    console.complaints()  # 412 is meant here


PAGES = ["", "zones", f"zones/{ZONE}./records", f"zones/{ZONE}./secondary", f"zones/{ZONE}./history",
         f"zones/{ZONE}./check", f"zones/{ZONE}./settings", "providers", "keys", "live", "server", "audit", "users",
         "account"]  # fmt: skip


def axe():
    found = list((BUILD / "control").glob("**/node_modules/axe-core/axe.min.js"))
    assert found, "the build has installed axe-core"
    return found[0].read_text()


@pytest.mark.parametrize("width,dark", [(1280, False), (360, True)])
def test_every_page_is_accessible_and_fits(served, width, dark):
    enable(served)
    served.ctl("key", "generate", "k.test")
    served.ctl("provider", "set", "acme", "--ns", "ns.acme.test", "--allow", "192.0.2.77")
    script = axe()
    with opened(served.lab.appliance, HOME, width=width, dark=dark) as browser:
        browser.open()
        check_page(browser, script, "sign-in")
        browser.sign_in("ops", PASSWORD)
        browser.one("summary")
        for page in PAGES:
            browser.open(f"#/{page}")
            wait_until(lambda: not browser.driver.find_elements("css selector", "[aria-busy=true]"), f"{page} to load")
            check_page(browser, script, page)
        assert not browser.complaints()


def check_page(browser, script, page):
    browser.driver.execute_script(script)
    found = browser.driver.execute_async_script("const done = arguments[0]; axe.run().then(r => done(r.violations))")
    told = [(v["id"], v["help"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found]
    assert not told, f"{page}: {json.dumps(told, indent=1)}"
    wide = browser.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page} scrolls sideways by {wide} pixels"


def test_hostile_names_and_text_are_text(console, served):
    """Script tags, quotes, control and bidirectional characters, 255 octets, what is no UTF-8."""
    hostile = [
        r"""\<script\>window.hacked=1\</script\> 60 TXT "<script>window.hacked=1</script>" """,
        r"""\"\>\<img\032src=x\032onerror=window.hacked=1\> 60 TXT "\"><img src=x onerror=window.hacked=1>" """,
        r"""bidi\226\128\174x 60 TXT "\226\128\174evil\226\128\172" """,
        r"""\000\001\255 60 TXT "\000\001\255\254" """,
        f"""{"a" * 63}.{"b" * 63}.{"c" * 63}.{"d" * 40} 60 TXT "{"x" * 255}" """,
    ]
    served.ctl("zone", "edit", ZONE, *[f"add {record.strip()}" for record in hostile])
    for page in PAGES:
        console.open(f"#/{page}")
        wait_until(lambda: not console.driver.find_elements("css selector", "[aria-busy=true]"), f"{page} to load")
    console.zone()
    console.sees("<script>window.hacked=1</script>", "onerror=window.hacked=1")
    assert "\u202e" not in console.page_text(), "nothing turns the direction of what stands around it"
    assert console.driver.execute_script("return window.hacked") is None
    console.zone("history")
    console.click("history-diff")
    console.sees("<script>window.hacked=1</script>")
    assert console.driver.execute_script("return window.hacked") is None


def test_the_keyboard_alone_suffices(browser, served):
    browser.open()
    browser.one("sign-in-user")
    keys = browser.driver.switch_to.active_element
    keys.send_keys("ops", Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(PASSWORD, Keys.ENTER)
    browser.one("summary")
    for _ in range(30):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.driver.switch_to.active_element
        if focused.get_attribute("data-test") == "nav-zones":
            focused.send_keys(Keys.ENTER)
            break
    browser.one("zone-search")


def test_what_pages_of_others_can_do(new_lab, new_axfrd, tmp_path):
    """Cookies and headers over TLS; a form of another site; frames; what stands behind a //."""
    lab = new_lab("client")
    cert, key = certificate(lab.appliance.directory)
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(TEXT)
    axfrd = new_axfrd(
        lab, zones=[file], http=f"127.0.0.1@{PORT}", http_cert=cert, http_key=key, console=True,
        console_origin="https://127.0.0.1"
    )  # fmt: skip
    add_user(axfrd, "ops", "admin")
    http = Http(axfrd, cert=cert, port=PORT)
    ours = {"Origin": f"https://127.0.0.1:{PORT}", "Content_Type": "application/json", "X_API_Key": ""}
    session = "/api/axfrd/v1/console/session"
    status, body, header = http.ask("POST", session, {"user": "ops", "password": PASSWORD}, **ours)
    assert status == 200 and body["user"] == "ops"
    cookie = header["Set-Cookie"]
    assert cookie.startswith("__Host-axfrd=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(map(str.strip, cookie.split(";")))
    signed_in = {"Cookie": cookie.split(";")[0], "X_API_Key": ""}
    assert http.ask("GET", session, **signed_in)[0] == 200
    assert http.ask("GET", "/api/v1/servers", **signed_in)[0] == 401, "PowerDNS's API takes tokens alone"
    edit = ("POST", "/api/axfrd/v1/zone.edit", {"zone": ZONE, "changes": ["add x 60 A 192.0.2.1"]})
    assert http.ask(*edit, **signed_in | ours | {"Origin": "https://evil.test"})[0] == 403
    assert http.ask(*edit, **signed_in | ours | {"Content_Type": "text/plain"})[0] == 415
    assert http.ask(*edit, **signed_in | {"Content_Type": "application/json"})[0] == 403, "no Origin"
    assert http.ask(*edit, **signed_in | ours)[0] == 200
    status, page, header = http.ask("GET", "/")
    assert status == 200 and "<html" in page and "<script>" not in page
    assert "frame-ancestors 'none'" in header["Content-Security-Policy"] and header["X-Frame-Options"] == "DENY"
    assert "'unsafe" not in header["Content-Security-Policy"]
    for path in ("//evil.test", "/%2f%2fevil.test", "/\\evil.test", "/assets/../../etc/passwd", "/assets/"):
        status, text, header = http.ask("GET", path)
        assert status in (400, 404) and "Location" not in header, path
    asset = re.search(r'src="(/assets/[^"]+\.js)"', page)[1]
    status, script, header = http.ask("GET", asset)
    assert status == 200 and "immutable" in header["Cache-Control"]
    zipped = lab.appliance.run("curl", "-sk", "--compressed", f"https://127.0.0.1:{PORT}{asset}").stdout
    assert zipped == script
    status, licences, _ = http.ask("GET", "/licences.txt")
    locked = json.loads((ROOT / "control" / "console" / "package-lock.json").read_text())["packages"]
    for name, version in re.findall(r"^(\S+) (\d\S+) \(", licences, re.MULTILINE):
        assert locked[f"node_modules/{name}"]["version"] == version
    assert "preact" in licences


def test_who_may_be_on_the_wire(new_lab):
    lab = new_lab("client")
    check = [BUILD / "axfrd", "--no-port", "--check", "--console"]
    refused = lab.appliance.run(*check, "--http", f"{IPV4}@80", "--http-plain", check=False)
    assert refused.returncode == 2 and "--http-cert" in refused.stderr
    assert "--http" in lab.appliance.run(*check, check=False).stderr
    lab.appliance.run(*check, "--http", "127.0.0.1@80")


def test_users_by_axfrctl(served):
    drawn = served.ctl("user", "add", "eve", "--role", "editor", "--zones", "*.test").stdout
    assert re.search(r"^password: ([a-z0-9]{5}-){3}[a-z0-9]{5}$", drawn, re.MULTILINE)
    assert served.ctl("user", "add", "eve", "--role", "editor", check=False).returncode == 1
    assert served.ctl("user", "password", "eve", "short", check=False).returncode != 0
    users = {user["user"]: user for user in served.json("user", "list")["users"]}
    assert users["eve"]["role"] == "editor" and users["eve"]["zones"] == ["*.test"]
    served.stop()
    for file in served.options["store"].iterdir():
        assert PASSWORD.encode() not in file.read_bytes(), "no password is kept"
    served.start()
    assert len(served.json("user", "list")["users"]) == 2
    served.ctl("user", "remove", "eve")

    def done():
        records = served.json("audit")["records"]
        return [r["verb"] for r in records if r.get("user") == "eve" and r["outcome"] == "done"]

    wait_until(lambda: done() == ["user.remove", "user.add"], "both, the newest first")


def test_events_for_programs(served):
    secret = served.json("token", "add", "watch", "--role", "reader", "--zones", ZONE)["secret"]
    with served.lab.appliance.connect("127.0.0.1", PORT) as sock:
        sock.sendall(
            f"GET /api/axfrd/v1/events?zone={ZONE} HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\r\n\r\n".encode()
        )
        sock.settimeout(PATIENCE)
        text = b""
        while b"retry:" not in text:
            text += sock.recv(65536)
        enable(served)
        while not all(f"event: {kind}".encode() in text for kind in ("commit", "notify", "transfer", "proven")):
            text += sock.recv(65536)
    for line in re.findall(rb"^data: (.*)$", text, re.MULTILINE):
        assert json.loads(line)["time_ms"] > 0


def test_the_unit_tests_of_the_pages():
    directory = next((BUILD / "control").glob("**/package-lock.json")).parent
    subprocess.run(["cp", "-r", ROOT / "control" / "console" / "test", directory], check=True)
    done = subprocess.run(["npm", "test"], cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
