#include "control/http/event_stream.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "zones/wire/number.h"

namespace axfrd::control {

namespace {

constexpr auto kHeartbeat = std::chrono::seconds(10);
constexpr size_t kAtOnce = 256;

std::string event_text(const std::string& id, const std::string& kind, const std::string& data) {
  return "id: " + id + "\nevent: " + kind + "\ndata: " + data + "\n\n";
}

}  // namespace

EventStream::EventStream(boost::asio::io_context& loop, EventFeed& feed, Principal who, Wanted wanted,
                         std::function<bool()> may_go_on)
    : loop_(loop),
      feed_(feed),
      who_(std::move(who)),
      wanted_(std::move(wanted)),
      may_go_on_(std::move(may_go_on)),
      timer_(loop),
      number_(feed.next()),
      greeting_("retry: 2000\n\n") {
  const std::string run = feed_.run() + "-";
  if (wanted_.last_id.empty()) return;
  const auto last = wanted_.last_id.starts_with(run)
                        ? zones::number_in<uint64_t>(std::string_view(wanted_.last_id).substr(run.size()))
                        : std::nullopt;
  if (last) {
    number_ = *last + 1;
  } else {
    greeting_ += event_text(run + std::to_string(number_ - 1), "gap", "{}");
  }
}

bool EventStream::shows(const Event& event) const {
  if (!event.zone) {
    if (!who_.scope.is_all() || (event.kind == "commit" && who_.role != Role::admin)) return false;
  } else if (!who_.scope.contains(*event.zone)) {
    return false;
  }
  if (wanted_.zone && !(event.zone && *event.zone == *wanted_.zone)) return false;
  if (wanted_.secondary.empty()) return true;
  return event.secondary == wanted_.secondary || event.secondary.starts_with(wanted_.secondary + "@");
}

std::string EventStream::take() {
  std::string text = std::exchange(greeting_, {});
  for (bool more = true; more && text.empty();) {
    const EventFeed::Page page = feed_.from(number_, kAtOnce);
    const std::string run = feed_.run() + "-";
    const uint64_t first = page.next - page.events.size();
    if (page.missed) text += event_text(run + std::to_string(first - 1), "gap", "{}");
    for (size_t i = 0; i < page.events.size(); ++i) {
      const Event& event = *page.events[i];
      if (shows(event)) text += event_text(run + std::to_string(first + i), event.kind, event.data);
    }
    number_ = page.next;
    more = page.events.size() == kAtOnce;
  }
  return text;
}

void EventStream::next(JsonPiece piece) {
  if (!watch_) {
    // Many events at once wake it once.
    const auto is_on_its_way = std::make_shared<std::atomic<bool>>(false);
    watch_.emplace(feed_, [&loop = loop_, weak = weak_from_this(), is_on_its_way] {
      if (is_on_its_way->exchange(true)) return;
      boost::asio::post(loop, [weak, is_on_its_way] {
        is_on_its_way->store(false);
        if (const auto self = weak.lock()) self->wake();
      });
    });
  }
  if (std::string text = take(); !text.empty()) return piece(std::move(text), true);
  piece_ = std::move(piece);
  wait();
}

void EventStream::wake() {
  if (!piece_) return;
  std::string text = take();
  if (!text.empty()) std::exchange(piece_, nullptr)(std::move(text), true);
}

// A client that has gone shows when it is written to.
void EventStream::wait() {
  timer_.expires_after(kHeartbeat);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || !self->piece_) return;
    const bool goes_on = self->may_go_on_();
    std::exchange(self->piece_, nullptr)(goes_on ? ":\n\n" : "", goes_on);
  });
}

JsonStream event_stream(boost::asio::io_context& loop, EventFeed& feed, const Principal& who,
                        const EventStream::Wanted& wanted, std::function<bool()> may_go_on) {
  const auto stream = std::make_shared<EventStream>(loop, feed, who, wanted, std::move(may_go_on));
  return [stream](JsonPiece piece) { stream->next(std::move(piece)); };
}

}  // namespace axfrd::control
