// MemoryConnection: the connection of a DNS session without a network. The test holds the client's end, and the session
// has the Channel.
//
// So much as `capacity` octets are on their way to the client, or wait for it. So the test decides what send() takes,
// and when: a client that does not receive makes it take nothing more, and a small capacity cuts what is sent to
// pieces.
//
// Threads. One, which runs the loop when the session is to notice what the client does.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "control/dns/channel.h"

namespace axfrd::control::test {

class MemoryConnection {
 public:
  static constexpr size_t kUsualCapacity = 64 * 1024;

  explicit MemoryConnection(boost::asio::io_context& loop, size_t capacity = kUsualCapacity)
      : state_(std::make_shared<State>(loop, capacity)) {}

  // The session's end. Once.
  std::unique_ptr<Channel> channel(const IpAddress& peer) const { return std::make_unique<End>(peer, state_); }

  // ---- the client's end ----
  void send(zones::Bytes octets) const {
    state_->to_session.append(zones::text_of(octets));
    state_->settle();
  }
  // Says that nothing more comes.
  void end_input() const {
    state_->input_ended = true;
    state_->settle();
  }
  // Goes without a word.
  void break_off() const {
    state_->broken = true;
    state_->settle();
  }
  // What is there for the client, but no more than so many octets.
  std::string receive(size_t most = std::numeric_limits<size_t>::max()) const {
    std::string octets = state_->to_client.substr(0, most);
    state_->to_client.erase(0, octets.size());
    state_->settle();
    return octets;
  }

  // What the client sent and the session has not read.
  size_t unread() const { return state_->to_session.size(); }
  // How often the session called send().
  size_t sends() const { return state_->sends; }
  bool closed() const { return state_->closed; }
  bool aborted() const { return state_->aborted; }

 private:
  struct State {
    State(boost::asio::io_context& l, size_t c) : loop(l), capacity(c) {}

    // Ends the operations under way that can end now.
    void settle() {
      if (read && (closed || broken)) {
        end_read(over(), 0);
      } else if (read && !to_session.empty()) {
        const size_t octets = std::min(room.size(), to_session.size());
        std::copy_n(to_session.begin(), octets, room.begin());
        to_session.erase(0, octets);
        end_read({}, octets);
      } else if (read && input_ended) {
        end_read(boost::asio::error::eof, 0);
      }
      if (wait && (closed || broken || to_client.size() < capacity)) {
        boost::asio::post(loop, [done = std::exchange(wait, nullptr),
                                 error = closed || broken ? over() : boost::system::error_code()] { done(error); });
      }
    }
    boost::system::error_code over() const {
      return closed ? boost::asio::error::operation_aborted : boost::asio::error::connection_reset;
    }
    void end_read(const boost::system::error_code& error, size_t octets) {
      boost::asio::post(loop, [done = std::exchange(read, nullptr), error, octets] { done(error, octets); });
    }

    boost::asio::io_context& loop;
    const size_t capacity;
    std::string to_session, to_client;
    bool input_ended = false, broken = false, closed = false, aborted = false;
    size_t sends = 0;
    zones::MutableBytes room;  // of `read`
    Channel::ReadDone read;    // empty: none is under way
    Channel::WaitDone wait;    // the same
  };

  class End final : public Channel {
   public:
    End(IpAddress peer, std::shared_ptr<State> state) : Channel({.peer = std::move(peer)}), state_(std::move(state)) {}

    void async_read(zones::MutableBytes room, ReadDone done) override {
      state_->room = room;
      state_->read = std::move(done);
      state_->settle();
    }
    std::optional<size_t> send(Gather& batch) override {
      ++state_->sends;
      if (state_->broken || state_->closed) return std::nullopt;
      std::array<iovec, Gather::kMaxPieces> pieces;
      const size_t count = batch.copy_pieces(pieces);
      size_t sent = 0;
      for (size_t i = 0; i < count; ++i) {
        const size_t taken = std::min(pieces[i].iov_len, state_->capacity - state_->to_client.size());
        state_->to_client.append(static_cast<const char*>(pieces[i].iov_base), taken);
        sent += taken;
      }
      batch.forget(sent);
      return sent;
    }
    void async_wait_writable(WaitDone done) override {
      state_->wait = std::move(done);
      state_->settle();
    }
    uint64_t unacknowledged() override { return state_->to_client.size(); }
    void limit_unsent(int) override {}
    void close() override {
      state_->closed = true;
      state_->settle();
    }
    void abort() override {
      state_->aborted = true;
      state_->to_client.clear();
      close();
    }

   private:
    const std::shared_ptr<State> state_;
  };

  const std::shared_ptr<State> state_;
};

}  // namespace axfrd::control::test
