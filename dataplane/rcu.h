// Rcu: tells the writer when no reader can use a replaced object any more (QSBR).
//
// The steps of one replacement:
//   1. the writer stores the new pointer (release), e.g. ZoneTable::publish, and keeps what it replaced;
//   2. it takes token = start();
//   3. each reader leaves the ReadSection it was in;
//   4. at some later time passed(token) is true, and the writer destroys the old object.
// No thread waits. Outside of read sections a reader is offline, and may block or sleep without delaying the writer.
//
// Threads. start() and passed(): the writer. A Reader: made and destroyed by any thread, used by one in between.
// Works without the EAL.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/mutex.h"

struct rte_rcu_qsbr;

namespace axfrd::dataplane {

class Rcu {
 public:
  using Token = uint64_t;

  explicit Rcu(unsigned max_readers);
  ~Rcu();  // @pre no Reader is left
  Rcu(const Rcu&) = delete;
  Rcu& operator=(const Rcu&) = delete;

  Token start();
  bool passed(Token token) const;

  // The registration of one thread as a reader; offline at first.
  class Reader {
   public:
    explicit Reader(Rcu& rcu);  // throws std::runtime_error when max_readers are registered
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    void online();   // pointers may be loaded from here on
    void offline();  // the thread uses no pointer that it loaded before, and loads none until online()

   private:
    Rcu& rcu_;
    const unsigned id_;
  };

 private:
  unsigned take_id();
  void release_id(unsigned id);

  struct Free {
    void operator()(rte_rcu_qsbr* q) const;
  };
  const std::unique_ptr<rte_rcu_qsbr, Free> qsbr_;
  Mutex mutex_;                                 // taken when a thread comes or goes, never in a read section
  std::vector<bool> taken_ GUARDED_BY(mutex_);  // by reader id
};

// A read section: a worker's work on one burst, or a short piece of another thread's. Nothing in it blocks.
class ReadSection {
 public:
  explicit ReadSection(Rcu::Reader& reader) : reader_(reader) { reader_.online(); }
  ~ReadSection() { reader_.offline(); }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;

 private:
  Rcu::Reader& reader_;
};

}  // namespace axfrd::dataplane
