#include "zones/answer/transfer.h"

#include "zones/wire/prefetch.h"

namespace axfrd::zones {
namespace {

constexpr unsigned kLengthPrefix = 2;  // RFC 1035 §4.2.2

}  // namespace

Transfer::Transfer(VersionRef version, const Request& request, std::string opt)
    : version_(std::move(version)),
      more_(version_->page_count() > 0),
      opt_(std::move(opt)),
      prefix_(kLengthPrefix + kHeaderSize, '\0') {
  auto* header = reinterpret_cast<uint8_t*>(prefix_.data()) + kLengthPrefix;
  store16(header, load16(request.message));
  store16(header + 2, flag::QR | flag::AA | (load16(request.message + 2) & flag::RD));
  store16(header + 4, 1);
  prefix_.append(reinterpret_cast<const char*>(request.message) + kHeaderSize, request.question_end - kHeaderSize);
  question_end_ = prefix_.size();
}

Transfer::Transfer(VersionRef version, std::shared_ptr<const Difference> difference, const Request& request,
                   std::string opt)
    : Transfer(std::move(version), request, std::move(opt)) {
  difference_ = std::move(difference);
}

// Pages are somewhere in memory: what is needed of the next ones is asked for while this one is sent.
void Transfer::prefetch() const {
  if (page_ + 2 < version_->page_count()) zones::prefetch(&version_->page(page_ + 2));
  if (page_ + 1 < version_->page_count()) version_->page(page_ + 1).prefetch_messages();
}

bool Transfer::advance() {
  if (++message_ == version_->page(page_).message_count()) {
    message_ = 0;
    ++page_;
  }
  return page_ < version_->page_count();
}

// Whether the closing SOA can stand behind `message_size` octets: its names point into itself.
bool Transfer::closes_after(size_t message_size) const { return message_size + version_->soa_size() < kPointerReach; }

void Transfer::begin(uint16_t ancount, bool opt) {
  prefix_.resize(question_end_);
  auto* header = reinterpret_cast<uint8_t*>(prefix_.data()) + kLengthPrefix;
  store16(header + 6, ancount);
  store16(header + 10, opt ? 1 : 0);
}

// The apex of its names is the one in the question, whichever piece of the message the SOA goes to.
void Transfer::append_soa(std::string& out, size_t message_size) const {
  const size_t at = out.size();
  out.resize(at + version_->soa_size());
  const Apex& apex = version_->apex();
  const MessageHead question(bytes_of(prefix_).subspan(kLengthPrefix, question_end_ - kLengthPrefix));
  version_->soa().write(reinterpret_cast<uint8_t*>(out.data()) + at, static_cast<unsigned>(message_size), question,
                        apex, {kHeaderSize, apex.size, kHeaderSize}, false);
}

// In the first message, unless a giant of a record leaves no room.
bool Transfer::takes_opt(size_t message_size) const {
  return first_ && !opt_.empty() && message_size + opt_.size() + kRoomForSignature <= kMaxMessage;
}

Transfer::Message Transfer::next_of_difference() {
  const MessageImage& body = difference_->messages[message_++];
  const bool opt = takes_opt(question_end_ - kLengthPrefix + body.bytes.size());
  finished_ = message_ == difference_->messages.size();
  begin(body.records, opt);
  suffix_ = opt ? opt_ : "";
  first_ = false;
  return finish(bytes_of(body.bytes));
}

// Puts the message together and sets its length.
Transfer::Message Transfer::finish(Bytes records) {
  const Message message{bytes_of(prefix_), records, bytes_of(suffix_)};
  store16(reinterpret_cast<uint8_t*>(prefix_.data()), static_cast<unsigned>(message.size() - kLengthPrefix));
  return message;
}

Transfer::Message Transfer::next() {
  if (difference_) return next_of_difference();
  const Page* page = more_ ? &version_->page(page_) : nullptr;
  const Bytes records = page != nullptr ? page->message_bytes(message_) : Bytes{};
  unsigned answers = page != nullptr ? page->message(message_).records : 0;
  const unsigned opening = first_ ? version_->soa_size() : 0;
  const size_t size = question_end_ - kLengthPrefix + opening + records.size();
  const bool closing_only = page == nullptr;
  if (more_) more_ = advance();
  if (more_) prefetch();
  finished_ = !more_ && (closing_only || closes_after(size));
  answers += (first_ ? 1U : 0U) + (finished_ ? 1U : 0U);
  const bool opt = takes_opt(size + (finished_ ? version_->soa_size() : 0));

  begin(static_cast<uint16_t>(answers), opt);
  if (first_) append_soa(prefix_, prefix_.size() - kLengthPrefix);
  suffix_.clear();
  if (finished_) append_soa(suffix_, size);
  if (opt) suffix_ += opt_;
  first_ = false;
  return finish(records);
}

}  // namespace axfrd::zones
