"""Commands that operators use on their first day, and axfrd's output: counts, previews, questions and advice."""

import pytest

import ask
from lab import IPV4, wait_until
from resolver import Resolver

ZONE = "first.example"
SOA = "$TTL 600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\n"


@pytest.fixture
def start(new_lab, new_axfrd, tmp_path):
    """start(text, option=...): an appliance with one zone of that content, and a resolver that has no names yet."""

    def new(text=SOA, **options):
        lab = new_lab("client", "resolver")
        (tmp_path / "zones").mkdir()
        file = tmp_path / "zones" / f"{ZONE}.zone"
        file.write_text(text)
        lab.targets = Resolver(lab.resolver)
        axfrd = new_axfrd(lab, resolver=lab.resolver.ipv4, alias_floor=1, alias_special=True, alias_changes=3600,
                          zones_dir=file.parent, **options)
        axfrd.file = file
        return axfrd

    return new


def edit(axfrd, *edits):
    axfrd.ctl("zone", "begin", ZONE)
    for words in edits:
        axfrd.ctl("zone", words[0], ZONE, *words[1:])
    return axfrd.ctl("zone", "commit", ZONE).stdout


def serial(axfrd):
    return axfrd.json("zone", "show", ZONE)["serial"]


def served(axfrd, owner=ZONE):
    answer = ask.udp(axfrd.lab.client, owner, "A", IPV4).answer
    return sorted(str(rdata) for rrset in answer for rdata in rrset)


def refused(axfrd, *arguments):
    done = axfrd.ctl(*arguments, check=False)
    assert done.returncode == 1, done
    return done.stderr


# ---- the settings that it runs with ----


def test_the_options_are_shown_and_the_log_level_is_changed_while_it_runs(start):
    axfrd = start()
    first = axfrd.log().splitlines()[0]
    assert "axfrd 1." in first or "axfrd 0." in first, first
    assert "store " in first
    assert "zones-dir" in axfrd.ctl("config").stdout
    stated = {option["option"]: option for option in axfrd.json("config")["options"]}
    assert stated["alias-floor"]["values"] == ["1"] and stated["alias-floor"]["by"]
    assert stated["dns-port"]["by"] is None
    axfrd.ctl("log-level", "debug")
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.own.test", "--allow", axfrd.lab.client.ipv4)
    wait_until(lambda: " debug: " in axfrd.log(), "the life of a NOTIFY")
    assert {o["option"]: o for o in axfrd.json("config")["options"]}["log-level"]["by"] == "axfrctl"
    assert "no log level" in axfrd.ctl("log-level", "loud", check=False).stderr


def test_a_rollback_can_be_looked_at_first(start):
    axfrd = start()
    before = serial(axfrd)
    edit(axfrd, ["set", "new", "60", "A", "192.0.2.9"])
    after = serial(axfrd)
    shown = axfrd.ctl("zone", "rollback", ZONE, before, "--dry-run").stdout
    assert f"- new.{ZONE}.\t60\tIN\tA\t192.0.2.9" in shown and "nothing was changed" in shown, shown
    assert serial(axfrd) == after and served(axfrd, f"new.{ZONE}") == ["192.0.2.9"]


# ---- ALIAS and URL ----


def test_an_alias_alone_is_a_change_that_is_counted_and_can_be_taken_back(start):
    axfrd = start(url_address=["192.0.2.80"])
    axfrd.lab.targets.set("cdn A 10.0.0.1").start()
    before = serial(axfrd)
    assert "0 removed, 1 added" in edit(axfrd, ["set", "www", "60", "ALIAS", "cdn.target.test."])
    step = axfrd.json("zone", "history", ZONE)["steps"][0]
    assert step["from"] == before and "transaction" in step["by"]
    axfrd.logs("0 removed, 1 added; transaction by root")
    wait_until(lambda: served(axfrd, f"www.{ZONE}") == ["10.0.0.1"], "the address")
    with_alias = serial(axfrd)
    assert with_alias > before

    axfrd.kill()
    axfrd.start()
    assert "was edited" not in axfrd.log(), "nobody touched the file"
    axfrd.ctl("zone", "rollback", ZONE, str(before))
    assert served(axfrd, f"www.{ZONE}") == [] and "ALIAS" not in axfrd.ctl("zone", "export", ZONE).stdout

    assert "0 removed, 2 added" in edit(axfrd, ["set", "old", "60", "URL", '"https://example.org/"'])
    assert "2 removed, 0 added" in edit(axfrd, ["unset", "old", "URL"])


def test_of_many_addresses_some_are_published_and_it_is_said(start):
    axfrd = start(SOA + "many ALIAS many.target.test.\n", alias_max_addresses=4)
    axfrd.lab.targets.set(*[f"many A 10.0.1.{number}" for number in range(1, 20)]).start()
    wait_until(lambda: len(served(axfrd, f"many.{ZONE}")) == 4, "some addresses")
    wait_until(lambda: "not all" in axfrd.ctl("zone", "show", ZONE).stdout, "zone show to say so")


def test_held_addresses_of_a_rotating_target_leave_the_zone_alone(start):
    """The target answers with two of six addresses, in turn. When all have been seen, the zone no longer changes."""
    axfrd = start(SOA + "cdn ALIAS cdn.target.test.\n", alias_hold=600)
    pool = [f"10.0.2.{number}" for number in range(1, 7)]

    def give(turn):
        axfrd.lab.targets.set(*[f"cdn A {pool[(2 * turn + i) % 6]}" for i in range(2)])

    give(0)
    axfrd.lab.targets.start()
    for turn in range(1, 4):
        wait_until(lambda: pool[2 * turn - 2] in served(axfrd, f"cdn.{ZONE}"), "what is given")
        give(turn)
    wait_until(lambda: served(axfrd, f"cdn.{ZONE}") == sorted(pool), "all to be held")
    before, lookups = serial(axfrd), axfrd.stats()["alias"]["lookups"]
    for turn in range(4, 7):
        give(turn)
        wait_until(lambda: axfrd.stats()["alias"]["lookups"] >= lookups + 4, "more lookups")
        lookups = axfrd.stats()["alias"]["lookups"]
    assert serial(axfrd) == before


# ---- imports ----


def test_an_import_is_previewed_and_one_that_removes_too_much_is_refused(start):
    axfrd = start(SOA + "".join(f"h{number} A 192.0.2.{number}\n" for number in range(10)))
    before = serial(axfrd)
    axfrd.file.write_text(SOA.replace(" 1 7200", " 2 7200") + "h1 A 192.0.2.1\nnew A 192.0.2.99\n")
    preview = axfrd.ctl("zone", "import", axfrd.file, "--dry-run").stdout
    assert "would remove 9 and add 1" in preview and "h9" in preview and "new" in preview
    assert serial(axfrd) == before and served(axfrd, f"h9.{ZONE}") == ["192.0.2.9"]
    said = refused(axfrd, "zone", "import", axfrd.file, "--max-removed", "20")
    assert "9 of" in said and served(axfrd, f"h9.{ZONE}") == ["192.0.2.9"]
    done = axfrd.ctl("zone", "import-dir", axfrd.file.parent, "--max-removed", "20", check=False)
    assert done.returncode == 1 and ZONE in done.stderr, done
    axfrd.ctl("zone", "import", axfrd.file, "--max-removed", "90")
    assert served(axfrd, f"h9.{ZONE}") == []


# ---- secondaries, keys, providers ----


def test_a_key_in_use_is_not_removed_by_mistake_and_its_zones_can_be_edited_after(start):
    axfrd = start()
    axfrd.json("key", "generate", "bind.key")
    axfrd.ctl("provider", "set", "acme", "--ns", "ns1.acme.test", "--allow", "192.0.2.7=bind.key")
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.own.test", "--allow", "192.0.2.8=bind.key")
    said = refused(axfrd, "key", "remove", "bind.key")
    assert ZONE in said and "acme" in said and "--force" in said
    axfrd.ctl("key", "remove", "bind.key", "--force")
    axfrd.ctl("secondary", "edit", ZONE, "--add-ns", "ns2.own.test")
    assert "there is no key" in refused(axfrd, "secondary", "edit", ZONE, "--add-allow", "192.0.2.9=bind.key")


def test_who_may_transfer_all_zones_may_have_to_sign(start):
    axfrd = start(allow_transfer=["0.0.0.0/0=all.key"])
    peer = axfrd.lab.client.ipv4
    assert "wants a signature" in axfrd.ctl("explain", ZONE, peer, check=False).stdout
    assert "axfrctl key add all.key" in axfrd.ctl("explain", ZONE, peer, "all.key", check=False).stdout
    key = axfrd.json("key", "generate", "all.key")
    signed = ["-y", f"{key['key']['algorithm']}:all.key:{key['secret']}"]
    transfer = ["dig", f"@{IPV4}", ZONE, "AXFR", "+tcp"]
    assert "Transfer failed" in axfrd.lab.client.run(*transfer).stdout
    assert "XFR size: 4 records" in axfrd.lab.client.run(*transfer, *signed).stdout
    assert "allowed" in axfrd.ctl("explain", ZONE, peer, "all.key").stdout
    assert "--allow-transfer" in refused(axfrd, "key", "remove", "all.key")


def test_our_own_names_are_handed_on(start):
    axfrd = start(primary_name=["axfr.own.test", "axfr2.own.test"])
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.own.test", "--allow", "192.0.2.8")
    assert "axfr.own.test., axfr2.own.test." in axfrd.ctl("secondary", "show", ZONE).stdout
    assert axfrd.json("secondary", "show", ZONE)["primary"]["names"] == ["axfr.own.test.", "axfr2.own.test."]


def test_what_is_enabled_is_not_replaced_by_enabling_it_again(start):
    axfrd = start()
    arguments = ["secondary", "enable", ZONE, "--ns", "ns1.own.test", "--allow", "192.0.2.8"]
    axfrd.ctl(*arguments)
    assert "already so" in axfrd.ctl(*arguments).stdout
    others = ["--ns", "ns2.own.test", "--allow", "192.0.2.9"]
    assert "secondary edit" in refused(axfrd, "secondary", "enable", ZONE, *others)
    assert axfrd.json("secondary", "show", ZONE)["ns"] == ["ns1.own.test."]


def test_a_zone_says_what_is_its_providers(start):
    axfrd = start()
    axfrd.ctl("provider", "set", "acme", "--ns", "ns1.acme.test", "--allow", "192.0.2.7")
    axfrd.ctl("secondary", "enable", ZONE, "--provider", "acme")
    assert "providers" in axfrd.ctl("secondary", "show", ZONE).stdout
    said = refused(axfrd, "secondary", "edit", ZONE, "--remove-ns", "ns1.acme.test")
    assert "that of a provider (acme)" in said and "axfrctl provider set" in said
    for dry in (["--dry-run"], []):
        shown = axfrd.ctl("provider", "set", "acme", "--ns", "ns2.acme.test", "--allow", "192.0.2.7", *dry).stdout
        assert "At the registrar" in shown and "ns2.acme.test." in shown and "ns1.acme.test." in shown, shown
    axfrd.ctl("secondary", "disable", ZONE)
    shown = axfrd.ctl("secondary", "show", ZONE).stdout
    assert "remembered" in shown and "may transfer" not in shown


def test_what_is_seldom_meant_is_done_with_a_warning(start):
    axfrd = start()
    done = axfrd.ctl("secondary", "enable", ZONE, "--ns", "foo", "--allow", "0.0.0.0/0")
    for part in ("everybody there may read the zone", "nobody is notified", "single label"):
        assert part in done.stderr
    assert axfrd.ctl("secondary", "edit", ZONE, "--ns", "ns.own.test", "--allow", "192.0.2.8").stderr == ""


def test_explain_says_what_to_do_next(start):
    axfrd = start()
    peer = axfrd.lab.client.ipv4
    assert "next: axfrctl secondary enable" in axfrd.ctl("explain", ZONE, peer, check=False).stdout
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.own.test", "--allow", peer)
    wait_until(lambda: "firewalls" in axfrd.ctl("explain", ZONE, peer).stdout, "the advice for who does not answer")
