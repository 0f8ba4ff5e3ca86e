// The headers that cost most to compile, compiled once. Sources include what they use all the same.
#include <utility>

#include <boost/asio.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>
