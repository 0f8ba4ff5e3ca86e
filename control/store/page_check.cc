#include "control/store/page_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "control/base/descriptor.h"
#include "control/store/store_error.h"
#include "zones/wire/wire.h"

namespace axfrd::control {
namespace {

using zones::Bytes;

constexpr size_t kPageHead = 16, kNodeHead = 8, kTreeSize = 48, kHeadSize = 136;
constexpr size_t kLeastPage = 512, kMostPage = 65536;
constexpr size_t kLongestKey = 511;
constexpr uint64_t kNoPage = UINT64_MAX;
constexpr uint16_t kBranch = 1, kLeaf = 2, kOverflow = 4, kHead = 8;  // flags of a page
constexpr uint16_t kDirty = 0x8010;                                   // may be left set; ignored
constexpr uint16_t kElsewhere = 1, kSubtree = 2;                      // flags of a node
constexpr uint16_t kIntegerKeys = 8;                                  // the flags of the tree of free pages

struct Damage {
  uint64_t page;
  std::string reason;
};

// The file, mapped into memory.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail(path);
    size_ = static_cast<size_t>(status.st_size);
    if (size_ == 0) return;
    map_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (map_ == MAP_FAILED) fail(path);  // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): the system's
  }
  ~MappedFile() {
    if (size_ != 0) ::munmap(map_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  Bytes octets() const { return {static_cast<const uint8_t*>(map_), size_}; }

 private:
  [[noreturn]] static void fail(const std::filesystem::path& path) {
    throw StoreError("cannot read " + path.string() + ": " + std::strerror(errno));
  }
  void* map_ = nullptr;
  size_t size_ = 0;
};

// Numbers are in the machine's byte order. @pre the octets are there
template <class Number>
Number load(Bytes octets, size_t at) {
  Number number;
  std::memcpy(&number, &octets[at], sizeof number);
  return number;
}

size_t even(size_t size) { return size + (size & 1); }

struct Tree {
  uint16_t flags, depth;
  uint64_t root;
};

struct Node {
  Bytes key, value;    // no value: it is in overflow pages, or this is a branch
  uint64_t child = 0;  // of a branch; of a leaf: where the value stands
  uint64_t size = 0;   // of the value
  uint16_t flags = 0;
};

// The keys that a page may hold, from <= key < to. LMDB's searches rely on that.
struct Range {
  std::optional<Bytes> from, to;
};

class PageCheck {
 public:
  explicit PageCheck(Bytes file) : file_(file) {}

  void run() {
    const uint64_t head = choose_head();
    const Bytes octets = page(head);
    const Tree free = tree_at(octets, kPageHead + 24), main = tree_at(octets, kPageHead + 24 + kTreeSize);
    if (free.flags != kIntegerKeys || main.flags != 0) throw Damage{head, "the flags of a table are unknown"};
    used_.resize(last_ + 1);
    check_tree(main, Kind::main, head);
    check_tree(free, Kind::free, head);  // after the others, whose pages must not be free
  }

 private:
  enum class Kind : uint8_t { main, table, free };

  // Returns the valid head. Finds out the size of pages, and how many there are.
  uint64_t choose_head() {
    if (file_.size() < kHeadSize) throw Damage{0, "the file ends there"};
    page_size_ = load<uint32_t>(file_, kPageHead + 24);
    if (page_size_ < kLeastPage || page_size_ > kMostPage || !std::has_single_bit(page_size_))
      throw Damage{0, "pages of " + std::to_string(page_size_) + " octets"};
    if (file_.size() < 2 * page_size_) throw Damage{1, "the file ends there"};
    for (uint64_t number = 0; number < 2; ++number) {
      const Bytes head = page(number);
      if (load<uint64_t>(head, 0) != number || (load<uint16_t>(head, 10) & ~kDirty) != kHead ||
          load<uint32_t>(head, kPageHead) != 0xBEEFC0DE || load<uint32_t>(head, kPageHead + 4) != 1 ||
          load<uint32_t>(head, kPageHead + 24) != page_size_)
        throw Damage{number, "it is no head of a file of LMDB 0.9"};
    }
    constexpr size_t last = kPageHead + 24 + 2 * kTreeSize, transaction = last + 8;
    const uint64_t chosen = load<uint64_t>(page(0), transaction) < load<uint64_t>(page(1), transaction) ? 1 : 0;
    last_ = load<uint64_t>(page(chosen), last);
    if (last_ == 0 || last_ >= file_.size() / page_size_)
      throw Damage{file_.size() / page_size_, "the file is shorter than its content"};
    return chosen;
  }

  Bytes page(uint64_t number) const { return file_.subspan(number * page_size_, page_size_); }

  static Tree tree_at(Bytes octets, size_t at) {
    return {load<uint16_t>(octets, at + 4), load<uint16_t>(octets, at + 6), load<uint64_t>(octets, at + 40)};
  }

  // Returns a page, and marks it as used. Throws Damage if it does not exist or is used already.
  Bytes take(uint64_t number, uint64_t named_by) {
    if (number < 2 || number > last_) throw Damage{named_by, "it names page " + std::to_string(number)};
    if (used_[number]) throw Damage{named_by, "it names page " + std::to_string(number) + ", which another one has"};
    used_[number] = true;
    return page(number);
  }

  void check_tree(const Tree& tree, Kind kind, uint64_t named_by) {
    if (tree.root == kNoPage) return;
    constexpr unsigned deepest = 32;
    if (tree.depth == 0 || tree.depth >= deepest) throw Damage{named_by, "the depth of a table is wrong"};
    check_page(tree.root, named_by, kind, tree.depth, {});
  }

  // `levels`: down to the leaves, this one included.
  void check_page(uint64_t number, uint64_t named_by, Kind kind, unsigned levels, const Range& range) {
    const Bytes octets = take(number, named_by);
    const bool is_leaf = levels == 1;
    if (load<uint64_t>(octets, 0) != number) throw Damage{number, "it has another number"};
    if ((load<uint16_t>(octets, 10) & ~kDirty) != (is_leaf ? kLeaf : kBranch))
      throw Damage{number, "it is of another kind"};
    const size_t lower = load<uint16_t>(octets, 12), upper = load<uint16_t>(octets, 14);
    if (lower < kPageHead || lower % 2 != 0 || lower > upper || upper > page_size_)
      throw Damage{number, "where its nodes stand is wrong"};
    const size_t count = (lower - kPageHead) / 2;
    if (count < (is_leaf ? 1 : 2)) throw Damage{number, "it has too few nodes"};
    std::vector<Node> nodes;
    nodes.reserve(count);
    size_t room = 0;  // that the nodes take
    for (size_t i = 0; i < count; ++i)
      nodes.push_back(node_at(octets, load<uint16_t>(octets, kPageHead + 2 * i), upper, is_leaf, number, room));
    if (room != page_size_ - upper) throw Damage{number, "the sizes of its nodes do not add up"};
    check_keys(nodes, kind, is_leaf, number, range);
    for (size_t i = 0; i < count; ++i) {
      if (is_leaf) {
        check_value(nodes[i], kind, number);
        continue;
      }
      const Range below{i == 0 ? range.from : nodes[i].key, i + 1 == count ? range.to : nodes[i + 1].key};
      check_page(nodes[i].child, number, kind, levels - 1, below);
    }
  }

  Node node_at(Bytes octets, size_t at, size_t upper, bool is_leaf, uint64_t number, size_t& room) const {
    const auto outside = [&] { return Damage{number, "a node reaches out of it"}; };
    if (at < upper || at + kNodeHead > page_size_) throw outside();
    const uint64_t low = load<uint16_t>(octets, at), high = load<uint16_t>(octets, at + 2);
    const uint16_t flags = load<uint16_t>(octets, at + 4);
    const size_t key = load<uint16_t>(octets, at + 6);
    const size_t behind_key = at + kNodeHead + key;
    if (key > kLongestKey || behind_key > page_size_) throw outside();
    Node node;
    node.key = octets.subspan(at + kNodeHead, key);
    if (!is_leaf) {
      node.child = low | high << 16 | uint64_t{flags} << 32;
      room += even(kNodeHead + key);
      return node;
    }
    node.flags = flags;
    node.size = low | high << 16;
    const size_t here = (flags & kElsewhere) != 0 ? sizeof node.child : node.size;
    if (here > page_size_ - behind_key) throw outside();
    if ((flags & kElsewhere) != 0) {
      node.child = load<uint64_t>(octets, behind_key);
    } else {
      node.value = octets.subspan(behind_key, here);
    }
    room += even(kNodeHead + key + here);
    return node;
  }

  static bool before(Kind kind, Bytes a, Bytes b) {
    if (kind == Kind::free) return load<uint64_t>(a, 0) < load<uint64_t>(b, 0);
    return zones::text_of(a) < zones::text_of(b);
  }

  // LMDB ignores the first key of a branch.
  static void check_keys(const std::vector<Node>& nodes, Kind kind, bool is_leaf, uint64_t number, const Range& range) {
    const size_t first = is_leaf ? 0 : 1;
    for (size_t i = first; i < nodes.size(); ++i) {
      const Bytes key = nodes[i].key;
      if (kind == Kind::free ? key.size() != sizeof(uint64_t) : key.empty())
        throw Damage{number, "a key has another size"};
      const bool ascends =
          i == first ? !range.from || !before(kind, key, *range.from) : before(kind, nodes[i - 1].key, key);
      if (!ascends || (range.to && !before(kind, key, *range.to)))
        throw Damage{number, "its keys are not in their order"};
    }
  }

  void check_value(const Node& node, Kind kind, uint64_t number) {
    if (kind == Kind::main) {
      if (node.flags != kSubtree || node.value.size() != kTreeSize) throw Damage{number, "a table is malformed"};
      const Tree tree = tree_at(node.value, 0);
      if (tree.flags != 0) throw Damage{number, "the flags of a table are unknown"};
      return check_tree(tree, Kind::table, number);
    }
    if ((node.flags & ~kElsewhere) != 0) throw Damage{number, "a node is of an unknown kind"};
    const Bytes value = node.flags == kElsewhere ? take_overflow(node, number) : node.value;
    if (kind == Kind::free) check_free(value, number);
  }

  Bytes take_overflow(const Node& node, uint64_t number) {
    const uint64_t needed = (kPageHead - 1 + node.size) / page_size_ + 1;
    const Bytes first = take(node.child, number);
    const uint64_t count = load<uint32_t>(first, 12);
    if (load<uint64_t>(first, 0) != node.child || (load<uint16_t>(first, 10) & ~kDirty) != kOverflow)
      throw Damage{node.child, "it is of another kind"};
    if (count < needed || count > last_ - node.child + 1) throw Damage{node.child, "it has another number of pages"};
    for (uint64_t i = 1; i < count; ++i) take(node.child + i, node.child);
    return file_.subspan(node.child * page_size_ + kPageHead, node.size);
  }

  // [how many | their numbers]
  void check_free(Bytes value, uint64_t number) {
    const uint64_t room = value.size() / sizeof(uint64_t);
    const uint64_t count = room == 0 ? 0 : load<uint64_t>(value, 0);
    if (count >= room) throw Damage{number, "a list of free pages is cut short"};
    for (uint64_t i = 1; i <= count; ++i) take(load<uint64_t>(value, i * sizeof(uint64_t)), number);
  }

  const Bytes file_;
  size_t page_size_ = 0;
  uint64_t last_ = 0;
  std::vector<bool> used_;
};

}  // namespace

std::optional<std::string> find_page_damage(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  if (mapped.octets().empty()) return std::nullopt;
  PageCheck check(mapped.octets());
  try {
    check.run();
    return std::nullopt;
  } catch (const Damage& damage) {
    return "is damaged at page " + std::to_string(damage.page) + ": " + damage.reason;
  }
}

}  // namespace axfrd::control
