// Certificate: what the HTTP server shows over TLS, from two PEM files, which may be read anew while it serves.
//
// TLS 1.2 and later, with OpenSSL's own choice of ciphers. Connections keep the certificate that they began with.
//
// Threads. Any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/mutex.h"

namespace boost::asio::ssl {
class context;
}

namespace axfrd::control {

class Certificate {
 public:
  // `chain`: ours first. Throws std::runtime_error with a sentence, which quotes nothing of the key.
  Certificate(std::filesystem::path chain, std::filesystem::path key);

  std::shared_ptr<boost::asio::ssl::context> current() const {
    const dataplane::Lock lock(mutex_);
    return context_;
  }
  // Reads the files again. A sentence when they are not sound; then the old ones stay in use.
  std::optional<std::string> reload();

 private:
  const std::filesystem::path chain_, key_;
  mutable dataplane::Mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_ GUARDED_BY(mutex_);
};

}  // namespace axfrd::control
