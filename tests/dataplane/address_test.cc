#include "dataplane/address.h"

#include <gtest/gtest.h>

#include "frames.h"

namespace axfrd::dataplane {
namespace {

TEST(Address, ReadsAddressAndPrefix) {
  const Address v4 = Address::parse("192.0.2.53/24"), v6 = Address::parse("2001:db8::53/64"),
                host = Address::parse("192.0.2.1");
  EXPECT_FALSE(v4.v6);
  EXPECT_EQ(v4.prefix, 24);
  EXPECT_EQ(v4.octets[3], 53);
  EXPECT_TRUE(v6.v6);
  EXPECT_EQ(v6.prefix, 64);
  EXPECT_EQ(v6.octets[15], 0x53);
  EXPECT_EQ(host.prefix, 32) << "without a length, the address alone";
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text :
       {"", "/24", "192.0.2", "192.0.2.53/", "192.0.2.53/33", "192.0.2.53/-1", "192.0.2.53/24x", "2001:db8::/129",
        "www.example", "0.0.0.0/0", "224.0.0.1/4", "255.255.255.255", "::/0", "ff02::1/128"}) {
    EXPECT_THROW(Address::parse(text), std::runtime_error) << text;
  }
}

TEST(AddressSet, HoldsBothFamilies) {
  const std::array addresses = {Address::parse("192.0.2.53/24"), Address::parse("198.51.100.1"),
                                Address::parse("2001:db8::53/64")};
  const AddressSet set(addresses);
  const auto holds = [&](const char* text) {
    const std::string octets = test::ip_octets(text);
    const auto* bytes = reinterpret_cast<const uint8_t*>(octets.data());
    return octets.size() == 4 ? set.contains_v4(bytes) : set.contains_v6(bytes);
  };
  EXPECT_TRUE(holds("192.0.2.53"));
  EXPECT_TRUE(holds("198.51.100.1"));
  EXPECT_TRUE(holds("2001:db8::53"));
  EXPECT_FALSE(holds("192.0.2.54"));
  EXPECT_FALSE(holds("2001:db8::54"));
  EXPECT_FALSE(AddressSet({}).contains_v4(reinterpret_cast<const uint8_t*>("\0\0\0\0")));
}

}  // namespace
}  // namespace axfrd::dataplane
