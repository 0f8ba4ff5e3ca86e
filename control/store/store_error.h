#pragma once

#include <stdexcept>

namespace axfrd::control {

// A problem with the store, as a sentence for the operator. Nothing was committed.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace axfrd::control
