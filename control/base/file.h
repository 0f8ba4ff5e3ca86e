// Whole files.
#pragma once

#include <filesystem>
#include <string>

namespace axfrd::control {

// The content of `file`. Throws std::system_error, whose text names the file.
std::string read_file(const std::filesystem::path& file);
// What is left to read from `fd`. Throws std::system_error with `name` in its text.
std::string read_all(int fd, const std::string& name);

}  // namespace axfrd::control
