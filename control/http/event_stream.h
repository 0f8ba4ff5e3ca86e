// EventStream: what happens, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
//
//   id: RUN-NUMBER       by which a client says, in Last-Event-ID, where it goes on
//   event: commit        the kind
//   data: {…}            one line of JSON
//
// An event "gap" says that some were missed: the client was too slow or too late, or axfrd has started anew.
//
// Threads. That of the loop. Owned by the stream of its response, and so by the connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/base/event_feed.h"
#include "control/http/message.h"
#include "control/operate/principal.h"

namespace axfrd::control {

class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  struct Wanted {
    std::optional<zones::Name> zone = {};  // only of this zone
    std::string secondary = {};            // only of this address; empty: all
    std::string last_id = {};              // the last one that the client has; empty: it has none
  };
  // `may_go_on`: asked now and then; false ends the stream.
  EventStream(boost::asio::io_context& loop, EventFeed& feed, Principal who, Wanted wanted,
              std::function<bool()> may_go_on);

  // A JsonStream.
  void next(JsonPiece piece);

 private:
  void wake();
  void wait();
  bool shows(const Event& event) const;
  // Empty if nothing has happened.
  std::string take();

  boost::asio::io_context& loop_;
  EventFeed& feed_;
  const Principal who_;
  const Wanted wanted_;
  const std::function<bool()> may_go_on_;
  boost::asio::steady_timer timer_;
  uint64_t number_;
  std::string greeting_;
  JsonPiece piece_;  // waits for an event; null: nobody does
  std::optional<EventFeed::Watch> watch_;
};

// The stream of a response.
JsonStream event_stream(boost::asio::io_context& loop, EventFeed& feed, const Principal& who,
                        const EventStream::Wanted& wanted, std::function<bool()> may_go_on);

}  // namespace axfrd::control
