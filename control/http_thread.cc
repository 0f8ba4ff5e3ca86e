#include "control/http_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

namespace axfrd::control {

namespace {

constexpr auto kKeepUsesEvery = std::chrono::minutes(1);

}  // namespace

HttpThread::HttpThread(const HttpOptions& options, const Server& server, dataplane::Rcu& rcu, const Log& log)
    : server_(server), rcu_(rcu), log_(log), options_(options), http_(loop_, options, log) {}

HttpThread::~HttpThread() { stop(); }

void HttpThread::start() {
  thread_ = std::thread([this] { run(); });
}

void HttpThread::run() {
  pthread_setname_np(pthread_self(), "axfrd-http");
  reader_ = std::make_unique<dataplane::Rcu::Reader>(rcu_);
  operations_ = std::make_unique<Operations>(loop_, server_, *reader_);
  commands_ = std::make_unique<Commands>(*operations_);
  site_ = std::make_unique<HttpSite>(loop_, *operations_, *commands_, server_, options_, log_);
  http_.start([this](const HttpRequest& request, HttpRespond respond) { site_->serve(request, std::move(respond)); },
              [this](const HttpRequest& head) { return site_->most_body(head); });
  keep_uses();
  if (options_.console.is_on) take_samples();
  loop_.run();
}

void HttpThread::keep_uses() {
  uses_.expires_after(kKeepUsesEvery);
  uses_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    operations_->tokens.keep_uses([] {});
    keep_uses();
  });
}

void HttpThread::take_samples() {
  operations_->replication.sample();
  samples_.expires_after(ReplicationOperations::kSampleEvery);
  samples_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) take_samples();
  });
}

void HttpThread::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] {
    uses_.cancel();
    samples_.cancel();
    // The committer, which stops after us, drops what waits.
    operations_->tokens.keep_uses(
        [this] { boost::asio::post(loop_, [this] { http_.finish([this] { loop_.stop(); }); }); });
  });
  thread_.join();
}

}  // namespace axfrd::control
