#include "dataplane/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace axfrd::dataplane {

std::vector<uint32_t> programs_at(unsigned index) {
  bpf_xdp_query_opts found{};
  found.sz = sizeof found;
  if (bpf_xdp_query(static_cast<int>(index), 0, &found) != 0) return {};
  std::vector<uint32_t> numbers{found.drv_prog_id, found.hw_prog_id, found.skb_prog_id};
  std::erase(numbers, 0U);
  return numbers;
}

FileDescriptor program_of(uint32_t number) { return FileDescriptor(bpf_prog_get_fd_by_id(number)); }

std::string name_of(const FileDescriptor& program) {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0 ? info.name : "";
}

bool detach(unsigned index, const FileDescriptor& program) {
  bpf_xdp_attach_opts only_this{};
  only_this.sz = sizeof only_this;
  only_this.old_prog_fd = program.get();
  return bpf_xdp_detach(static_cast<int>(index), 0, &only_this) == 0;
}

XdpAttachment::XdpAttachment(unsigned index) : index_(index) {
  const auto numbers = programs_at(index);
  if (!numbers.empty()) {
    number_ = numbers.front();
    program_ = program_of(number_);
  }
  if (!program_) throw std::runtime_error("its XDP program cannot be found there (it takes CAP_SYS_ADMIN)");
}

XdpAttachment::State XdpAttachment::look() {
  const auto numbers = programs_at(index_);
  if (std::find(numbers.begin(), numbers.end(), number_) != numbers.end()) {
    replacement_ = FileDescriptor();
    return State::attached;
  }
  if (!numbers.empty()) {
    replacement_ = program_of(numbers.front());
    const std::string name = name_of(replacement_);
    other_ = (name.empty() ? "" : name + ", ") + "number " + std::to_string(numbers.front());
    return State::replaced;
  }
  replacement_ = FileDescriptor();
  if (bpf_xdp_attach(static_cast<int>(index_), program_.get(), XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr) == 0)
    return State::put_back;
  reason_ = std::strerror(errno);
  return State::gone;
}

XdpAttachment::~XdpAttachment() {
  if (replacement_) bpf_xdp_attach(static_cast<int>(index_), replacement_.get(), XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr);
}

}  // namespace axfrd::dataplane
