#include "tests/model/transfer_oracle.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/model/message_reader.h"

namespace axfrd::model {
namespace {

uint32_t number_of(const char* variable, uint32_t usual) {
  const char* const wanted = std::getenv(variable);
  return wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)) : usual;
}

TEST(TransferOracle, EveryTransferOfEveryKindOfZoneIsTheZone) {
  // To look at more of them, or again at one.
  const uint32_t first = number_of("TRANSFER_FIRST", 0), count = number_of("TRANSFER_WORLDS", 400);
  TransferTally tally;
  for (uint32_t seed = first; seed < first + count; ++seed) {
    SeededChoices choices(seed);
    ASSERT_NO_THROW(check_transfers(choices, {}, tally)) << "seed " << seed;
  }
  // Each kind of answer was among them.
  EXPECT_GT(tally.full, count);
  EXPECT_GT(tally.differences, count / 4);
  EXPECT_GT(tally.full_for_ixfr, count / 10);
  EXPECT_GT(tally.up_to_date, count / 10);
  EXPECT_GT(tally.messages, tally.transfers);
  EXPECT_GT(tally.is_signed, count);
  EXPECT_GT(tally.other_case, count / 4);
}

// What more worlds than these have found.
TEST(TransferOracle, WorldsThatWereWrongOnceAreRight) {
  TransferTally tally;
  for (const uint32_t seed : {724U}) {
    SeededChoices choices(seed);
    ASSERT_NO_THROW(check_transfers(choices, {}, tally)) << "seed " << seed;
  }
}

TEST(TransferOracle, RecordsOfEveryTypeAreTransferred) {
  TransferTally tally;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SeededChoices choices(seed);
    ASSERT_NO_THROW(check_every_type(choices, tally)) << "seed " << seed;
  }
}

TEST(TransferOracle, AHundredThousandRecordsAreTransferred) {
  TransferTally tally;
  SeededChoices choices(7);
  ASSERT_NO_THROW(check_large_zone(choices, 160'000, tally));
  EXPECT_GT(tally.records, 150'000U);
}

// A decoder that takes everything proves nothing.
TEST(MessageReader, RefusesWhatIsWrongWithAName) {
  const std::string header("\0\1\x84\0\0\1\0\1\0\0\0\0", 12), question("\3com\0\0\6\0\1", 9);
  const std::string fixed("\0\2\0\1\0\0\0\0", 8);  // NS IN, TTL 0
  const auto with = [&](const std::string& owner, const std::string& rdata) {
    return header + question + owner + fixed + be16(static_cast<unsigned>(rdata.size())) + rdata;
  };
  EXPECT_EQ(read_message(with("\xC0\x0C", "\1a\xC0\x0C")).answer.front().rdata, wire_name("a.com."));
  EXPECT_THROW(read_message(with("\xC0\x0D", "\1a\xC0\x0C")), MalformedMessage) << "into the middle of a label";
  EXPECT_THROW(read_message(with(std::string("\xC0\0", 2), "\1a\xC0\x0C")), MalformedMessage) << "into the header";
  EXPECT_THROW(read_message(with("\xC0\x0C", "\1a\xC0\x23")), MalformedMessage) << "at itself";
  EXPECT_THROW(read_message(with("\xC0\x0C", "\1a\xFF\xFF")), MalformedMessage) << "beyond the message";
  EXPECT_THROW(read_message(with("\xC0\x0C", std::string("\1a\xC0\x0C\0", 5))), MalformedMessage)
      << "of the wrong length";
  EXPECT_THROW(read_message(with("\xC0\x0C", "\1a")), MalformedMessage) << "without an end";
  EXPECT_THROW(read_message(with("\xC0\x0C",
                                 "\x41"
                                 "a\xC0\x0C")),
               MalformedMessage)
      << "a label of another type";
  EXPECT_THROW(read_message(with("\xC0\x0C", "\1a\xC0\x0C") + "x"), MalformedMessage) << "octets left over";
}

}  // namespace
}  // namespace axfrd::model
