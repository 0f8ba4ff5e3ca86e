// RedoLog: the commits that the database does not have yet.
//
// A commit is durable when its record is on disk, which takes one write to space that the file already has, and one
// flush. The database (database.h) would flush twice, and write several pages for each changed one. Now and then it
// gets the content of the log in one transaction, for which no commit waits: a checkpoint.
//
//   file    redo.0, redo.1: blocks of 512 octets. The first is the file's head; records begin with the second.
//           Generation g of records is in file g mod 2.
//   head    [magic 8 | format 4 | least reader 4 | store 8 | number of the file 4 | cleared 8 | CRC-32 4]; no record of
//           a generation up to `cleared` is left in the file
//   record  whole blocks: [magic 4 | octets 4 | generation 8 | index 4 | store 8 | CRC of the record before 4 |
//           CRC-32 4 | content | zeros]; the CRC is over the head without it and the content. Numbers are big-endian.
//           `store` is a random number of the store, so that no content can look like a record.
//
// Each write ends with a block of zeros behind its record, which the next record overwrites. This tells the end of the
// log from damage.
//
// A generation ends when its file is full. The next one begins in the other file and overwrites the generation there,
// which is in the database by then. Generation and index distinguish its records from those that it overwrites.
//
// The database notes the last record that it holds (Held). Recovery reads the records beyond that one, each of which
// has the checksum of the one before. Where this chain ends, recovery searches both files for later records. If there
// are any, acknowledged changes are lost, and this is reported. A bad record with nothing behind it was cut off while
// it was written, before the change was acknowledged.
//
// Threads. One at a time, except for clear_generation().
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "zones/wire/wire.h"

namespace axfrd::control {

class RedoLog {
 public:
  static constexpr size_t kBlock = 512;

  // The last record that the database holds.
  struct Held {
    uint64_t generation = 0;
    uint32_t records = 0;   // of that generation
    uint32_t checksum = 0;  // of the last record, whatever its generation
    uint64_t octets = 0;    // where its generation ends in its file
    bool clean = false;     // axfrd stopped in order, and wrote no record after it
    uint64_t store = 0;     // the number of the store
  };

  // Each file in `directory` takes up to `capacity` octets. Opens nothing yet.
  RedoLog(std::filesystem::path directory, uint64_t capacity);
  ~RedoLog();
  RedoLog(const RedoLog&) = delete;
  RedoLog& operator=(const RedoLog&) = delete;

  // make() writes new files for that store beside the present ones. install() puts them into their place. Both throw
  // StoreError.
  void make(uint64_t store);
  void install();

  struct Opened {
    std::vector<std::string> warnings;  // sentences
    std::string loss;                   // what is wrong, if acknowledged changes may be lost; empty: none are
    bool incomplete = false;            // a file is to be made anew
  };
  // Opens the files. A file that cannot be used, such as one of another store, is to be made anew. That is a loss
  // unless held.clean. Throws StoreError if a file cannot be read, or has a later format.
  Opened open(const Held& held);

  struct Replayed {
    Held last;                          // the last record that was visited
    std::vector<std::string> warnings;  // sentences
    std::string loss;                   // which acknowledged changes are lost; empty: none are
    uint64_t newest_generation = 0;     // of any record that was seen
  };
  // Calls visit(content) for each record beyond `held`, in the order in which they were written, up to the first that
  // is missing. Calls behind(content) for each whole record beyond that. @pre open()
  Replayed replay(const Held& held, const std::function<void(zones::Bytes)>& visit,
                  const std::function<void(zones::Bytes)>& behind) const;

  // Begins a generation. @pre the database holds all generations up to `generation` - 2
  void begin(uint64_t generation, uint32_t checksum_before);
  uint64_t generation() const { return generation_; }
  bool empty() const { return index_ == 0; }
  // The position of a database that has all appended records.
  Held position() const;

  // Whether a record with `content` octets fits into the generation. A larger one may be appended, and the file grows
  // beyond its capacity.
  bool has_room(size_t content) const;
  // Content beyond this size should be written to the database instead.
  size_t largest_record() const { return capacity_ / 2; }
  // By how much the file has to grow for a record with `content` octets.
  uint64_t growth(size_t content) const;
  // The record is on disk when this returns. Throws StoreError; then it is unknown what is on disk, and no further
  // record is accepted before a generation begins. If only the growth of the file failed, the record is not on disk,
  // and the next one is accepted.
  void append(zones::Bytes content);
  bool broken() const { return broken_; }
  // Throws StoreError if the files are no longer those in the directory: then records would be lost when axfrd ends.
  void check_place() const;
  // Tests both files by a write that changes nothing, and a flush. Throws StoreError.
  void test() const;

  // Overwrites all records of the file that holds `generation`, and notes that in its head. For secrets that were
  // removed. The checkpointer may call it for the generation that it has written, while the other file is in use.
  void clear_generation(uint64_t generation);

 private:
  struct File {
    int fd = -1;
    uint64_t size = 0;     // octets written before: writing them again changes no metadata
    uint64_t cleared = 0;  // as in its head
  };
  std::filesystem::path path(size_t number) const;
  std::filesystem::path new_path(size_t number) const;
  uint64_t end_with(size_t content) const;
  void extend(File& file, uint64_t end) const;
  void write_head(const File& file, uint32_t number) const;
  void write_all(int fd, zones::Bytes bytes, uint64_t at) const;
  std::string read(const File& file, uint64_t octets) const;  // from its beginning; fewer if the file is shorter
  std::string take_head(uint32_t number, std::vector<std::string>& warnings);
  void sync_directory() const;

  const std::filesystem::path directory_;
  const uint64_t capacity_;
  std::array<File, 2> files_;
  uint64_t store_ = 0;
  uint64_t generation_ = 0;
  uint32_t index_ = 0;     // of the next record
  uint32_t checksum_ = 0;  // of the record before it
  uint64_t end_ = kBlock;  // where it begins
  bool broken_ = false;    // a write or a flush failed, and it is unknown what is on disk
};

}  // namespace axfrd::control
