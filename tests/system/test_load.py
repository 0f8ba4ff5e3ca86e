"""Under a load that axfrd can serve, no query is lost, and no answer is wrong."""

import ask
import dnsperf
import zones
from lab import DATA, IPV4, IPV6, unaccounted

SAMPLES = sorted(DATA.glob("*.zone"))


def test_no_query_is_lost_at_a_moderate_rate(axfrd, client):
    completed = 0
    for address in (IPV4, IPV6):
        result = dnsperf.run(client, SAMPLES, address, seconds=5, rate=5000)
        assert result.lost == 0 and result.completed == result.sent > 1000
        completed += result.completed
        assert set(result.codes) == {"NOERROR", "NXDOMAIN"}
    stats = axfrd.stats()
    (worker,) = stats["workers"]
    assert worker["answered"] >= completed and unaccounted(worker) == 0
    assert stats["udp"]["queries"] == 0, "the kernel has seen them too"


def test_queries_go_on_while_zones_are_replaced(axfrd, client, zone_file):
    files = [zone_file("example.org", records) for records in (100, 3000)]
    texts = [file.read_text() for file in files]
    process = client.spawn(*dnsperf.command(client, SAMPLES, IPV4, 8, "-Q", 3000))
    imports = 0
    while process.poll() is None:
        files[0].write_text(texts[imports % 2])
        axfrd.ctl("zone", "import", files[0])
        imports += 1
    result = dnsperf.Result(process.log.read_text())
    assert result.lost == 0 and imports > 1
    files[0].write_text(texts[(imports - 1) % 2])
    with client.connect(IPV4) as sock:
        assert zones.differences(zones.read(files[0]), zones.transfer(sock, "example.org")) == []


def test_offered_more_than_it_can_answer_it_answers_what_it_can(axfrd, client):
    text = client.run(*dnsperf.command(client, SAMPLES, IPV4, 5, "-q", 2000, "-c", 20)).stdout
    assert dnsperf.Result(text).completed > 1000
    assert ask.udp(client, "www.example.com", "A", IPV4).answer
    assert unaccounted(axfrd.stats()["workers"][0]) == 0
