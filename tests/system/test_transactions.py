"""Zones edited by axfrctl: transactions, history, rollback, bulk import."""

import pytest

import zones
from ask import served


def test_a_transaction_by_hand(axfrd):
    assert "serial is 2024010101" in axfrd.ctl("zone", "begin", "example.com").stdout
    axfrd.ctl("zone", "set", "example.com", "new", "300", "A", "192.0.2.77")
    axfrd.ctl("zone", "unset", "example.com", "www")
    diff = axfrd.ctl("zone", "diff", "example.com").stdout
    assert "+ new.example.com.\t300\tIN\tA\t192.0.2.77" in diff and "- www.example.com." in diff
    assert served(axfrd, "new.example.com") == []
    assert "example.com." in axfrd.ctl("zone", "status").stdout
    assert "was 2024010101" in axfrd.ctl("zone", "commit", "example.com").stdout
    assert served(axfrd, "new.example.com") == ["new.example.com. A 192.0.2.77"]
    assert served(axfrd, "www.example.com") == []
    assert "2024010101" in axfrd.ctl("zone", "history", "example.com").stdout


def test_a_rollback_brings_back_what_was(axfrd):
    before = axfrd.ctl("zone", "export", "example.com").stdout
    axfrd.ctl("zone", "begin", "example.com")
    axfrd.ctl("zone", "unset", "example.com", "www")
    axfrd.ctl("zone", "set", "example.com", "@", "MX", "5", "other.example.net.")
    axfrd.ctl("zone", "commit", "example.com")
    axfrd.ctl("zone", "rollback", "example.com", "2024010101")
    after = axfrd.ctl("zone", "export", "example.com").stdout
    assert before.splitlines()[1:] == after.splitlines()[1:]
    assert before.splitlines()[0] != after.splitlines()[0], "the serial is new"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["set", "example.com", "a", "A", "192.0.2.1"], "no open transaction"),
        (["commit", "example.com"], "no open transaction"),
        (["begin", "nowhere.example"], "there is no zone nowhere.example."),
        (["rollback", "example.com", "77"], "does not go back to serial 77"),
        (["config", "example.com", "--serial", "daily"], "none of unixtime, increment, keep"),
        (["import-dir", "/nowhere"], "/nowhere"),
    ],
)
def test_a_mistake_is_explained(axfrd, arguments, said):
    done = axfrd.ctl("zone", *arguments, check=False)
    assert done.returncode != 0 and said in done.stderr


def test_a_bad_record_is_refused_and_the_rest_stays(axfrd):
    axfrd.ctl("zone", "begin", "example.com")
    axfrd.ctl("zone", "set", "example.com", "good", "60", "A", "192.0.2.1")
    for record in [["bad", "A", "300.0.0.1"], ["x.example.net.", "A", "192.0.2.1"], ["bad", "NONSENSE"]]:
        assert axfrd.ctl("zone", "set", "example.com", *record, check=False).returncode == 1
    assert axfrd.json("zone", "commit", "example.com")["added"] == 1


def test_a_directory_is_imported_beside_running_service(axfrd, tmp_path):
    for number in range(300):
        (tmp_path / f"bulk{number}.example.zone").write_text(zones.make(f"bulk{number}.example", 12))
    (tmp_path / "broken.example.zone").write_text("@ 1 SOA a b 1 2 3 4 5\n@ 1 NS\n")
    done = axfrd.ctl("zone", "import-dir", tmp_path, check=False)
    assert done.returncode == 1
    assert "300 zones added" in done.stdout and "1 failed" in done.stdout and "broken.example.zone:2" in done.stderr
    assert served(axfrd, "bulk299.example", "SOA")
    assert "300 unchanged" in axfrd.ctl("zone", "import-dir", tmp_path, check=False).stdout


def test_files_at_start_do_not_undo_what_was_committed_since(axfrd):
    axfrd.ctl("zone", "begin", "example.com")
    axfrd.ctl("zone", "set", "example.com", "new", "300", "A", "192.0.2.77")
    axfrd.ctl("zone", "commit", "example.com")
    axfrd.stop()
    axfrd.start()
    assert served(axfrd, "new.example.com") == ["new.example.com. A 192.0.2.77"]
