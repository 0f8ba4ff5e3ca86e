// RedoLog: what was committed and does not stand in the database yet.
//
// A commit is on disk when its record is: one write to room that the file has already, and one flush. The database
// (database.h) would flush twice, and write several pages for each that changed; it gets what the log holds in one
// transaction now and then, which nobody waits for. That is a checkpoint.
//
//   file    redo.0, redo.1: generation g of records stands in file g mod 2, from its beginning
//   record  [octets 4 | generation 8 | index 4 | CRC-32 4 | content], numbers big-endian; the CRC is over all but
//   itself
//
// A generation ends when its file is full, and the next overwrites the one before it, which by then is in the database.
// Its records are told from what they overwrite by generation and index, so nothing is ever cleared. The database knows
// the last generation that it holds whole; recovery reads what the files hold beyond that.
//
// Threads. One at a time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "zones/wire.h"

namespace axfrd::control {

class RedoLog {
 public:
  // Opens the files in `directory`, or makes them. Each takes up to `capacity` octets. Throws StoreError.
  RedoLog(std::filesystem::path directory, uint64_t capacity);
  ~RedoLog();
  RedoLog(const RedoLog&) = delete;
  RedoLog& operator=(const RedoLog&) = delete;

  // Calls visit(content) for each record of the generations after `last`, in the order in which they were written, and
  // returns the last generation there is. Throws StoreError if a record is damaged and others follow it: what ends with
  // a damaged record was cut off while it was written.
  uint64_t replay(uint64_t last, const std::function<void(zones::Bytes)>& visit) const;

  // Begins a generation. @pre the database holds all generations up to `generation` - 2
  void begin(uint64_t generation);
  uint64_t generation() const { return generation_; }
  bool empty() const { return index_ == 0; }

  // Whether a record with so much content fits into the generation.
  bool has_room(size_t content) const;
  // What no record's content may exceed.
  size_t largest_record() const { return capacity_ / 2; }
  // By how much the file has to grow for a record with so much content.
  uint64_t growth(size_t content) const;
  // The record is on disk when this returns. Throws StoreError: then nobody knows what is, unless the file only could
  // not grow, and no further record is taken. @pre has_room(content.size())
  void append(zones::Bytes content);

 private:
  struct File {
    int fd = -1;
    uint64_t size = 0;  // octets written once, so that writing them anew needs no change of the file system
  };
  uint64_t end_with(size_t content) const;
  void extend(File& file, uint64_t end) const;
  void write_all(int fd, zones::Bytes bytes, uint64_t at) const;
  std::string read(const File& file, uint64_t octets) const;  // from its beginning; fewer at its end

  const std::filesystem::path directory_;
  const uint64_t capacity_;
  std::array<File, 2> files_;
  uint64_t generation_ = 0;
  uint32_t index_ = 0;   // of the next record
  uint64_t end_ = 0;     // where it begins
  bool broken_ = false;  // a write or a flush failed, and nobody knows what is on the disk
};

}  // namespace axfrd::control
