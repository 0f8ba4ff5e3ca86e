#include "control/access/tsig.h"

#include <nlohmann/json.hpp>
#include <random>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::bytes_of;
using test::QueryBytes;
using zones::Bytes;
using zones::Rcode;
using zones::test::name;

// As in tests/data/tsig/make.
constexpr TsigTime kTime = 1'700'000'000;
constexpr unsigned kFudge = 300, kId = 0x4A17;

std::string from_hex(const std::string& hex) {
  std::string octets;
  for (size_t i = 0; i < hex.size(); i += 2) octets += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return octets;
}

uint8_t* data_of(std::string& octets) { return reinterpret_cast<uint8_t*>(octets.data()); }
void set16(std::string& octets, size_t at, unsigned value) { zones::store16(data_of(octets) + at, value); }
unsigned get16(const std::string& octets, size_t at) { return zones::load16(bytes_of(octets).data() + at); }

TsigKeyRef vector_key(const std::string& algorithm, const std::string& secret,
                      const std::string& called = "transfer.example.com.") {
  return std::make_shared<TsigKey>(name(called), parse_tsig_algorithm(algorithm), decode_secret(secret), Md5::allowed);
}

std::string sign_whole(TsigSigner& signer, const std::string& message, TsigTime now) {
  const Bytes whole = bytes_of(message);
  return signer.sign({&whole, 1}, now);
}

// `message` with its signature, counted.
std::string appended(TsigSigner& signer, std::string message, TsigTime now) {
  const auto size = static_cast<unsigned>(message.size());
  message.resize(size + signer.max_size());
  const auto whole = static_cast<unsigned>(message.size());
  EXPECT_EQ(signer.append(data_of(message), size, whole, now), whole);
  return message;
}

// The check of a copy that ends where the message ends, so that AddressSanitizer sees what is read behind it.
TsigCheck check_exactly(const std::string& message, const KeyRing& ring, TsigTime now) {
  const std::vector<uint8_t> exact(message.begin(), message.end());
  return check_request(exact, ring, now);
}

// What is to come: "NOERROR", "FORMERR", or the TSIG error.
std::string outcome(const TsigCheck& check) {
  if (check.rcode == Rcode::formerr) return "FORMERR";
  EXPECT_EQ(check.rcode, check.error == TsigError::none ? Rcode::noerror : Rcode::notauth);
  return to_text(check.error);
}

std::string question_answer(unsigned rcode) {
  std::string message = test::question("example.com", zones::rrtype::AXFR, kId);
  set16(message, 2, 0x8000 | rcode);
  return message;
}

// ---- against dnspython ----

// One algorithm's part of tests/data/tsig/vectors.json.
class TsigVectors : public testing::TestWithParam<int> {
 protected:
  TsigVectors() {
    std::ifstream file(AXFRD_TEST_DATA "/tsig/vectors.json");
    vectors_ = Json::parse(file).at(static_cast<size_t>(GetParam()));
    key_ = vector_key(vectors_.at("algorithm"), vectors_.at("secret"));
    ring_ = KeyRing({vector_key("hmac-sha256", "Zm9v", "other."), key_});
  }
  std::string octets(const char* group, const std::string& item) const {
    return from_hex(vectors_.at(group).at(item).get<std::string>());
  }
  TsigCheck checked_axfr() const {
    const std::string request = octets("requests", "axfr");
    return check_exactly(request, ring_, kTime + 1);
  }

  Json vectors_;
  TsigKeyRef key_;
  KeyRing ring_;
};

// The rules of tests/data/tsig/make.
std::string stream_message(unsigned i) {
  std::string message = question_answer(0);
  set16(message, 2, 0x8400);
  set16(message, 6, 1);
  const unsigned size = 1 + i * 977 % 5000;
  for (const unsigned v : {0xC00CU, 10U, 1U, 0U, 300U, size}) {
    message += static_cast<char>(v >> 8);
    message += static_cast<char>(v);
  }
  for (unsigned j = 0; j < size; ++j) message += static_cast<char>(i + 3 * j);
  return message;
}
TsigTime stream_time(unsigned i) { return kTime + 1 + i / 100; }

// In pieces of the sizes that transfers have, cut where the message number says.
std::string sign_in_pieces(TsigSigner& signer, const std::string& message, TsigTime now, unsigned i) {
  const Bytes whole = bytes_of(message);
  const size_t first = 12 + i % 20, rest = i % (message.size() - first + 1);
  const std::array<Bytes, 3> pieces{whole.first(first), whole.subspan(first, whole.size() - first - rest),
                                    whole.last(rest)};
  return signer.sign(pieces, now);
}

TEST_P(TsigVectors, RequestsThatDnspythonSignsAreAuthentic) {
  for (const char* request : {"soa", "axfr", "update"}) {
    const TsigCheck check = check_exactly(octets("requests", request), ring_, kTime);
    EXPECT_TRUE(check.authentic()) << request;
    EXPECT_EQ(check.key, key_);
    EXPECT_EQ(check.record.time_signed, kTime);
    EXPECT_EQ(check.record.key.to_text(), "Transfer.example.com.");
  }
}

TEST_P(TsigVectors, TransfersAreSignedAsDnspythonSignsThemInOnePieceAndInThree) {
  for (const unsigned length : {1U, 2U, 50U, 300U}) {
    TsigSigner in_one(checked_axfr()), in_three(checked_axfr());
    std::string one, three;
    for (unsigned i = 0; i < length; ++i) {
      one = sign_whole(in_one, stream_message(i), stream_time(i));
      three = sign_in_pieces(in_three, stream_message(i), stream_time(i), i);
    }
    EXPECT_EQ(one, octets("streams", std::to_string(length))) << length;
    EXPECT_EQ(three, one) << length;
    EXPECT_EQ(one.size(), in_one.max_size());
  }
}

TEST_P(TsigVectors, AnAnswerThatDnspythonSignsIsAuthentic) {
  std::string answer = stream_message(0) + octets("streams", "1");
  count_tsig(data_of(answer));
  const Octets request_mac = checked_axfr().record.mac;
  EXPECT_TRUE(check_response(bytes_of(answer), key_, request_mac, stream_time(0)).authentic());
  EXPECT_EQ(outcome(check_response(bytes_of(answer), key_, {}, stream_time(0))), "BADSIG");
}

TEST_P(TsigVectors, BadtimeIsSignedWithTheTimeOfTheRequestAndOursInOtherData) {
  const auto now = vectors_.at("badtime").at("now").get<TsigTime>();
  const TsigCheck check = check_exactly(octets("requests", "axfr"), ring_, now);
  EXPECT_EQ(outcome(check), "BADTIME");
  EXPECT_EQ(check.key, key_);
  TsigSigner signer(check);
  const std::string record = sign_whole(signer, question_answer(9), now);
  EXPECT_EQ(record, octets("badtime", "record"));
  EXPECT_EQ(record.size(), signer.max_size());
}

TEST_P(TsigVectors, BadtruncIsSignedInFullOverTheTruncatedMac) {
  const TsigCheck check = check_exactly(octets("badtrunc", "request"), ring_, kTime);
  EXPECT_EQ(outcome(check), "BADTRUNC");
  TsigSigner signer(check);
  EXPECT_EQ(sign_whole(signer, question_answer(9), kTime + 1), octets("badtrunc", "record"));
}

// RFC 8945 §5.2.2.1
TEST_P(TsigVectors, MacsThatAreTooShortOrTooLongAreFormerr) {
  const std::string request = octets("requests", "axfr");
  const size_t full = mac_size(key_->algorithm()), behind = 6, at = request.size() - behind - full;
  for (size_t size = 0; size <= full + 1; ++size) {
    std::string cut = request.substr(0, at) + request.substr(at, std::min(size, full));
    cut += std::string(size - std::min(size, full), 'x') + request.substr(at + full);
    set16(cut, at - 2, static_cast<unsigned>(size));
    const size_t rdlength_at = at - 10 - wire_name(key_->algorithm()).size() - 2;
    set16(cut, rdlength_at, static_cast<unsigned>(get16(cut, rdlength_at) + size - full));
    const char* expected = size == full ? "NOERROR" : "BADTRUNC";
    if (size > full || size < std::max<size_t>(10, full / 2)) expected = "FORMERR";
    EXPECT_EQ(outcome(check_exactly(cut, ring_, kTime)), expected) << size;
    if (size >= 10 && size < full) {  // a wrong MAC stays one, however short
      cut[at] = static_cast<char>(cut[at] ^ 1);
      EXPECT_EQ(outcome(check_exactly(cut, ring_, kTime)), std::string(expected) == "FORMERR" ? "FORMERR" : "BADSIG");
    }
  }
}

std::string suffix_of(const testing::TestParamInfo<int>& test) {
  constexpr std::array kNames{"HmacMd5", "HmacSha1", "HmacSha224", "HmacSha256", "HmacSha384", "HmacSha512"};
  return kNames.at(static_cast<size_t>(test.param));
}
INSTANTIATE_TEST_SUITE_P(Algorithms, TsigVectors, testing::Range(0, 6), suffix_of);

// ---- one key, our own client ----

class TsigTest : public testing::Test {
 protected:
  TsigTest() : unsigned_(test::question("www.example.com", zones::rrtype::SOA, kId)) {
    TsigSigner client(key_);
    request_ = appended(client, unsigned_, kTime);
    request_mac_ = client.mac();
  }

  TsigCheck check(const std::string& message, TsigTime now = kTime) const { return check_exactly(message, ring_, now); }
  // The outcome for the request with `octets` at `at` of its TSIG record.
  std::string with_record(size_t at, const std::string& octets) const {
    std::string changed = request_;
    changed.replace(unsigned_.size() + at, octets.size(), octets);
    return outcome(check(changed));
  }
  // Where the TSIG record's parts begin, counted from its own beginning.
  size_t type_at() const { return key_->name().view().size(); }
  size_t algorithm_at() const { return type_at() + zones::kRrFixed; }
  size_t time_at() const { return algorithm_at() + wire_name(key_->algorithm()).size(); }
  size_t mac_at() const { return time_at() + 10; }
  size_t id_at() const { return mac_at() + mac_size(key_->algorithm()); }

  // `message` with `record` behind it, counted.
  static std::string with_additional(std::string message, const std::string& record) {
    count_tsig(data_of(message));
    return message + record;
  }
  std::string tsig() const { return request_.substr(unsigned_.size()); }

  TsigKeyRef key_ = vector_key("hmac-sha256", "Zm9vYmFyIGZvb2JhciBmb29iYXI=");
  KeyRing ring_{{key_}};
  std::string unsigned_, request_;
  Octets request_mac_;
};

TEST_F(TsigTest, ASignedRequestIsAuthenticAndSoIsItsAnswer) {
  const TsigCheck request = check(request_);
  ASSERT_TRUE(request.authentic());
  TsigSigner server(request);
  const std::string answer = appended(server, question_answer(0), kTime + 5);
  const TsigCheck response = check_response(bytes_of(answer), key_, request_mac_, kTime + 5);
  EXPECT_TRUE(response.authentic());
  EXPECT_EQ(response.record.error, TsigError::none);
  EXPECT_EQ(response.record.fudge, kFudge);
  EXPECT_EQ(get16(answer, 10), 1U);
}

TEST_F(TsigTest, AnAnswerToAnotherRequestIsBadsig) {
  TsigSigner server(check(request_));
  const std::string answer = appended(server, question_answer(0), kTime);
  Octets other = request_mac_;
  other[0] ^= 1;
  EXPECT_EQ(outcome(check_response(bytes_of(answer), key_, other, kTime)), "BADSIG");
  EXPECT_EQ(outcome(check_response(bytes_of(answer), vector_key("hmac-sha256", "Zm9v", "k."), request_mac_, kTime)),
            "BADKEY");
  EXPECT_EQ(outcome(check_response(bytes_of(answer), key_, request_mac_, kTime + kFudge + 1)), "BADTIME");
  EXPECT_EQ(outcome(check_response(bytes_of(question_answer(0)), key_, request_mac_, kTime)), "FORMERR");
}

// RFC 8945 §4.3.2: what forwards a request may change its ID, and that alone.
TEST_F(TsigTest, ARequestForwardedUnderAnotherIdIsAuthenticAndItsAnswerHasTheOriginalId) {
  std::string forwarded = request_;
  set16(forwarded, 0, 0xBEEF);
  const TsigCheck request = check(forwarded);
  ASSERT_TRUE(request.authentic());
  TsigSigner server(request);
  std::string answer = question_answer(0);
  set16(answer, 0, 0xBEEF);
  answer = appended(server, answer, kTime);
  EXPECT_EQ(get16(answer, answer.size() - 6), kId);
  EXPECT_TRUE(check_response(bytes_of(answer), key_, request_mac_, kTime).authentic());
}

TEST_F(TsigTest, EveryOtherOctetIsRefusedButForTheIdAndTheCaseOfNames) {
  const size_t key_at = unsigned_.size(), key_end = key_at + type_at();
  const size_t algorithm_begin = key_at + algorithm_at(), algorithm_end = key_at + time_at();
  for (size_t at = 0; at < request_.size(); ++at) {
    const bool in_name = (at >= key_at && at < key_end) || (at >= algorithm_begin && at < algorithm_end);
    const bool letter = in_name && std::isalpha(static_cast<unsigned char>(request_[at])) != 0;
    for (unsigned flip = 1; flip < 256; ++flip) {
      std::string changed = request_;
      changed[at] = static_cast<char>(static_cast<unsigned>(changed[at]) ^ flip);
      const bool same = at < 2 || (letter && flip == 0x20);
      ASSERT_EQ(check(changed).authentic(), same) << "octet " << at << " xor " << flip;
    }
  }
}

TEST_F(TsigTest, EveryOtherOctetOfAnAnswerIsRefusedToo) {
  TsigSigner server(check(request_));
  const std::string answer = appended(server, question_answer(0), kTime);
  for (size_t at = 2; at < answer.size(); ++at) {
    for (unsigned flip = 1; flip < 256; ++flip) {
      if (flip == 0x20) continue;  // the case of names
      std::string changed = answer;
      changed[at] = static_cast<char>(static_cast<unsigned>(changed[at]) ^ flip);
      ASSERT_FALSE(check_response(bytes_of(changed), key_, request_mac_, kTime).authentic()) << at << " xor " << flip;
    }
  }
}

TEST_F(TsigTest, EveryCutIsFormerr) {
  for (size_t size = 0; size < request_.size(); ++size) {
    EXPECT_EQ(outcome(check(request_.substr(0, size))), "FORMERR") << size;
  }
}

// An error that is told unsigned: no MAC, and what the request said of itself.
std::string unsigned_record(const std::string& request_record, size_t mac_at, unsigned error) {
  std::string record = request_record.substr(0, mac_at);
  set16(record, mac_at - 2, 0);
  record += request_record.substr(request_record.size() - 6);
  set16(record, record.size() - 4, error);
  return record;
}

TEST_F(TsigTest, AnUnknownKeyIsBadkeyUnsigned) {
  const TsigCheck unknown = check_request(bytes_of(request_), KeyRing(), kTime + 99999);
  EXPECT_EQ(outcome(unknown), "BADKEY");
  EXPECT_EQ(unknown.key, nullptr);
  TsigSigner server(unknown);
  std::string expected = unsigned_record(tsig(), mac_at(), 17);
  set16(expected, type_at() + 8, static_cast<unsigned>(expected.size() - algorithm_at()));
  EXPECT_EQ(sign_whole(server, question_answer(9), kTime + 99999), expected);
  EXPECT_EQ(server.max_size(), expected.size());
  EXPECT_TRUE(server.mac().empty());
}

TEST_F(TsigTest, AKeyOfAnotherAlgorithmIsBadkey) {
  const KeyRing other({vector_key("hmac-sha512", "Zm9vYmFyIGZvb2JhciBmb29iYXI=")});
  const TsigCheck check = check_request(bytes_of(request_), other, kTime);
  EXPECT_EQ(outcome(check), "BADKEY");
  EXPECT_EQ(check.key, nullptr);
}

TEST_F(TsigTest, AWrongSecretIsBadsigUnsigned) {
  const KeyRing other({vector_key("hmac-sha256", "Zm9v")});
  const TsigCheck check = check_request(bytes_of(request_), other, kTime + 99999);  // the MAC comes before the time
  EXPECT_EQ(outcome(check), "BADSIG");
  EXPECT_EQ(check.key, nullptr);
  TsigSigner server(check);
  std::string expected = unsigned_record(tsig(), mac_at(), 16);
  set16(expected, type_at() + 8, static_cast<unsigned>(expected.size() - algorithm_at()));
  EXPECT_EQ(sign_whole(server, question_answer(9), kTime), expected);
}

TEST_F(TsigTest, AClientReadsAnUnsignedErrorButDoesNotTrustIt) {
  TsigSigner server(check_request(bytes_of(request_), KeyRing(), kTime));
  const std::string answer = appended(server, question_answer(9), kTime);
  const TsigCheck check = check_response(bytes_of(answer), key_, request_mac_, kTime);
  EXPECT_FALSE(check.authentic());
  EXPECT_EQ(check.record.error, TsigError::badkey);
}

TEST_F(TsigTest, TimesAreAcceptedUpToTheFudgeInBothDirections) {
  for (const TsigTime now : {kTime - kFudge, kTime, kTime + kFudge}) EXPECT_TRUE(check(request_, now).authentic());
  for (const TsigTime now : {TsigTime{0}, kTime - kFudge - 1, kTime + kFudge + 1, TsigTime{1} << 47}) {
    EXPECT_EQ(outcome(check(request_, now)), "BADTIME");
  }
}

TEST_F(TsigTest, AClientWhoseClockIsWrongLearnsOurTime) {
  const TsigTime now = kTime + 5000;
  TsigSigner server(check(request_, now));
  const std::string answer = appended(server, question_answer(9), now);
  const TsigCheck response = check_response(bytes_of(answer), key_, request_mac_, kTime + 1);
  EXPECT_TRUE(response.authentic());
  EXPECT_EQ(response.record.error, TsigError::badtime);
  EXPECT_EQ(response.record.other, (Octets{0, 0, 0x65, 0x54, 0x04, 0x88}));
}

TEST_F(TsigTest, TheTimeNeverRunsBackwardsWithinATransfer) {
  TsigSigner server(check(request_));
  const auto time_of = [&](const std::string& record) {
    return zones::load32(bytes_of(record).data() + time_at() + 2);
  };
  EXPECT_EQ(time_of(sign_whole(server, stream_message(0), kTime + 20)), kTime + 20);
  EXPECT_EQ(time_of(sign_whole(server, stream_message(1), kTime + 10)), kTime + 20);
  EXPECT_EQ(time_of(sign_whole(server, stream_message(2), kTime + 30)), kTime + 30);
}

TEST_F(TsigTest, AMessageWithoutTsigIsFormerr) {
  EXPECT_EQ(outcome(check(unsigned_)), "FORMERR");
  QueryBytes edns("example.com", zones::rrtype::SOA);
  EXPECT_EQ(outcome(check(edns.edns(1232).bytes)), "FORMERR");
  std::string empty(12, '\0');
  EXPECT_EQ(outcome(check(empty)), "FORMERR");
}

TEST_F(TsigTest, TsigThatIsNotLastIsFormerr) {
  const std::string opt("\0\0\x29\x04\xD0\0\0\0\0\0\0", 11);
  EXPECT_EQ(outcome(check(with_additional(request_, opt))), "FORMERR");
}

TEST_F(TsigTest, TwoTsigsAreFormerr) {
  EXPECT_EQ(outcome(check(with_additional(request_, tsig()))), "FORMERR");
  // Also when the second one signs the first.
  TsigSigner again(key_);
  EXPECT_EQ(outcome(check(appended(again, request_, kTime))), "FORMERR");
}

TEST_F(TsigTest, TsigOutsideTheAdditionalSectionIsFormerr) {
  for (const unsigned count_at : {6U, 8U}) {
    std::string moved = request_;
    set16(moved, count_at, 1);
    set16(moved, 10, 0);
    EXPECT_EQ(outcome(check(moved)), "FORMERR");
  }
}

TEST_F(TsigTest, OctetsBehindTheTsigAreFormerr) {
  EXPECT_EQ(outcome(check(request_ + '\0')), "FORMERR");
  std::string longer = request_ + '\0';  // in the RDATA, behind Other Data
  const size_t rdlength_at = unsigned_.size() + type_at() + 8;
  set16(longer, rdlength_at, get16(longer, rdlength_at) + 1);
  EXPECT_EQ(outcome(check(longer)), "FORMERR");
}

TEST_F(TsigTest, AWrongClassOrTtlIsFormerr) {
  EXPECT_EQ(with_record(0, ""), "NOERROR");
  EXPECT_EQ(with_record(type_at() + 2, std::string("\0\1", 2)), "FORMERR");
  EXPECT_EQ(with_record(type_at() + 4, std::string("\0\0\0\1", 4)), "FORMERR");
}

TEST_F(TsigTest, SizesThatDoNotAddUpAreFormerr) {
  for (const unsigned size : {0U, 31U, 33U, 38U, 39U, 0xFFFFU}) {
    std::string octets(2, '\0');
    set16(octets, 0, size);
    EXPECT_EQ(with_record(mac_at() - 2, octets), "FORMERR") << size;
  }
  EXPECT_EQ(with_record(id_at() + 4, std::string("\0\1", 2)), "FORMERR");
  EXPECT_EQ(with_record(id_at() + 4, "\xFF\xFF"), "FORMERR");
  EXPECT_EQ(with_record(algorithm_at(), "\x40"), "FORMERR");
  EXPECT_EQ(with_record(algorithm_at(), "\xC0\x0C"), "FORMERR");  // no pointer here: RFC 3597 §4
}

TEST_F(TsigTest, AKeyNameThatPointsInCirclesOrForwardsIsFormerr) {
  const size_t at = unsigned_.size();
  for (const size_t target : {at, at + 2, size_t{0x3FFF}}) {
    std::string pointing = unsigned_ + std::string(2, '\0') + tsig().substr(type_at());
    count_tsig(data_of(pointing));
    set16(pointing, at, static_cast<unsigned>(0xC000 | target));
    EXPECT_EQ(outcome(check(pointing)), "FORMERR") << target;
  }
}

TEST_F(TsigTest, TheMacCoversOtherDataOfARequest) {
  // Signed by hand, with Other Data "abc".
  std::string record = tsig() + "abc";
  set16(record, id_at() + 4, 3);
  set16(record, type_at() + 8, static_cast<unsigned>(record.size() - algorithm_at()));
  Hmac hmac = key_->hmac();
  hmac.add(bytes_of(unsigned_));
  hmac.add(key_->name().view().bytes());
  hmac.add(bytes_of(std::string("\0\xFF\0\0\0\0", 6)));
  hmac.add(bytes_of(record.substr(algorithm_at(), time_at() + 8 - algorithm_at())));
  hmac.add(bytes_of(std::string("\0\0\0\3abc", 7)));
  const Octets mac = hmac.finish();
  std::copy(mac.begin(), mac.end(), data_of(record) + mac_at());
  EXPECT_EQ(outcome(check(with_additional(unsigned_, record))), "NOERROR");
  record.back() = 'd';
  EXPECT_EQ(outcome(check(with_additional(unsigned_, record))), "BADSIG");
}

TEST_F(TsigTest, WithoutRoomNothingIsAppended) {
  TsigSigner server(check(request_));
  std::string answer = question_answer(0);
  const auto size = static_cast<unsigned>(answer.size());
  const std::string before = answer;
  answer.resize(size + server.max_size() - 1);
  EXPECT_EQ(server.append(data_of(answer), size, static_cast<unsigned>(answer.size()), kTime), size);
  EXPECT_EQ(answer.substr(0, size), before);
  // Nor does the signer take it for a message that was signed.
  const std::string signed_answer = appended(server, before, kTime);
  EXPECT_TRUE(check_response(bytes_of(signed_answer), key_, request_mac_, kTime).authentic());
}

// ---- what nobody would write by hand ----

void mutate(std::string& message, std::mt19937& random) {
  for (unsigned changes = 1 + random() % 8; changes > 0; --changes) {
    message[random() % message.size()] = static_cast<char>(random());
  }
  const unsigned shape = random() % 8;
  if (shape == 0) message.resize(random() % message.size() + 1);
  if (shape == 1) message += std::string(random() % 64, static_cast<char>(random()));
}

TEST_F(TsigTest, TenThousandMutationsAreSurvivedAndNoneIsAuthenticUnlessItsContentIsTheSame) {
  std::mt19937 random(8945);  // NOLINT: the same mutations each time
  for (unsigned i = 0; i < 10000; ++i) {
    std::string changed = request_;
    mutate(changed, random);
    const TsigCheck result = check(changed);
    if (result.authentic()) {
      ASSERT_EQ(changed.substr(2, unsigned_.size() - 2), request_.substr(2, unsigned_.size() - 2)) << i;
    }
    if (result.rcode == Rcode::formerr) continue;
    TsigSigner server(result);
    EXPECT_EQ(sign_whole(server, question_answer(0), kTime).size(), server.max_size());
  }
}

// The mutations above seldom leave a TSIG behind; these do not touch what comes before it, nor its type.
TEST_F(TsigTest, TenThousandMutationsOfTheRdataAreSurvived) {
  std::mt19937 random(2845);  // NOLINT: the same mutations each time
  for (unsigned i = 0; i < 10000; ++i) {
    std::string changed = request_;
    std::string rdata = changed.substr(unsigned_.size() + algorithm_at());
    mutate(rdata, random);
    changed.replace(unsigned_.size() + algorithm_at(), std::string::npos, rdata);
    set16(changed, unsigned_.size() + type_at() + 8, static_cast<unsigned>(rdata.size()));
    const TsigCheck result = check(changed);
    EXPECT_TRUE(!result.authentic() || rdata.size() == request_.size() - unsigned_.size() - algorithm_at());
  }
}

}  // namespace
}  // namespace axfrd::control
