// Warnings: sentences about a zone that is accepted all the same. Reading a zone file, or checking a zone, may find
// that something was changed, was left out, or will be refused by other servers.
//
// Their number is bounded, because the file may be hostile; further ones are counted. Imports and transactions return
// them to the caller. With `--strict` each of them is an error.
//
// Threads. A value, for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace axfrd::zones {

// Where a record came from: a file and a line of it.
struct Place {
  std::string file;
  uint32_t line = 0;            // 0: the file as a whole
  std::string to_text() const;  // file:line
};

// The places of a zone that is read from several files ($INCLUDE), each as one number: lines count on from file to
// file.
class Places {
 public:
  // The lines that follow are those of `file` from `line` on.
  void enter(const std::string& file, uint32_t line = 1);
  // The number of a line of the file that was entered last. @pre `line` is not before the one given to enter()
  uint32_t number(uint32_t line);
  // The place with that number; for 0, the file that was entered first.
  Place find(uint32_t number) const;

 private:
  struct Stretch {
    uint32_t number;  // of its first line
    uint32_t line;    // which that is
    std::string file;
  };
  std::vector<Stretch> stretches_;
  uint32_t last_ = 0;  // the highest number so far
};

class Warnings {
 public:
  static constexpr size_t kMost = 100;

  // Adds one sentence about the line that RecordSet::line() gives for a record; about the zone as a whole, with 0.
  void add(uint32_t line, const std::string& text);
  // Adds a sentence that states its place itself.
  void add(std::string text) { keep(std::move(text)); }
  // Adds the sentences and the count of `other`.
  void add(const Warnings& other);

  bool empty() const { return texts_.empty(); }
  // "file:line: sentence" each, the first kMost.
  const std::vector<std::string>& texts() const { return texts_; }
  // How many warnings texts() does not have.
  size_t left_out() const { return left_out_; }
  // All of them, a line each, as the reason of a refusal by --strict.
  std::string as_refusal() const;

  Places& places() { return places_; }
  const Places& places() const { return places_; }

 private:
  void keep(std::string text);

  Places places_;
  std::vector<std::string> texts_;
  size_t left_out_ = 0;
};

}  // namespace axfrd::zones
