// AnswerWriter: prepares answers, for pages and for records that stand in none.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "zones/data/compressor.h"
#include "zones/data/prepared_answer.h"
#include "zones/data/record.h"
#include "zones/data/unpack.h"

namespace axfrd::zones {

// Answers may be moved back by what stands before them in a message, so their own pointers keep well below
// kPointerReach.
constexpr unsigned kAnswerReach = kPointerReach / 2;

// Collects one RRset after the other and appends its Answer. It is reused, to reuse its memory.
class AnswerWriter {
 public:
  void begin(const Apex& apex, NameView owner) {
    apex_ = &apex;
    owner_ = owner;
    children_ = 0;
    compresses_ = false;
    head_ = {};
    bytes_.clear();
    fixups_.clear();
  }

  void add(uint16_t type, uint32_t ttl, Bytes rdata) {
    std::array<uint8_t, 2 + kRrFixed> head;
    store16(head.data(), pointer_to(kHeaderSize));
    store_fixed(head.data() + 2, type, ttl);
    append(bytes_, head);
    const size_t rdata_at = bytes_.size();
    put_rdata(bytes_, type, rdata, [this](NameView name) { put_name(name); });
    set_rdlength(bytes_, rdata_at);
    if (bytes_.size() > kMaxMessage) malformed_page("an RRset larger than a message");
    const bool signature = type == rrtype::RRSIG;
    (signature ? head_.sig_count : head_.rr_count)++;
    if (!signature) head_.rr_size = static_cast<uint16_t>(bytes_.size());
  }

  uint16_t rr_count() const { return head_.rr_count; }

  void append_to(std::string& out) {
    head_.sig_size = static_cast<uint16_t>(bytes_.size() - head_.rr_size);
    head_.fixup_count = static_cast<uint16_t>(fixups_.size());
    out.append(reinterpret_cast<const char*>(&head_), sizeof head_);
    out.append(reinterpret_cast<const char*>(fixups_.data()), 2 * fixups_.size());
    out.append(bytes_);
  }

 private:
  unsigned question_end() const { return kHeaderSize + owner_.size() + 4; }

  // Most names are different children of the apex. They share nothing but the apex, so nothing else is searched for.
  // Pointers lead to the apex in the owner's spelling, because the message has that one.
  void put_name(NameView name) {
    if (!compresses_ && children_ < children_seen_.size() && is_new_child(name)) return put_child(name);
    if (!compresses_) begin_compression();
    if (const auto at = names_.put(bytes_, 0, name)) fixups_.push_back(*at);
  }
  bool is_new_child(NameView name) const {
    const unsigned label = name.data()[0] + 1U;
    if (apex_->size == 1 || name.size() != label + apex_->size) return false;
    const uint8_t* apex = owner_.data() + owner_.size() - apex_->size;
    if (std::memcmp(name.data() + label, apex, apex_->size) != 0) return false;
    return std::none_of(children_seen_.begin(), children_seen_.begin() + children_,
                        [&](const Child& seen) { return std::memcmp(seen.name.data(), name.data(), label) == 0; });
  }
  void put_child(NameView name) {
    const unsigned label = name.data()[0] + 1U;
    children_seen_[children_++] = {name, bytes_.size()};
    append(bytes_, {name.data(), label});
    fixups_.push_back(static_cast<uint16_t>(bytes_.size()));
    append16(bytes_, pointer_to(kHeaderSize + owner_.size() - apex_->size));
  }
  void begin_compression() {
    compresses_ = true;
    names_.reset(owner_, owner_.size() - apex_->size, question_end(), kAnswerReach);
    for (unsigned i = 0; i < children_; ++i) names_.enter_child(children_seen_[i].name, children_seen_[i].at);
  }

  struct Child {
    NameView name;
    size_t at;  // in bytes_
  };

  const Apex* apex_ = nullptr;
  NameView owner_;
  Compressor& names_ = compressor();
  bool compresses_ = false;
  std::array<Child, 8> children_seen_;
  unsigned children_ = 0;
  Answer::Head head_{};
  std::string bytes_;
  std::vector<uint16_t> fixups_;
};

// One per thread.
inline AnswerWriter& answer_writer() {
  thread_local AnswerWriter instance;
  return instance;
}

// Prepares the Answer of a single record.
inline std::string prepare_answer(const Apex& apex, const Record& record) {
  AnswerWriter& writer = answer_writer();
  writer.begin(apex, record.owner);
  writer.add(record.type, record.ttl, record.rdata);
  std::string out;
  writer.append_to(out);
  return out;
}

}  // namespace axfrd::zones
