// HTTP without sockets: targets, requests, and what a connection makes of them.
#include <deque>

#include "control/http/connection.h"
#include "control/http/pdns_names.h"
#include "control/http/target.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;

// ---- targets ----

TEST(HttpTarget, IsTakenApart) {
  const auto target = parse_target("/api/v1/servers/localhost/zones/a%2Eb=5F/?zone=x.y&rrsets=false&q=a+b%2B&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (std::vector<std::string>{"api", "v1", "servers", "localhost", "zones", "a.b=5F"}));
  EXPECT_EQ(target->parameter("zone"), "x.y");
  EXPECT_EQ(target->parameter("rrsets"), "false");
  EXPECT_EQ(target->parameter("q"), "a b+");
  EXPECT_EQ(target->parameter("flag"), "");
  EXPECT_EQ(target->parameter("none"), std::nullopt);
  EXPECT_TRUE(parse_target("/")->path.empty());
  for (const char* wrong : {"", "api", "*", "/%", "/%1", "/%zz", "/%00", "/?a=%0", "http://x/"})
    EXPECT_FALSE(parse_target(wrong)) << wrong;
}

TEST(PdnsNames, AreEscapedAndReadInEveryWayThatClientsWriteThem) {
  EXPECT_EQ(zone_id(name("example.com")), "example.com.");
  EXPECT_EQ(zone_id(name("_tcp.a/b.example")), "=5Ftcp.a=2Fb.example.");
  EXPECT_EQ(zone_id(name(".")), "=2E");
  for (const char* id : {"_tcp.example.com", "_tcp.example.com.", "=5Ftcp.example.com.", "=5ftcp.EXAMPLE.com"})
    EXPECT_EQ(zone_of_id(id), name("_tcp.example.com")) << id;
  EXPECT_EQ(zone_of_id("=2E"), name("."));
  EXPECT_EQ(zone_of_id(zone_id(name("a\\=b\\012.test"))), name("a\\=b\\012.test"));
  EXPECT_FALSE(zone_of_id(""));
  EXPECT_FALSE(zone_of_id("a..b"));
}

// ---- requests ----

const std::string kPost = "POST /x?y=z HTTP/1.1\r\nHost: h\r\nX-API-Key:  secret \r\nContent-Length: 5\r\n\r\nhello";

RequestReader::State read_all(RequestReader& reader, const std::string& octets, size_t most_body = 1000,
                              size_t step = SIZE_MAX) {
  std::string waiting;
  bool allowed = false;
  for (size_t at = 0; at < octets.size(); at += std::min(step, octets.size() - at)) {
    waiting += octets.substr(at, step);
    for (bool again = true; again;) {
      waiting.erase(0, reader.feed(waiting));
      again = reader.state() == RequestReader::State::body && !std::exchange(allowed, true);
      if (again) reader.allow_body(most_body);
    }
  }
  return reader.state();
}

TEST(RequestReader, ReadsARequestHoweverItComesInPieces) {
  for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, SIZE_MAX}) {
    RequestReader reader;
    ASSERT_EQ(read_all(reader, kPost, 1000, step), RequestReader::State::whole) << step;
    EXPECT_TRUE(reader.keeps_alive());
    const HttpRequest request = reader.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/x?y=z");
    EXPECT_EQ(request.field("x-api-key"), "secret");
    EXPECT_EQ(request.body, "hello");
  }
}

TEST(RequestReader, ReadsChunksAndGetsWithBodies) {
  RequestReader chunked;
  const std::string head = "PATCH / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(read_all(chunked, head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1000, 1), RequestReader::State::whole);
  EXPECT_EQ(chunked.take().body, "abcde");
  RequestReader lexicon;
  ASSERT_EQ(read_all(lexicon, "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), RequestReader::State::whole);
  RequestReader old;
  ASSERT_EQ(read_all(old, "GET / HTTP/1.0\r\n\r\n"), RequestReader::State::whole);
  EXPECT_FALSE(old.keeps_alive());
  EXPECT_FALSE(old.knows_chunks());
}

TEST(RequestReader, LeavesWhatBelongsToTheNextRequest) {
  RequestReader reader;
  const std::string both = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";
  EXPECT_EQ(reader.feed(both), both.size() / 2);
  EXPECT_EQ(reader.head().target, "/1");
}

TEST(RequestReader, RefusesWhatIsTooLongOrNoRequest) {
  const auto status = [](const std::string& octets, size_t most_body = 4) {
    RequestReader reader;
    return read_all(reader, octets, most_body) == RequestReader::State::refused ? reader.refusal().status : 0U;
  };
  EXPECT_EQ(status(kPost), 413U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n0\r\n\r\n"), 413U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), 413U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(RequestReader::kMostHeader, 'x') + "\r\n\r\n"), 431U);
  EXPECT_EQ(status("GET / HTTP/2.0\r\n\r\n"), 505U);
  EXPECT_EQ(status("\x16\x03\x01\x02\r\n\r\n"), 400U) << "TLS where none is spoken";
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA b: c\r\n\r\n"), 400U);
  EXPECT_EQ(status("GET /\n HTTP/1.1\r\n\r\n"), 400U);
}

// ---- connections ----

// A wire in memory: what the client sends is there from the begin, what it gets is kept.
class MemoryWire : public Wire {
 public:
  struct Other {
    std::deque<std::string> sends;
    std::string gets;
    bool was_closed = false, ended_output = false;
  };
  MemoryWire(boost::asio::io_context& loop, Other& other) : loop_(loop), other_(other) {}

  void open(Handler handler) override {
    post([handler] { handler({}, 0); });
  }
  void read_some(boost::asio::mutable_buffer room, Handler handler) override {
    if (other_.sends.empty()) return;  // it says nothing more, and stays
    std::string& next = other_.sends.front();
    const size_t size = std::min(next.size(), room.size());
    std::memcpy(room.data(), next.data(), size);
    next.erase(0, size);
    if (next.empty()) other_.sends.pop_front();
    post([handler, size] { handler({}, size); });
  }
  void write(boost::asio::const_buffer octets, Handler handler) override {
    other_.gets.append(static_cast<const char*>(octets.data()), octets.size());
    post([handler, size = octets.size()] { handler({}, size); });
  }
  void end_output() override { other_.ended_output = true; }
  void close() override { other_.was_closed = true; }

 private:
  void post(std::function<void()> work) { boost::asio::post(loop_, std::move(work)); }
  boost::asio::io_context& loop_;
  Other& other_;
};

class HttpConnectionTest : public testing::Test {
 protected:
  std::string answers_to(std::deque<std::string> sends) {
    other_.sends = std::move(sends);
    connection_ = std::make_shared<HttpConnection>(std::make_unique<MemoryWire>(loop_, other_), loop_.get_executor(),
                                                   parse_address("192.0.2.1"), owner_);
    connection_->start();
    loop_.run_for(std::chrono::milliseconds(50));
    return other_.gets;
  }
  static size_t count(const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  }

  boost::asio::io_context loop_;
  MemoryWire::Other other_;
  std::vector<HttpRequest> served_;
  bool has_room_ = true;
  HttpConnection::Owner owner_{.serve =
                                   [this](HttpRequest request, const HttpRespond& respond) {
                                     served_.push_back(request);
                                     if (request.target != "/stream")
                                       return respond(text_response(200, "<" + request.body + ">"));
                                     HttpResponse response{200, kPlainText};
                                     response.stream = [n = 0](const JsonPiece& piece) mutable {
                                       ++n;
                                       piece("piece" + std::to_string(n) + ";", n < 3);
                                     };
                                     respond(std::move(response));
                                   },
                               .most_body = [](const HttpRequest&) { return size_t{100'000}; },
                               .has_room = [this](const HttpConnection&) { return has_room_; },
                               .closed = [](HttpConnection&) {}};
  std::shared_ptr<HttpConnection> connection_;
};

TEST_F(HttpConnectionTest, AnswersPipelinedRequestsInOrder) {
  const std::string got = answers_to({kPost + "GET /2 HTTP/1.1\r\n\r\n" + "HEAD /3 HT", "TP/1.1\r\n\r\n" + kPost});
  EXPECT_EQ(count(got, "HTTP/1.1 200 OK\r\n"), 4U);
  EXPECT_EQ(count(got, "<hello>"), 2U);
  ASSERT_EQ(served_.size(), 4U);
  EXPECT_EQ(served_[1].target, "/2");
  EXPECT_EQ(served_[0].client, parse_address("192.0.2.1"));
  EXPECT_FALSE(other_.was_closed);
}

TEST_F(HttpConnectionTest, StreamsInChunksAndToOldClientsUntilTheEnd) {
  EXPECT_NE(
      answers_to({"GET /stream HTTP/1.1\r\n\r\n"}).find("7\r\npiece1;\r\n7\r\npiece2;\r\n7\r\npiece3;\r\n0\r\n\r\n"),
      std::string::npos);
  EXPECT_FALSE(other_.was_closed);
  other_ = {};
  loop_.restart();
  const std::string old = answers_to({"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"});
  EXPECT_TRUE(old.ends_with("\r\n\r\npiece1;piece2;piece3;")) << old;
  EXPECT_EQ(old.find("chunked"), std::string::npos);
  EXPECT_TRUE(other_.was_closed);
}

TEST_F(HttpConnectionTest, SaysGoOnToWhoAsks) {
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  const std::string got = answers_to({head, "hello"});
  EXPECT_TRUE(got.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << got;
  other_ = {};
  loop_.restart();
  EXPECT_TRUE(answers_to({"POST / HTTP/1.1\r\nContent-Length: 500000\r\nExpect: 100-continue\r\n\r\n"})
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpConnectionTest, EndsBehindWhatItRefuses) {
  const std::string got = answers_to({"GET / HTTP/1.1\r\nA b: c\r\n\r\nGET / HTTP/1.1\r\n\r\n"});
  EXPECT_TRUE(got.starts_with("HTTP/1.1 400 Bad Request\r\n")) << got;
  EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(count(got, "HTTP/1.1"), 1U);
  EXPECT_TRUE(other_.ended_output);
  other_ = {};
  loop_.restart();
  has_room_ = false;
  EXPECT_TRUE(answers_to({"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe"}).starts_with("HTTP/1.1 503 "));
}

TEST_F(HttpConnectionTest, IsClosedWhenItsClientTakesTooLong) {
  owner_.patience.header = std::chrono::milliseconds(10);
  answers_to({"GET / HT"});
  EXPECT_TRUE(other_.was_closed);
  other_ = {};
  loop_.restart();
  owner_.patience.idle = std::chrono::milliseconds(10);
  answers_to({"GET / HTTP/1.1\r\n\r\n"});
  EXPECT_TRUE(other_.was_closed) << "idle";
  EXPECT_EQ(served_.size(), 1U);
}

TEST_F(HttpConnectionTest, LetsNoValueOfAFieldEndIt) {
  owner_.serve = [](HttpRequest, const HttpRespond& respond) {
    HttpResponse response = text_response(200, "");
    response.fields = {{"X", "a\r\nSet-Cookie: b"}};
    respond(std::move(response));
  };
  EXPECT_NE(answers_to({"GET / HTTP/1.1\r\n\r\n"}).find("X: a  Set-Cookie: b\r\n"), std::string::npos);
}

}  // namespace
}  // namespace axfrd::control
