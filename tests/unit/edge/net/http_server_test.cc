// HTTP as clients should use it: keep-alive, bodies, large responses, answers that come later.
#include <memory>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {
namespace {

using namespace std::chrono_literals;

class Http : public RelayTest {};

TEST_F(Http, AnswersManyRequestsOnOneConnection) {
  start();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(get("/hello")));
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
  }
}

TEST_F(Http, AnswersPipelinedGetsInOrder) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send(get("/bytes?1") + get("/bytes?2") + get("/bytes?3")));
  for (std::size_t i = 1; i <= 3; ++i) {
    const auto response = client.read_response();
    ASSERT_TRUE(response.has_value()) << i;
    EXPECT_EQ(response->body.size(), i);
  }
}

TEST_F(Http, PassesMethodQueryBodyAndHeaders) {
  start();
  RawClient client(port());
  ASSERT_TRUE(
      client.send("POST /echo?a=1&b=2&c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                  "Idempotency-Key: key-1\r\nAuthorization: Bearer t\r\n\r\nbody"));
  auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "POST|a=1&b=2&c|body|key-1|Bearer t");
  ASSERT_TRUE(client.send("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n"));
  response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "OPTIONS||||");
}

TEST_F(Http, ReadsABodyThatComesInPieces) {
  start();
  RawClient client(port());
  const std::string request = post("/echo", "one two three");
  for (const char c : request) {
    ASSERT_TRUE(client.send(std::string(1, c)));
  }
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "POST||one two three||");
}

TEST_F(Http, AcceptsAnEmptyBodyAndABodyAsLargeAsAllowed) {
  start([](ServerOptions& options) { options.http_body_bytes_max = 300'000; });
  RawClient client(port());
  ASSERT_TRUE(client.send(post("/echo", "")));
  auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "POST||||");
  ASSERT_TRUE(client.send(post("/echo", std::string(300'000, 'b'))));
  response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), std::string("POST||||").size() + 300'000);
}

TEST_F(Http, WritesAResponseOfMegabytesToAReaderThatIsSlow) {
  start();
  RawClient client(port(), 4096);
  ASSERT_TRUE(client.send(get("/bytes?5000000") + get("/hello")));
  auto response = client.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), 5'000'000U);
  EXPECT_EQ(response->body.find_first_not_of('x'), std::string::npos);
  response = client.read_response();
  ASSERT_TRUE(response.has_value()) << "the connection goes on after it";
  EXPECT_EQ(response->body, "hello");
}

TEST_F(Http, AnswersForReadersWhoDoNotReadAreBoundedInAll) {
  start([](ServerOptions& options) { options.workers = 1; });
  constexpr std::size_t kBytes = 5'000'000;
  const std::string request = get("/bytes?" + std::to_string(kBytes));
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::size_t i = 0; i < limits::http_responses_bytes_max / kBytes; ++i) {
    slow.push_back(std::make_unique<RawClient>(port(), 4096));
    ASSERT_TRUE(slow.back()->send(request));
  }
  const int expected = static_cast<int>(slow.size());
  ASSERT_TRUE(eventually([&] { return api_->calls("/bytes") == expected; }));
  RawClient another(port());
  ASSERT_TRUE(another.send(request));
  auto response = another.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->headers.count("retry-after"), 1U);
  EXPECT_NE(response->body.find("http_responses_bytes_max"), std::string::npos);
  ASSERT_TRUE(another.send(get("/hello")));
  EXPECT_EQ(another.read_response()->body, "hello") << "small answers are always given";
  response = slow.front()->read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), kBytes) << "and nothing that was begun is cut";
  slow.pop_back();  // who leaves gives room, too
  ASSERT_TRUE(eventually([&] { return net_sum().connections_open == slow.size() + 1; }));
  ASSERT_TRUE(another.send(request));
  EXPECT_EQ(another.read_response()->body.size(), kBytes);
}

TEST_F(Http, ABodyThatIsOfNoUseIsDroppedAsItComes) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send(post("/bodiless", std::string(300'000, 'b'))));
  EXPECT_EQ(client.read_response()->body, "POST||||");
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(client.read_response()->body, "hello") << "the connection goes on after it";
}

TEST_F(Http, BodiesOnTheirWayAreBoundedInAll) {
  start([](ServerOptions& options) { options.workers = 1; });
  constexpr std::size_t kBytes = limits::http_body_bytes_default;
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n";
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::size_t i = 0; i < limits::http_bodies_bytes_max / kBytes; ++i) {
    slow.push_back(std::make_unique<RawClient>(port()));
    ASSERT_TRUE(slow.back()->send(head + "b"));
  }
  const std::uint64_t expected = slow.size();
  ASSERT_TRUE(eventually([&] { return net_sum().http_requests == expected; }));
  RawClient another(port());
  ASSERT_TRUE(another.send(post("/echo", "b")));
  const auto response = another.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->headers.count("retry-after"), 1U);
  EXPECT_NE(response->body.find("http_bodies_bytes_max"), std::string::npos);
  RawClient without(port());
  ASSERT_TRUE(without.send(get("/hello") + post("/bodiless", "b")));
  EXPECT_EQ(without.read_response()->body, "hello");
  EXPECT_EQ(without.read_response()->body, "POST||||") << "nothing is held for it";
  ASSERT_TRUE(slow.front()->send(std::string(kBytes - 1, 'b')));
  EXPECT_EQ(slow.front()->read_response()->status, 200) << "and whoever was let in is served";
  RawClient later(port());
  ASSERT_TRUE(later.send(post("/echo", "b")));
  EXPECT_EQ(later.read_response()->body, "POST||b||") << "in the room that this gave";
}

TEST_F(Http, HeadHasTheLengthAndNoBody) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto response = client.read_response(true);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("content-length"), "5");
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(client.read_response()->body, "hello");
}

TEST_F(Http, AnswersLaterAndOnlyOnce) {
  start([](ServerOptions& options) { options.workers = 1; });
  RawClient waiting(port());
  ASSERT_TRUE(waiting.send(get("/later")));
  ASSERT_TRUE(eventually([this] { return api_->calls("/later") == 1; }));
  RawClient other(port());
  ASSERT_TRUE(other.send(post("/release", "")));
  EXPECT_EQ(other.read_response()->body, "1");
  const auto response = waiting.read_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "at last");
  ASSERT_TRUE(waiting.send(get("/hello")));
  EXPECT_EQ(waiting.read_response()->body, "hello") << "and not the second answer";
}

TEST_F(Http, AnAnswerForSomebodyWhoHasLeftIsDropped) {
  start([](ServerOptions& options) { options.workers = 1; });
  {
    RawClient leaving(port());
    ASSERT_TRUE(leaving.send(post("/later", "x")));
    ASSERT_TRUE(eventually([this] { return api_->calls("/later") == 1; }));
  }
  ASSERT_TRUE(eventually([this] { return net_sum().connections_open == 0; }));
  RawClient other(port());
  ASSERT_TRUE(other.send(post("/release", "")));
  EXPECT_EQ(other.read_response()->body, "1");
  expect_alive();
}

TEST_F(Http, ClosesWhenTheClientAsksForIt) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(client.read_response()->body, "hello");
  EXPECT_TRUE(client.closed_without_words());
}

TEST_F(Http, AnswersExpectContinueBeforeTheBody) {
  start();
  RawClient client(port());
  ASSERT_TRUE(client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.read_response()->status, 100);
  ASSERT_TRUE(client.send("ok"));
  EXPECT_EQ(client.read_response()->body, "POST||ok||");
}

TEST_F(Http, CountsRequests) {
  start();
  expect_alive();
  expect_alive();
  EXPECT_TRUE(eventually([this] { return net_sum().http_requests == 2; }));
  EXPECT_EQ(net_sum().http_rejected, 0U);
}

}  // namespace
}  // namespace tidegate::net::test
