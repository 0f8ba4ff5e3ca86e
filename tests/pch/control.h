// The headers that cost most to compile, compiled once. Sources include what they use all the same.
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>
