// HashTrie: a persistent map from 64-bit hashes to small payloads, for readers without locks.
//
// Purpose. Finds the Zone of an apex and the page of a name. An edit copies the path to what it changes (one leaf and
// one inner node a level) and shares everything else with the tries made before, so a change costs log64(n).
//
// Threads. A HashTrie is immutable; any number of threads may read one that was published with release order. An Editor
// belongs to one thread.
//
// Invariants. The trie keeps only the upper 32 bits of a hash, the *tag*. Several names may share a tag, so find() asks
// the caller's predicate about each candidate. Equal (tag, payload) pairs are never entered twice.
//
//   root ─► Inner: 64 children by 6 tag bits ─► Inner … ─► Leaf: 256 slots {tag, payload}, linear probing by the low 8
//   tag bits
//
// A leaf that fewer than 6 bits tell apart fills a run of its parent's entries and halves the run when it splits.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "zones/wire/prefetch.h"

namespace axfrd::zones {

template <class Payload>
class HashTrie {
  static constexpr unsigned kBits = 6, kFan = 1U << kBits;
  static constexpr unsigned kSlots = 256, kMaxFill = 208;  // 81 %: probe runs stay short
  static constexpr unsigned kProbed = 2;                   // slots that a search looks at, on average
  static constexpr unsigned kPathBits = 24;                // the other 8 tag bits choose the slot

  struct Slot {
    uint32_t tag = 0;  // 0: empty
    Payload payload{};
  };
  struct Node : boost::intrusive_ref_counter<Node> {
    Node(bool leaf, uint64_t made_by) : is_leaf(leaf), editor(made_by) {}
    virtual ~Node() = default;
    const bool is_leaf;
    uint8_t depth = 0;  // leaf: how many bits of its parent's 6 all its tags share
    uint16_t used = 0;  // leaf: filled slots
    uint64_t editor;    // the Editor that made this node and may still change it in place
  };
  using Ref = boost::intrusive_ptr<Node>;
  struct Leaf : Node {
    explicit Leaf(uint64_t made_by) : Node(true, made_by) {}
    std::array<Slot, kSlots> slots{};
  };
  struct Inner : Node {
    explicit Inner(uint64_t made_by) : Node(false, made_by) {}
    Inner(const Inner& other, uint64_t made_by)
        : Node(false, made_by), leaves(other.leaves), children(other.children) {}
    void set(unsigned index, Ref child) {
      const uint64_t bit = uint64_t{1} << index;
      leaves = child->is_leaf ? leaves | bit : leaves & ~bit;
      children[index] = std::move(child);
    }
    uint64_t leaves = 0;  // which children are leaves, so that a lookup touches a leaf only where its slot is
    std::array<Ref, kFan> children;
  };

  static uint32_t tag_of(uint64_t hash) {
    const auto tag = static_cast<uint32_t>(hash >> 32);
    return tag != 0 ? tag : 1;
  }
  static unsigned child_index(uint32_t tag, unsigned level) { return (tag >> (32 - kBits * (level + 1))) & (kFan - 1); }

  const Leaf* leaf_of(uint32_t tag) const {
    if (!root_) return nullptr;
    const auto* inner = static_cast<const Inner*>(root_.get());
    for (unsigned level = 0;; ++level) {
      const unsigned index = child_index(tag, level);
      const Node* child = inner->children[index].get();
      if ((inner->leaves >> index & 1) != 0) return static_cast<const Leaf*>(child);
      inner = static_cast<const Inner*>(child);
    }
  }

 public:
  class Editor;

  // Where the payloads of one hash stand, for a search in two steps.
  class Place {
   public:
    Place() = default;
    // The payload that `matches` accepts; nullptr if there is none.
    template <class Predicate>
    const Payload* find(Predicate&& matches) const {
      if (leaf_ == nullptr) return nullptr;
      for (unsigned at = tag_ % kSlots; leaf_->slots[at].tag != 0; at = (at + 1) % kSlots) {
        if (leaf_->slots[at].tag == tag_ && matches(leaf_->slots[at].payload)) return &leaf_->slots[at].payload;
      }
      return nullptr;
    }
    // A payload with the tag of the hash, which is most likely the result of find(). The predicate is not asked.
    const Payload* guess() const {
      return find([](const Payload&) { return true; });
    }
    // Asks the cache for the slots where find() will most likely look.
    void prefetch() const {
      if (leaf_ != nullptr) zones::prefetch(&leaf_->slots[tag_ % kSlots], kProbed * sizeof(Slot));
    }

   private:
    friend class HashTrie;
    Place(const Leaf* leaf, uint32_t tag) : leaf_(leaf), tag_(tag) {}
    const Leaf* leaf_ = nullptr;
    uint32_t tag_ = 0;
  };
  Place place(uint64_t hash) const {
    const uint32_t tag = tag_of(hash);
    return {leaf_of(tag), tag};
  }
  // The payload entered under `hash` that `matches` accepts; nullptr if there is none.
  template <class Predicate>
  const Payload* find(uint64_t hash, Predicate&& matches) const {
    return place(hash).find(matches);
  }
  bool empty() const { return root_ == nullptr; }

  template <class Visitor>
  void for_each(Visitor&& visit) const {
    if (root_) walk(*root_, visit);
  }

 private:
  template <class Visitor>
  static void walk(const Node& node, Visitor& visit) {
    if (node.is_leaf) {
      for (const Slot& slot : static_cast<const Leaf&>(node).slots) {
        if (slot.tag != 0) visit(slot.payload);
      }
      return;
    }
    const Node* previous = nullptr;
    for (const Ref& child : static_cast<const Inner&>(node).children) {
      if (child.get() == previous) continue;  // the rest of a leaf's run
      previous = child.get();
      walk(*child, visit);
    }
  }

  Ref root_;  // an Inner, or null while empty
};

// Makes one new trie from an old one by any number of changes. It changes nodes in place that it made itself.
template <class Payload>
class HashTrie<Payload>::Editor {
 public:
  explicit Editor(HashTrie base) : root_(std::move(base.root_)), id_(next_id()) {}

  // @pre (hash, payload) is not there yet. Throws std::length_error when 24 bits cannot tell 208 hashes apart, which
  // needs about 10^9 entries.
  void insert(uint64_t hash, Payload payload) {
    const Slot slot{tag_of(hash), payload};
    if (root_ == nullptr) {
      auto* inner = new Inner(id_);
      root_ = inner;
      replace_run(*inner, 0, 0, Ref(new Leaf(id_)));
    }
    root_ = insert_below(root_, 0, slot);
  }
  // All of these. Into an empty trie they go at once, much faster than one after the other: each node is made when it
  // is known what belongs there, and memory is visited in order.
  void insert(std::span<const std::pair<uint64_t, Payload>> entries) {
    if (root_ != nullptr || entries.size() <= 1) {
      for (const auto& [hash, payload] : entries) insert(hash, payload);
      return;
    }
    std::vector<Slot> slots, spare(entries.size());
    slots.reserve(entries.size());
    for (const auto& [hash, payload] : entries) slots.push_back({tag_of(hash), payload});
    root_ = build_inner(slots, spare, 0);
  }
  // True if (hash, payload) was there.
  bool erase(uint64_t hash, Payload payload) {
    if (root_ == nullptr) return false;
    bool found = false;
    root_ = erase_below(root_, 0, Slot{tag_of(hash), payload}, found);
    return found;
  }
  HashTrie finish() && {
    HashTrie trie;
    trie.root_ = std::move(root_);
    return trie;
  }

 private:
  static uint64_t next_id() {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  Inner* own(const Ref& node) {
    auto* inner = static_cast<Inner*>(node.get());
    return inner->editor == id_ ? inner : new Inner(*inner, id_);
  }

  static void place(Leaf& leaf, const Slot& slot) {
    unsigned at = slot.tag % kSlots;
    while (leaf.slots[at].tag != 0) at = (at + 1) % kSlots;
    leaf.slots[at] = slot;
    ++leaf.used;
  }

  // A copy of `leaf` with the slots that `keep` accepts.
  template <class Predicate>
  Leaf* copy_if(const Leaf& leaf, uint8_t depth, Predicate&& keep) {
    auto* copy = new Leaf(id_);
    copy->depth = depth;
    for (const Slot& slot : leaf.slots) {
      if (slot.tag != 0 && keep(slot)) place(*copy, slot);
    }
    return copy;
  }

  // ---- many at once ----

  // The slots of an inner node, ordered by the child that they belong to.
  struct Sorted {
    std::span<Slot> slots, spare;
    std::array<size_t, kFan + 1> begin;  // of each child's
    std::span<Slot> of(unsigned first, unsigned run) const {
      return slots.subspan(begin[first], begin[first + run] - begin[first]);
    }
    std::span<Slot> room(unsigned index) const { return spare.subspan(begin[index], begin[index + 1] - begin[index]); }
  };

  // Uses `spare`, which is as long, and leaves the slots in any order.
  Ref build_inner(std::span<Slot> slots, std::span<Slot> spare, unsigned level) {
    if (kBits * (level + 1) > kPathBits) throw std::length_error("HashTrie: too many equal hashes");
    std::array<size_t, kFan + 1> begin{};
    for (const Slot& slot : slots) ++begin[child_index(slot.tag, level) + 1];
    for (unsigned i = 0; i < kFan; ++i) begin[i + 1] += begin[i];
    auto end = begin;
    for (const Slot& slot : slots) spare[end[child_index(slot.tag, level)]++] = slot;
    const Ref inner = new Inner(id_);
    build_run(static_cast<Inner&>(*inner), {spare, slots, begin}, level, 0, 0);
    return inner;
  }

  // The children of a run of entries of which all share `depth` bits: one leaf if that holds them all.
  void build_run(Inner& inner, const Sorted& sorted, unsigned level, unsigned first, unsigned depth) {
    const unsigned run = kFan >> depth;
    const std::span<Slot> slots = sorted.of(first, run);
    if (slots.size() <= kMaxFill) {
      auto* leaf = new Leaf(id_);
      const Ref kept = leaf;
      leaf->depth = static_cast<uint8_t>(depth);
      for (const Slot& slot : slots) place(*leaf, slot);
      replace_run(inner, first, depth, kept);
    } else if (depth == kBits) {
      inner.set(first, build_inner(slots, sorted.room(first), level + 1));
    } else {
      build_run(inner, sorted, level, first, depth + 1);
      build_run(inner, sorted, level, first + run / 2, depth + 1);
    }
  }

  // Puts `child` in the place of the leaf run that holds entry `index`.
  static void replace_run(Inner& inner, unsigned index, unsigned depth, const Ref& child) {
    const unsigned run = kFan >> depth, first = index & ~(run - 1);
    for (unsigned i = first; i < first + run; ++i) inner.set(i, child);
  }

  Ref insert_below(const Ref& node, unsigned level, const Slot& slot) {
    Ref kept = own(node);
    auto& inner = static_cast<Inner&>(*kept);
    const unsigned index = child_index(slot.tag, level);
    const Ref child = inner.children[index];
    if (!child->is_leaf) {
      inner.set(index, insert_below(child, level + 1, slot));
      return kept;
    }
    auto& leaf = static_cast<Leaf&>(*child);
    if (leaf.used < kMaxFill) {
      if (leaf.editor == id_) {
        place(leaf, slot);
      } else {
        const Ref copy = copy_if(leaf, leaf.depth, [](const Slot&) { return true; });
        place(static_cast<Leaf&>(*copy), slot);
        replace_run(inner, index, leaf.depth, copy);
      }
      return kept;
    }
    split(inner, level, index, leaf);
    return insert_below(kept, level, slot);
  }

  void split(Inner& inner, unsigned level, unsigned index, const Leaf& full) {
    if (full.depth == kBits) {  // alone in its entry: it needs an inner node of its own
      if (kBits * (level + 2) > kPathBits) throw std::length_error("HashTrie: too many equal hashes");
      auto* below = new Inner(id_);
      const Ref kept = below;
      replace_run(*below, 0, 0, Ref(copy_if(full, 0, [](const Slot&) { return true; })));
      inner.set(index, kept);
      return;
    }
    const auto depth = static_cast<uint8_t>(full.depth + 1);
    const unsigned half = kFan >> depth, first = index & ~(2 * half - 1);
    const auto upper = [&](const Slot& slot) { return (child_index(slot.tag, level) & half) != 0; };
    const Ref low = copy_if(full, depth, [&](const Slot& slot) { return !upper(slot); });
    const Ref high = copy_if(full, depth, upper);
    replace_run(inner, first, depth, low);
    replace_run(inner, first + half, depth, high);
  }

  Ref erase_below(const Ref& node, unsigned level, const Slot& gone, bool& found) {
    auto& inner = static_cast<Inner&>(*node);
    const unsigned index = child_index(gone.tag, level);
    const Ref child = inner.children[index];
    Ref next;
    if (!child->is_leaf) {
      next = erase_below(child, level + 1, gone, found);
    } else {
      const auto& leaf = static_cast<const Leaf&>(*child);
      next = copy_if(leaf, leaf.depth, [&](const Slot& slot) {
        const bool hit = slot.tag == gone.tag && slot.payload == gone.payload;
        found |= hit;
        return !hit;
      });
    }
    if (!found) return node;
    Ref kept = own(node);
    replace_run(static_cast<Inner&>(*kept), index, child->is_leaf ? child->depth : kBits, next);
    return kept;
  }

  Ref root_;
  const uint64_t id_;
};

}  // namespace axfrd::zones
