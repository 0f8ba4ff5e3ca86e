#include "bench/axfr_reader.h"

#include <stdexcept>

#include "tests/control/support.h"
#include "zones/answer/transfer.h"

namespace axfrd::bench {
namespace {

using control::test::bytes_of;
using zones::test::name;

constexpr unsigned kRecords = 20000;

control::TsigKeyRef make_key(const char* secret) {
  return std::make_shared<control::TsigKey>(name("k."), control::kDefaultTsigAlgorithm, control::decode_secret(secret));
}

std::string what_is_wrong(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

class AxfrReaderTest : public testing::Test {
 protected:
  AxfrReaderTest() {
    const auto version = zones::test::zone_of("big.example", control::test::zone_with(kRecords));
    records_ = version->counts().records + 1;
    zones::test::QueryBytes query("big.example", zones::rrtype::AXFR, zones::Transport::tcp);
    query.parse();
    zones::Transfer transfer(version, query.query, "");
    messages_ = zones::test::drain(transfer);
    EXPECT_GT(messages_.size(), 20U);
  }
  static void read(AxfrReader& reader, const std::vector<std::string>& messages) {
    for (const std::string& message : messages) reader.take(bytes_of(message));
  }
  // The messages as their server signs them; `signed_ones` says which.
  std::vector<std::string> sign(const std::function<bool(size_t)>& signed_ones) {
    axfr_request(name("big.example"), 0x1234, key_, &request_);
    control::TsigSigner signer(request_);
    std::vector<std::string> made, since;
    for (size_t i = 0; i < messages_.size(); ++i) {
      since.push_back(messages_[i]);
      std::string message = messages_[i];
      if (signed_ones(i)) {
        std::vector<zones::Bytes> pieces;
        for (const std::string& piece : since) pieces.push_back(bytes_of(piece));
        message += signer.sign(pieces, control::tsig_now());
        control::count_tsig(reinterpret_cast<uint8_t*>(message.data()));
        since.clear();
      }
      made.push_back(message);
    }
    return made;
  }
  void verify(const std::vector<std::string>& messages) {
    TsigVerifier verifier(request_);
    for (size_t i = 0; i < messages.size(); ++i) verifier.take(bytes_of(messages[i]), i + 1 == messages.size());
  }

  std::vector<std::string> messages_;
  uint64_t records_ = 0;
  control::TsigKeyRef key_ = make_key("c2l4dGVlbiBvY3RldHMgYW5kIHNpeHRlZW4gbW9yZSE=");
  control::TsigCheck request_;
};

TEST_F(AxfrReaderTest, AWholeZoneIsDoneAtItsClosingSoaAndNotBefore) {
  for (const bool every : {false, true}) {
    AxfrReader reader(every);
    for (const std::string& message : messages_) {
      EXPECT_FALSE(reader.done());
      reader.take(bytes_of(message));
    }
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.records(), records_);
    EXPECT_EQ(reader.messages(), messages_.size());
  }
}

TEST_F(AxfrReaderTest, SignedMessagesAreReadToTheirEndToo) {
  AxfrReader reader(false);
  read(reader, sign([](size_t) { return true; }));
  EXPECT_TRUE(reader.done());
}

TEST_F(AxfrReaderTest, WhatIsNoWholeZoneIsSaid) {
  AxfrReader refused(false);
  messages_[0][3] = 5;
  EXPECT_EQ(what_is_wrong([&] { refused.take(bytes_of(messages_[0])); }), "a response with RCODE 5");
  AxfrReader headless(false);
  EXPECT_EQ(what_is_wrong([&] { headless.take(bytes_of(messages_[1])); }), "no SOA at the beginning");
  AxfrReader cut(true);
  messages_[0][3] = 0;
  messages_[1].pop_back();
  EXPECT_EQ(what_is_wrong([&] { read(cut, messages_); }), "a malformed record");
}

TEST_F(AxfrReaderTest, SignaturesOfAllMessagesOrOfSomeAreVerified) {
  verify(sign([](size_t) { return true; }));
  verify(sign([&](size_t i) { return i % 50 == 0 || i + 1 == messages_.size(); }));
}

TEST_F(AxfrReaderTest, AWrongSignatureOrAMissingOneIsSaid) {
  const auto all = [](size_t) { return true; };
  auto messages = sign(all);
  messages[2][100] ^= 1;
  EXPECT_EQ(what_is_wrong([&] { verify(messages); }), "a message with a wrong TSIG: NOERROR");
  messages = sign(all);
  std::swap(messages[3], messages[4]);
  EXPECT_EQ(what_is_wrong([&] { verify(messages); }), "a message with a wrong TSIG: NOERROR");
  messages = sign([&](size_t i) { return i + 1 != messages_.size(); });
  EXPECT_EQ(what_is_wrong([&] { verify(messages); }), "the first or the last message is not signed");
  messages = sign([&](size_t i) { return i == 0 || i > 100; });
  EXPECT_EQ(what_is_wrong([&] { verify(messages); }), "more than 99 messages in a row are not signed");
}

}  // namespace
}  // namespace axfrd::bench
