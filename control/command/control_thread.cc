#include "control/command/control_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

#include "control/command/metrics.h"

namespace axfrd::control {

namespace {

MetricsServer::Source source_of(Commands& commands) {
  return [&commands](const std::function<void(std::string)>& done) {
    commands.run({std::nullopt, "stats", Json::object()},
                 [done](const auto& outcome) { done(metrics_text(std::get<Json>(std::get<RpcResult>(outcome)))); });
  };
}

}  // namespace

ControlThread::ControlThread(SocketFile& file, const std::optional<Endpoint>& metrics, const Server& server,
                             dataplane::Rcu& rcu, const Log& log)
    : file_(file),
      server_(server),
      rcu_(rcu),
      log_(log),
      metrics_(metrics ? std::make_unique<MetricsServer>(loop_, *metrics) : nullptr),
      thread_([this] { run(); }) {}

ControlThread::~ControlThread() { stop(); }

void ControlThread::run() {
  pthread_setname_np(pthread_self(), "axfrd-control");
  dataplane::Rcu::Reader reader(rcu_);
  Commands commands(loop_, server_, reader);
  const auto handler = [&commands](RpcRequest request, RpcDone done) {
    commands.run(std::move(request), std::move(done));
  };
  socket_ = std::make_unique<ControlSocket>(loop_, file_, handler, log_);
  if (metrics_) metrics_->start(source_of(commands));
  loop_.run();
  socket_.reset();
}

void ControlThread::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] {
    if (metrics_) metrics_->stop();
    socket_->finish([this] { loop_.stop(); });
  });
  thread_.join();
}

}  // namespace axfrd::control
