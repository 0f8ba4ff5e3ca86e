// Rendering: records become the messages of pages, with their names compressed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "zones/data/apex.h"
#include "zones/data/record.h"

namespace axfrd::zones {

// The record part of one transfer message.
struct MessageImage {
  uint16_t records = 0;
  std::string bytes;
};
// A page as it is rendered and stored: usually one message; several only when a single name needs them.
using PageImage = std::vector<MessageImage>;

// A page's header, question and records fill at most this much, so that every name stays in reach of a pointer and the
// closing SOA and a signature fit behind them; only a single larger record goes beyond.
constexpr unsigned kMaxPageMessage = 16 * 1024 - 1024;

// A page is closed when its message has come to this size. A change renders one page anew, so that a smaller page makes
// a cheaper change; and with what the store adds, its value fills one of LMDB's pages.
constexpr unsigned kPageFill = 4000;

// Renders records, in canonical order and without the SOA, into page images. A name is never split over pages.
// `first_base` says where the first message's records begin: behind the SOA when this run starts the zone, at
// apex.question_end() otherwise (later messages always begin there). Pages are closed at `fill` octets.
std::vector<PageImage> render_pages(const Apex& apex, unsigned first_base, std::span<const Record> records,
                                    unsigned fill = kPageFill);

// Renders records in the order given, as the messages of one transfer that asks for the apex.
std::vector<MessageImage> render_messages(const Apex& apex, std::span<const Record> records);

}  // namespace axfrd::zones
