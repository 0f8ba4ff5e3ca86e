#include "control/command/control_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

namespace axfrd::control {

ControlThread::ControlThread(SocketFile& file, const Server& server, dataplane::Rcu& rcu, const Log& log)
    : file_(file), server_(server), rcu_(rcu), log_(log), thread_([this] { run(); }) {}

ControlThread::~ControlThread() { stop(); }

void ControlThread::run() {
  pthread_setname_np(pthread_self(), "axfrd-control");
  dataplane::Rcu::Reader reader(rcu_);
  Commands commands(loop_, server_, reader);
  const auto handler = [&commands](RpcRequest request, RpcDone done) {
    commands.run(std::move(request), std::move(done));
  };
  socket_ = std::make_unique<ControlSocket>(loop_, file_, handler, log_);
  loop_.run();
  socket_.reset();
}

void ControlThread::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] { socket_->finish([this] { loop_.stop(); }); });
  thread_.join();
}

}  // namespace axfrd::control
