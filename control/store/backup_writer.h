// BackupWriter: writes one backup, in a thread of its own: the disk that it goes to may be slow, full, or gone.
//
// The store hands over its database through a socket, which takes no more than the disk does. Whoever cannot wait for
// that gives the backup up: then the socket ends at once, for both sides, even while the thread hangs in the kernel.
//
// A backup is made under another name, and gets its own when it is whole and on the disk.
//
// Threads. The thread shares nothing with its owner but State. Its owner may be any, one call at a time; give_up() is
// for any thread at any time.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/file_descriptor.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

class BackupWriter {
 public:
  using Done = std::function<void(std::string failure)>;  // empty: it is made
  // What is to be done to the directory when data.mdb is there, in the writer's thread. May throw.
  using Finish = std::function<void(const std::filesystem::path& unfinished)>;

  // done() is called in the writer's thread. Throws StoreError.
  BackupWriter(std::filesystem::path directory, Done done);
  // Gives up, drops `done`, and leaves a thread that hangs to itself.
  ~BackupWriter();
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  const std::filesystem::path& directory() const { return state_->directory; }
  // What is written there, up to complete(), is data.mdb. A write fails when nothing takes it any more.
  int socket() const { return state_->to.get(); }
  void complete(Finish finish);
  // The backup fails for that reason, if it is not made yet, and if nothing has gone wrong before.
  void give_up(const std::string& reason);
  // Whether done() is being called, or was.
  bool ended() const;

 private:
  struct State {
    State(std::filesystem::path where, Done what) : directory(std::move(where)), done(std::move(what)) {}
    const std::filesystem::path directory;
    dataplane::FileDescriptor to, from;
    mutable dataplane::Mutex mutex;
    std::condition_variable changed;
    Done done GUARDED_BY(mutex);  // empty once it is called, or dropped
    Finish finish GUARDED_BY(mutex);
    std::string failure GUARDED_BY(mutex);  // why the backup was given up
    bool ended GUARDED_BY(mutex) = false;   // done() is called, or was
    bool left GUARDED_BY(mutex) = false;    // and has returned
  };
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace axfrd::control
