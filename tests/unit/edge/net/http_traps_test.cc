// HTTP as attackers use it. Each test provokes one trap of libwebsockets or of the protocol, asks
// for the clear refusal where one can be given, and that nobody else notices.
#include <ctime>
#include <string>

#include "core/base/limits.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {
namespace {

using namespace std::chrono_literals;

class HttpTraps : public RelayTest {
 protected:
  HttpTraps() : RelayTest(Others::Bystander) {}
  /// Sends a request that must be refused with `status` and the connection closed.
  void expect_refused(const std::string& request, int status, std::string_view word) {
    RawClient client(port());
    ASSERT_TRUE(client.send(request));
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value()) << "no answer to: " << request.substr(0, 80);
    EXPECT_EQ(response->status, status) << request.substr(0, 80);
    EXPECT_NE(response->body.find(word), std::string::npos) << response->body;
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_TRUE(client.drain_until_closed());
    expect_alive();
  }
};

std::int64_t cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

TEST_F(HttpTraps, BytesBehindAnUnansweredPostEndItWithOutcomeUnknownInsteadOfSpinning) {
  start([](ServerOptions& options) { options.workers = 1; });
  for (const std::string& behind : {post("/later", "{}"), post("/later", "{}") + get("/hello"),
                                    get("/hello"), std::string("x")}) {
    RawClient client(port());
    const std::int64_t before = cpu_ms();
    const int calls = api_->calls("/later");
    ASSERT_TRUE(client.send(post("/later", "{}") + behind));
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value()) << "closed in silence";
    EXPECT_EQ(response->status, 503);
    EXPECT_NE(response->body.find("\"outcome_unknown\""), std::string::npos) << response->body;
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_EQ(response->headers.at("retry-after"), "1");
    EXPECT_TRUE(client.closed_without_words()) << "and nothing more";
    EXPECT_EQ(api_->calls("/later"), calls + 1) << "one request, one call, whatever follows it";
    EXPECT_LT(cpu_ms() - before, 500);
    RawClient releaser(port());  // the answers that come too late are nobody's
    ASSERT_TRUE(releaser.send(post("/release", "")));
    EXPECT_EQ(releaser.read_response()->body, "1");
    expect_alive();
  }
}

TEST_F(HttpTraps, TwoPublishesInOnePacketApplyTheFirstOnceAndAnswerIt) {
  start([](ServerOptions& options) { options.workers = 1; });
  const std::string publish = post("/publish", R"({"channel":"a","data":[1]})");
  RawClient client(port());
  ASSERT_TRUE(client.send(publish + publish));
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value()) << "applied, and closed in silence";
  EXPECT_TRUE(response->status == 200 || response->status == 503) << response->status;
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_without_words());
  EXPECT_EQ(api_->calls("/publish"), 1);
  EXPECT_TRUE(eventually([this] { return relay_sum().publishes_applied == 1; }));
  expect_alive();
}

TEST_F(HttpTraps, BytesBehindAPostWithALongAnswerCutNothingOffIt) {
  start([](ServerOptions& options) { options.workers = 1; });
  constexpr std::size_t kBytes = 3'000'000;  // far more than the socket takes at once
  RawClient client(port());
  ASSERT_TRUE(client.send(post("/bytes?" + std::to_string(kBytes), "{}") + get("/hello")));
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value()) << "cut off";
  EXPECT_EQ(response->body.size(), kBytes);
  EXPECT_TRUE(client.closed_without_words());
  EXPECT_EQ(api_->calls("/hello"), 0);
  expect_alive();
}

TEST_F(HttpTraps, BytesBehindAnAnsweredPostCloseAfterTheAnswer) {
  start([](ServerOptions& options) { options.workers = 1; });
  for (const std::string& behind : {post("/echo", "2"), post("/echo", "2") + post("/echo", "3"),
                                    get("/hello"), std::string("x")}) {
    RawClient client(port());
    const std::int64_t before = cpu_ms();
    const int calls = api_->calls("/echo");
    ASSERT_TRUE(client.send(post("/echo", "1") + behind));
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->body, "POST||1||");
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_TRUE(client.drain_until_closed());
    EXPECT_EQ(api_->calls("/echo"), calls + 1);
    EXPECT_LT(cpu_ms() - before, 500);
    expect_alive();
  }
}

TEST_F(HttpTraps, ABodyBehindAnotherRequestIsNeverTakenForSomethingElse) {
  start([](ServerOptions& options) { options.workers = 1; });
  for (const std::string& behind :
       {post("/echo", "2"), post("/echo", std::string(500, 'b')) + post("/echo", "3"),
        std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n") +
            std::string(50, 'b'),
        std::string("HEAD /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n") +
            std::string(500, 'b')}) {
    RawClient client(port());
    const std::int64_t before = cpu_ms();
    ASSERT_TRUE(client.send(get("/hello") + behind));
    EXPECT_EQ(client.read_response()->body, "hello");
    client.send(std::string(50, 'b'));
    EXPECT_TRUE(client.drain_until_closed());
    EXPECT_EQ(api_->calls("/echo"), 0) << "the library gives it the wrong bytes";
    EXPECT_LT(cpu_ms() - before, 500);
    expect_alive();
  }
}

TEST_F(HttpTraps, AnUpgradeToNothingHasNoBodyThatIsTakenForSomethingElse) {
  start([](ServerOptions& options) { options.workers = 1; });
  for (const char* upgrade : {"Upgrade:\r\n", "Upgrade: \r\n", "UPGRADE:\r\n"}) {
    RawClient client(port());
    ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(upgrade) +
                            "Content-Length: 200\r\n\r\n" + std::string(200, 'b')));
    EXPECT_TRUE(client.drain_until_closed());
    EXPECT_EQ(api_->calls("/echo"), 0) << "the library gives it the wrong bytes";
    expect_alive();
  }
}

TEST_F(HttpTraps, ChunkedBodyIsRefused) {
  start();
  expect_refused(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      411, "Transfer-Encoding");
  expect_refused(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n",
      411, "Transfer-Encoding");
  EXPECT_EQ(api_->calls("/echo"), 0);
}

TEST_F(HttpTraps, LengthThatIsNotOneNumberIsRefused) {
  start();
  for (const char* lengths :
       {"Content-Length: 3\r\nContent-Length: 50\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: -5\r\n", "Content-Length: 3, 50\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: +3\r\n"}) {
    expect_refused(std::string("POST /echo HTTP/1.1\r\nHost: x\r\n") + lengths + "\r\nabc", 400,
                   "Content-Length");
  }
  EXPECT_EQ(api_->calls("/echo"), 0);
}

TEST_F(HttpTraps, PostWithoutALengthIsRefused) {
  start();
  expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", 411, "Content-Length is required");
}

TEST_F(HttpTraps, BodyOverTheLimitIsRefusedBeforeItIsRead) {
  start([](ServerOptions& options) { options.http_body_bytes_max = 1000; });
  expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413, "1000");
  expect_refused(post("/echo", std::string(200'000, 'x')), 413, "1000");
  EXPECT_EQ(api_->calls("/echo"), 0);
}

TEST_F(HttpTraps, ABodyThatDripsIsCutAtItsDeadlineHoweverOftenItDrips) {
  start([](ServerOptions& options) { options.http_body_deadline = 300ms; });
  RawClient client(port());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"));
  while (client.send("x")) {  // until the relay has had enough
    timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
    if (net_sum().http_rejected > 0) {
      break;
    }
  }
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 408);
  EXPECT_TRUE(client.drain_until_closed());
  EXPECT_EQ(api_->calls("/echo"), 0);
  expect_alive();
}

TEST_F(HttpTraps, AConnectionThatSaysNothingIsCut) {
  start([](ServerOptions& options) { options.http_header_deadline = 200ms; });
  RawClient client(port());
  EXPECT_TRUE(client.closed_without_words());
  expect_alive();
}

TEST_F(HttpTraps, AHeadThatDripsIsCutAtItsDeadline) {
  start([](ServerOptions& options) { options.http_header_deadline = 300ms; });
  RawClient client(port());
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: x\r\n"));
  int lines = 0;
  while (client.send("X-Drip: 1\r\n") && lines < 1000) {
    ++lines;
    timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  EXPECT_LT(lines, 1000);
  EXPECT_EQ(api_->calls("/hello"), 0);
  expect_alive();
}

TEST_F(HttpTraps, AHeadOverTheLimitClosesTheConnection) {
  start();
  for (const char* name : {"Authorization", "X-Unknown", "Upgrade"}) {
    for (const std::size_t times : {1U, 4U}) {
      RawClient client(port());
      client.send("GET /hello HTTP/1.1\r\nHost: x\r\n" + std::string(name) + ": " +
                  std::string(times * limits::http_header_bytes_max + 1000, 'a') + "\r\n\r\n");
      EXPECT_TRUE(client.closed_without_words()) << name;
    }
  }
  EXPECT_EQ(api_->calls("/hello"), 0);
  expect_alive();
}

TEST_F(HttpTraps, ATokenOfItsFullLengthFitsIntoTheHead) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send("GET /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                          std::string(7000, 't') + "\r\n\r\n"));
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), std::string("GET||||Bearer ").size() + 7000);
}

TEST_F(HttpTraps, Http2UpgradeIsRefused) {
  start();
  expect_refused(
      "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
      501, "websocket");
  RawClient preface(port());
  preface.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(preface.drain_until_closed());
  expect_alive();
}

TEST_F(HttpTraps, AnUpgradeToSomethingElseIsRefused) {
  start();
  for (int i = 0; i < 20; ++i) {
    RawClient client(port());
    ASSERT_TRUE(client.send(
        "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" +
        get("/hello")));
    EXPECT_TRUE(client.drain_until_closed());
  }
  expect_alive();
}

TEST_F(HttpTraps, GarbageIsRefusedAndTheConnectionClosed) {
  start();
  constexpr int kNoWords = 0;
  const std::pair<std::string, int> garbage[] = {
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 403},  // TLS, and no TLS is spoken here
      {"FROB / HTTP/1.1\r\n\r\n", 403},
      {"\r\n\r\n\r\n", kNoWords},
      {"GET  HTTP/1.1\r\n\r\n", 403},
      {"GET hello HTTP/1.1\r\nHost: x\r\n\r\n", 403},
      {"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
  };
  for (const auto& [request, status] : garbage) {
    SCOPED_TRACE(::testing::PrintToString(request));
    RawClient client(port());
    client.send(request);
    client.send("\r\n\r\n");
    if (status == kNoWords) {
      EXPECT_TRUE(client.closed_without_words());
      continue;
    }
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, status);
    EXPECT_TRUE(client.drain_until_closed());
  }
  EXPECT_EQ(api_->calls("/hello"), 0);
  expect_alive();
}

TEST_F(HttpTraps, OverTheNumberOfConnectionsIsRefusedAndOthersGoOn) {
  start([](ServerOptions& options) { options.connections_max = 1 + 3; });
  RawClient one(port());
  RawClient two(port());
  RawClient three(port());
  for (RawClient* client : {&one, &two, &three}) {
    ASSERT_TRUE(client->send(get("/hello")));
    ASSERT_TRUE(client->read_response().has_value());
  }
  {
    RawClient four(port());
    const auto response = four.read_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 503);
  }
  ASSERT_TRUE(one.send(get("/hello")));
  EXPECT_EQ(one.read_response()->status, 200);
  EXPECT_TRUE(eventually([this] { return net_sum().http_rejected == 1; }));
}

}  // namespace
}  // namespace tidegate::net::test
