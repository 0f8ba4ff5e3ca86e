#include "zones/data/page_render.h"

#include <utility>

#include "zones/data/compressor.h"

namespace axfrd::zones {
namespace {

class Renderer {
 public:
  Renderer(const Apex& apex, unsigned first_base, unsigned fill) : apex_(apex), base_(first_base), fill_(fill) {
    reset_names();
  }

  // @pre `records` are all those of one name.
  void add_name(std::span<const Record> records) {
    const size_t before = message_.bytes.size();
    const uint16_t records_before = message_.records;
    if (fits(records)) return;
    message_.bytes.resize(before);
    message_.records = records_before;
    if (message_.records > 0) {
      close_page();
      if (fits(records)) return;
    }
    message_ = {};
    reset_names();
    add_large_name(records);
  }

  // Records of many names, over as many messages as they need: one page.
  void add_run(std::span<const Record> records) { add_large_name(records); }

  std::vector<PageImage> finish() {
    if (message_.records > 0) close_page();
    return std::move(pages_);
  }

 private:
  void reset_names() { names_.reset(apex_.name, 0, base_, kPointerReach); }

  bool fits(std::span<const Record> records) {
    for (const Record& r : records) {
      put(r);
      if (base_ + message_.bytes.size() > fill_) return false;
    }
    return true;
  }

  void put(const Record& r) {
    std::string& out = message_.bytes;
    names_.put(out, 0, r.owner);
    put_fixed(out, r.type, r.ttl);
    const size_t rdata_at = out.size();
    put_rdata(out, r.type, r.rdata, [&](NameView name) { names_.put(out, 0, name); });
    set_rdlength(out, rdata_at);
    ++message_.records;
  }

  // A name that no message can hold has a page of several messages to itself.
  void add_large_name(std::span<const Record> records) {
    for (const Record& r : records) {
      const size_t before = message_.bytes.size();
      put(r);
      if (base_ + message_.bytes.size() <= kMaxPageMessage) continue;
      const bool alone_fits = base_ + message_.bytes.size() + kRoomForSignature <= kMaxMessage;
      if (message_.records == 1 && alone_fits) continue;  // a single huge record
      message_.bytes.resize(before);
      --message_.records;
      close_message();
      put(r);
    }
    close_page();
  }

  void close_message() {
    page_.push_back(std::exchange(message_, {}));
    base_ = apex_.question_end();
    reset_names();
  }
  void close_page() {
    close_message();
    pages_.push_back(std::exchange(page_, {}));
  }

  const Apex& apex_;
  unsigned base_;
  const unsigned fill_;
  Compressor& names_ = compressor();
  std::vector<PageImage> pages_;
  PageImage page_;
  MessageImage message_;
};

}  // namespace

std::vector<PageImage> render_pages(const Apex& apex, unsigned first_base, std::span<const Record> records,
                                    unsigned fill) {
  Renderer renderer(apex, first_base, fill);
  for (size_t first = 0; first < records.size();) {
    size_t last = first + 1;
    while (last < records.size() && records[last].owner.equals(records[first].owner)) ++last;
    renderer.add_name(records.subspan(first, last - first));
    first = last;
  }
  return renderer.finish();
}

std::vector<MessageImage> render_messages(const Apex& apex, std::span<const Record> records) {
  Renderer renderer(apex, apex.question_end(), kMaxPageMessage);
  renderer.add_run(records);
  return renderer.finish().front();
}

}  // namespace axfrd::zones
