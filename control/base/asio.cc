// The one source that compiles what of Asio is no template; all others only declare it.
#include <boost/asio/impl/src.hpp>
