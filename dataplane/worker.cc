#include "dataplane/worker.h"

#include <poll.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "dataplane/neighbour.h"
#include "zones/answer/ixfr.h"

namespace axfrd::dataplane {
namespace {

constexpr uint64_t kSpinFor = 50;  // µs without work before the first sleep; under load the next query comes sooner
constexpr int kNice = -10;
constexpr unsigned kShortestSleep = 10;    // µs
constexpr unsigned kLongestSleep = 200;    // µs, the longest wait of the first query after a silence
constexpr unsigned kLongestWait = 20'000;  // µs, where arrival wakes the worker: it must still see the stop flag

// Raises the priority of the thread, so that it runs before others as soon as it wakes. Its rings hold 2 048 packets.
// As many may arrive in less time than the scheduler lets another thread go on (sched(7)). Without the permission the
// priority stays as it is.
void wake_before_others() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice); }

// Lets a worker without work spin at first, and then sleep.
class Idler {
 public:
  explicit Idler(const WorkerOptions& options) : sleeps_(options.idle_sleep) {
    if (!sleeps_) return;
    // The default timer slack would add up to 50 µs to each sleep.
    prctl(PR_SET_TIMERSLACK, 1UL);
    wake_before_others();
    bool woken = true;
    for (const WorkerOptions::Queue& queue : options.queues) {
      const auto descriptors = queue.port->xsk_descriptors();
      if (!descriptors.empty()) arrivals_.push_back({descriptors[options.index], POLLIN, 0});
      woken = woken && !descriptors.empty() && queue.from_kernel == nullptr;
    }
    longest_ = woken ? kLongestWait : kLongestSleep;
  }

  void busy() { since_ = 0; }
  void idle() {
    if (!sleeps_) return;
    const uint64_t now = rte_rdtsc();
    if (since_ == 0) {
      since_ = now;
      pause_ = kShortestSleep;
    }
    if (now - since_ < spin_) return;
    const timespec pause{0, static_cast<long>(pause_) * 1000};
    ppoll(arrivals_.data(), arrivals_.size(), &pause, nullptr);
    pause_ = std::min(2 * pause_, longest_);
  }

 private:
  const bool sleeps_;
  const uint64_t spin_ = rte_get_tsc_hz() / 1'000'000 * kSpinFor;
  uint64_t since_ = 0;  // when the idle time began; 0: the worker is busy
  unsigned pause_ = kShortestSleep, longest_ = kLongestSleep;
  std::vector<pollfd> arrivals_;
};

Bytes frame_of(const rte_mbuf& packet) { return {rte_pktmbuf_mtod(&packet, const uint8_t*), packet.data_len}; }

// A packet that the device marks as "bad" is checked in software, because some devices mark UDP without a checksum so.
// "None" means that the data were verified although the checksum field is wrong, as between virtual machines.
Verified verified_by_device(const rte_mbuf& packet) {
  const uint64_t ip = packet.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, l4 = packet.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  return {ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD || ip == RTE_MBUF_F_RX_IP_CKSUM_NONE,
          l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE};
}

void request_checksums(rte_mbuf& packet, const Datagram& datagram) {
  packet.tx_offload = rte_mbuf_tx_offload(datagram.l2_size, datagram.l3_size, 0, 0, 0, 0, 0);
  packet.ol_flags |=
      RTE_MBUF_F_TX_UDP_CKSUM | (datagram.v6() ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
}

unsigned rcode_index(const zones::Query& query) {
  if (query.reply.rcode == zones::Rcode::badvers) return kRcodes - 2;
  if (query.reply.rcode == zones::Rcode::badcookie) return kRcodes - 1;
  return static_cast<unsigned>(query.reply.rcode);
}

}  // namespace

Worker::Worker(WorkerOptions options, const zones::Responder& responder, Rcu& rcu, const std::atomic<bool>& stop)
    : options_(std::move(options)),
      responder_(responder),
      reader_(rcu),
      stop_(stop),
      budgets_(rte_get_tsc_hz()),
      limiter_(rte_get_tsc_hz(), options_.rate_limit) {}

void Worker::run() noexcept {
  Idler idler(options_);
  while (!stop_.load(std::memory_order_relaxed)) {
    if (turn()) {
      idler.busy();
    } else {
      idler.idle();
    }
  }
  for (const Queue& queue : options_.queues) {
    while (forward(queue) != 0) {
    }
  }
}

bool Worker::turn() noexcept {
  const uint64_t begin = rte_rdtsc();
  unsigned packets = 0;
  for (const Queue& queue : options_.queues) packets += poll(queue) + forward(queue);
  counters_.turns.add();
  if (packets == 0) return false;
  counters_.busy_turns.add();
  counters_.busy_cycles.add(rte_rdtsc() - begin);
  return true;
}

unsigned Worker::poll(const Queue& queue) {
  std::array<rte_mbuf*, kBurst> received;
  const unsigned n = queue.port->receive(options_.index, received);
  if (n == 0) return 0;
  counters_.received.add(n);
  for (rte_mbuf* packet : std::span(received.data(), n)) {
    // A query fills two cache lines, and the response overwrites them.
    zones::prefetch_to_write(rte_pktmbuf_mtod(packet, uint8_t*));
    zones::prefetch_to_write(rte_pktmbuf_mtod_offset(packet, uint8_t*, RTE_CACHE_LINE_SIZE));
  }
  now_ = static_cast<uint32_t>(std::time(nullptr));  // read from the vDSO: no system call
  const Interface& interface = queue.port->interface();
  for (unsigned i = 0; i < n; ++i) {
    received[i]->port = queue.port->id();  // not every driver sets it
    admit(interface, received[i]);
  }
  answer_all(interface);
  punt(urgent_, options_.to_kernel->urgent);
  punt(bulk_, options_.to_kernel->bulk);
  drop_all();
  send(queue, responses_.span());
  responses_.count = 0;
  return n;
}

void Worker::admit(const Interface& interface, rte_mbuf* packet) {
  if (packet->nb_segs != 1) return dispose(packet, Verdict::segmented);
  Request& request = requests_[request_count_];
  const Verdict verdict = classify(frame_of(*packet), verified_by_device(*packet), interface, request.datagram);
  if (verdict != Verdict::answered) {
    if (!answer_neighbour(interface, packet, verdict)) dispose(packet, verdict);
    return;
  }
  request.packet = packet;
  parse(interface, request);
}

// Answers a plain request for our MAC address. Returns false for any other frame, which is left as it was.
bool Worker::answer_neighbour(const Interface& interface, rte_mbuf* packet, Verdict verdict) {
  if (verdict != Verdict::arp && verdict != Verdict::neighbour_discovery) return false;
  const zones::MutableBytes frame(rte_pktmbuf_mtod(packet, uint8_t*), packet->data_len);
  const unsigned size = dataplane::answer_neighbour(frame, packet->buf_len - packet->data_off, interface);
  if (size == 0) return false;
  packet->data_len = static_cast<uint16_t>(size);
  packet->pkt_len = size;
  count(Verdict::neighbour_answered);
  responses_.add(packet);
  return true;
}

// Keeps `request` in requests_ if it needs a lookup, and disposes of it otherwise.
void Worker::parse(const Interface& interface, Request& request) {
  const rte_mbuf& packet = *request.packet;
  zones::Query& query = request.query;
  query.message = rte_pktmbuf_mtod_offset(&packet, uint8_t*, request.datagram.dns_at());
  query.size = request.datagram.dns_size;
  query.capacity = dns_capacity(request.datagram, packet.buf_len - packet.data_off, interface);
  query.transport = zones::Transport::udp;
  query.client = sender_octets(rte_pktmbuf_mtod(&packet, const uint8_t*), request.datagram);
  query.now = now_;
  switch (query.parse()) {
    case zones::Disposition::transfer:
      query.refusal = zones::Rcode::notimp;
      ++request_count_;
      break;
    case zones::Disposition::answer:
      ++request_count_;
      break;
    case zones::Disposition::privileged:
      dispose(request.packet, Verdict::dns_privileged);
      break;
    case zones::Disposition::drop:
      dispose(request.packet, Verdict::not_a_query);
      break;
  }
}

void Worker::answer_all(const Interface& interface) {
  const std::span requests(requests_.data(), request_count_);
  if (requests.empty()) return;
  look_up(requests);
  for (const Request& request : requests) {
    if (request.fate == RateLimiter::Fate::dropped) {
      dispose(request.packet, Verdict::rate_limited);
    } else {
      finish(interface, request);
    }
  }
  request_count_ = 0;
}

// The read section ends with this function: no zone data is used after it.
void Worker::look_up(std::span<Request> requests) {
  const ReadSection section(reader_);
  responder_.prepare([requests](auto&& step) {
    for (Request& request : requests) step(request.query);
  });
  for (Request& request : requests) {
    // The response overwrites the request.
    const bool ixfr = request.query.qtype == zones::rrtype::IXFR;
    request.ixfr_serial = ixfr ? zones::ixfr_serial(request.query) : std::nullopt;
    request.response_size = responder_.write(request.query);
    request.fate = RateLimiter::Fate::sent;
    if (request.query.qtype == zones::rrtype::SOA || ixfr) note_poll(request);
  }
  if (limiter_.on()) limit(requests);
}

// There are two steps, so that the cache misses of the table overlap.
void Worker::limit(std::span<Request> requests) {
  std::array<RateLimiter::Key, kBurst> keys;
  for (size_t i = 0; i < requests.size(); ++i) {
    keys[i] = limiter_.key_of(requests[i].query);
    limiter_.prefetch(keys[i]);
  }
  const uint64_t now = rte_rdtsc();
  for (size_t i = 0; i < requests.size(); ++i) {
    Request& request = requests[i];
    if (!keys[i]) continue;
    request.fate = limiter_.decide(keys[i], request.query, now);
    if (request.fate != RateLimiter::Fate::slipped) continue;
    request.response_size = responder_.slip(request.query, request.response_size);
    counters_.slipped.add();
  }
}

void Worker::note_poll(const Request& request) {
  if (!zones::is_poll(request.query)) return;
  Poll poll;
  poll.address = sender_of(rte_pktmbuf_mtod(request.packet, const uint8_t*), request.datagram);
  poll.zone = request.query.lookup.version->apex().hash;
  poll.serial = request.ixfr_serial.value_or(0);
  poll.states_serial = request.ixfr_serial.has_value();
  options_.polls->put(poll);
}

void Worker::finish(const Interface& interface, const Request& request) {
  rte_mbuf& packet = *request.packet;
  const unsigned size =
      turn_round(rte_pktmbuf_mtod(&packet, uint8_t*), request.datagram, request.response_size, interface);
  packet.data_len = static_cast<uint16_t>(size);
  packet.pkt_len = size;
  if (interface.checksum_offload) request_checksums(packet, request.datagram);
  counters_.responses[rcode_index(request.query)].add();
  count(Verdict::answered);
  responses_.add(&packet);
}

void Worker::dispose(rte_mbuf* packet, Verdict verdict) {
  if (is_punt(verdict)) {
    const PuntClass punt_class = class_of(verdict);
    if (budgets_.take(punt_class, rte_rdtsc())) {
      return (punt_class == PuntClass::neighbour ? urgent_ : bulk_).add(packet, verdict);
    }
    verdict = over_budget(punt_class);
  }
  count(verdict);
  dropped_.add(packet);
}

void Worker::punt(PuntBatch& batch, MbufRing& ring) {
  Batch& packets = batch.packets;
  if (packets.count == 0) return;
  const unsigned taken = ring.send(packets.span());
  for (unsigned i = 0; i < taken; ++i) count(batch.verdicts[i]);
  for (unsigned i = taken; i < packets.count; ++i) dispose(packets.packets[i], Verdict::kernel_path_full);
  packets.count = 0;
}

void Worker::drop_all() {
  if (dropped_.count == 0) return;
  rte_pktmbuf_free_bulk(dropped_.packets.data(), dropped_.count);
  dropped_.count = 0;
}

unsigned Worker::forward(const Queue& queue) {
  if (queue.from_kernel == nullptr) return 0;
  std::array<rte_mbuf*, kBurst> frames;
  const unsigned n = queue.from_kernel->receive(frames);
  if (n == 0) return 0;
  counters_.from_kernel.add(n);
  send(queue, {frames.data(), n});
  return n;
}

void Worker::send(const Queue& queue, std::span<rte_mbuf*> packets) {
  if (packets.empty()) return;
  const uint64_t begin = rte_rdtsc();
  const unsigned sent = queue.port->send(options_.index, packets);
  counters_.send_cycles.add(rte_rdtsc() - begin);
  counters_.transmitted.add(sent);
  const std::span unsent = packets.subspan(sent);
  if (unsent.empty()) return;
  counters_.untransmitted.add(unsent.size());
  rte_pktmbuf_free_bulk(unsent.data(), static_cast<unsigned>(unsent.size()));
}

}  // namespace axfrd::dataplane
