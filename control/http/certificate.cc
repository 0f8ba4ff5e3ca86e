#include "control/http/certificate.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <stdexcept>
#include <utility>

namespace axfrd::control {

namespace {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> read_certificate(const std::filesystem::path& chain, const std::filesystem::path& key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // No renegotiation, and no tickets: their key would have to be changed by and by.
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  context->use_certificate_chain_file(chain.string(), error);
  if (error) throw std::runtime_error("there is no certificate in PEM format to be read in " + chain.string());
  context->use_private_key_file(key.string(), ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context->native_handle()) != 1)
    throw std::runtime_error("there is no key in PEM format to be read in " + key.string() +
                             ", or it is not that of the certificate in " + chain.string());
  return context;
}

}  // namespace

Certificate::Certificate(std::filesystem::path chain, std::filesystem::path key)
    : chain_(std::move(chain)), key_(std::move(key)), context_(read_certificate(chain_, key_)) {}

std::optional<std::string> Certificate::reload() {
  try {
    auto fresh = read_certificate(chain_, key_);
    const dataplane::Lock lock(mutex_);
    context_.swap(fresh);
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace axfrd::control
