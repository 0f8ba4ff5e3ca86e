#include "control/notify/poll_feed.h"

namespace axfrd::control {

namespace {

// Polls are fetched on a timer, because a worker must not make the system call that would wake this thread. The delay
// does no harm: a secondary that comes back and polls gets its NOTIFY this much later.
constexpr auto kLook = std::chrono::milliseconds(50);

IpAddress asker_of(const dataplane::Poll& poll) { return normalised(boost::asio::ip::address_v6(poll.address)); }

}  // namespace

PollFeed::PollFeed(boost::asio::io_context& loop, dataplane::Dataplane& dataplane, PeerSink& peers)
    : dataplane_(dataplane), peers_(peers), timer_(loop), polls_(dataplane::PollRing::kSize) {}

void PollFeed::start() {
  timer_.expires_after(kLook);
  timer_.async_wait([this](const auto& cancelled) {
    if (cancelled) return;
    carry();
    start();
  });
}

void PollFeed::stop() { timer_.cancel(); }

void PollFeed::carry() {
  const unsigned taken = dataplane_.take_polls(polls_);
  for (const dataplane::Poll& poll : std::span(polls_).first(taken)) {
    const auto serial = poll.states_serial != 0 ? std::optional(poll.serial) : std::nullopt;
    peers_.polled(poll.zone, asker_of(poll), serial);
  }
}

}  // namespace axfrd::control
