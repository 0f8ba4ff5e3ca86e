// The one source that compiles what of Asio's TLS is no template; all others only declare it.
#include <boost/asio/ssl/impl/src.hpp>
