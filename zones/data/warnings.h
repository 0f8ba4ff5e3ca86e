// Warnings: what is to be told of a zone that is taken all the same. Somebody reads a zone file, or checks a zone, and
// finds that something was changed, left out, or will be refused by others.
//
// They are bounded in number, because the file may be hostile, and the rest is counted. Importers and transactions
// carry them to whoever asked; `--strict` makes each of them an error.
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
  // What follows is line `line` of `file`, and on.
  void enter(const std::string& file, uint32_t line = 1);
  // The number of a line of the file that was entered last, not before the line that was stated then.
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
  // The same of what says its place itself.
  void add(std::string text) { keep(std::move(text)); }
  // Adds what `other` holds, and counts.
  void add(const Warnings& other);

  bool empty() const { return texts_.empty(); }
  // "file:line: sentence" each, the first kMost.
  const std::vector<std::string>& texts() const { return texts_; }
  // How many more there were.
  size_t left_out() const { return left_out_; }
  // What --strict says: all of them, a line each, as the reason of a refusal.
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
