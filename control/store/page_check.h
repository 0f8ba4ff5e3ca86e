// Checks the structure of data.mdb.
//
// LMDB trusts what a page says about itself. If a disk has changed one octet in the head of a page, LMDB reads or frees
// other memory, or ends the process. The checksums of our values do not detect that. So all pages that can be reached
// are checked before LMDB opens the file. Their layout is that of LMDB 0.9 on this kind of machine:
//
//   file      pages of one size; the first two are heads, and the one with the later transaction is valid
//   head      [page | magic 4 | version 4 | address 8 | map size 8 | tree of free pages 48 | main tree 48 | last page 8
//             | transaction 8]
//   tree      [pad 4 (of the first: the page size) | flags 2 | depth 2 | pages 24 | entries 8 | root 8]
//   page      [its number 8 | pad 2 | flags 2 | lower 2, upper 2 | places of nodes, up to lower | room | nodes, from
//             upper]; of an overflow page: [… | how many pages 4 | a value]
//   node      [size of the value, or child, 6 (low, high, flags) | key size 2 | key | value, or where it begins]
//
// Threads. Pure, except for reading the file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace axfrd::control {

// What is wrong with the file, as a sentence's end: "is damaged at page 7: …". Nothing if the file is sound or empty.
// Throws StoreError if it cannot be read.
std::optional<std::string> find_page_damage(const std::filesystem::path& file);

}  // namespace axfrd::control
