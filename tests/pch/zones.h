// The headers that cost most to compile, compiled once. Sources include what they use all the same.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>
