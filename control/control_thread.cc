#include "control/control_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

#include "control/command/metrics.h"
#include "control/command/stats_json.h"

namespace axfrd::control {

namespace {

// What scrapes metrics sees what any reader sees.
MetricsServer::Source source_of(Operations& operations) {
  return [&operations](const std::function<void(std::string)>& done) {
    operations.server.stats(
        {}, [done](const Outcome<ServerStats>& stats) { done(metrics_text(to_json(std::get<ServerStats>(stats)))); });
  };
}

}  // namespace

ControlThread::ControlThread(SocketFile& file, const std::optional<Endpoint>& metrics, const Server& server,
                             dataplane::Rcu& rcu, const Log& log)
    : file_(file),
      server_(server),
      rcu_(rcu),
      log_(log),
      metrics_(metrics ? std::make_unique<MetricsServer>(loop_, *metrics, log) : nullptr),
      thread_([this] { run(); }) {}

ControlThread::~ControlThread() { stop(); }

void ControlThread::run() {
  pthread_setname_np(pthread_self(), "axfrd-control");
  reader_ = std::make_unique<dataplane::Rcu::Reader>(rcu_);
  operations_ = std::make_unique<Operations>(loop_, server_, *reader_);
  commands_ = std::make_unique<Commands>(*operations_);
  const auto handler = [this](RpcRequest request, RpcDone done) {
    commands_->run(std::move(request), std::move(done));
  };
  socket_ = std::make_unique<ControlSocket>(loop_, file_, handler, zone_of, log_);
  if (metrics_) metrics_->start(source_of(*operations_));
  loop_.run();
  socket_.reset();
}

void ControlThread::build_index() {
  indexer_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-index");
    try {
      dataplane::Rcu::Reader reader(rcu_);
      server_.apexes.build(server_.zones, reader);
    } catch (const std::exception& error) {  // whoever needs it tries again
      log_.warning("the index of zones is not built yet: ", reason_of(error));
    }
  });
}

void ControlThread::reopen_logs() {
  boost::asio::post(loop_, [this] { server_.audit.reopen(); });
}

void ControlThread::stop() {
  if (indexer_.joinable()) indexer_.join();
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] {
    if (metrics_) metrics_->stop();
    socket_->finish([this] { loop_.stop(); });
  });
  thread_.join();
}

}  // namespace axfrd::control
