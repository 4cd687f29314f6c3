#include "tests/unit/edge/net/relay_fixture.h"

#include <algorithm>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace tidegate::net::test {
namespace {

HttpResponse text(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

relay::ClaimsPtr everything_allowed() {
  auto claims = std::make_shared<relay::Claims>();
  claims->tenant = "test";
  claims->subject = "tester";
  Capability capability;
  capability.channels.push_back(*ChannelPattern::parse("**"));
  capability.allow = 0xF;
  claims->capabilities.push_back(capability);
  return claims;
}

}  // namespace

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "&") + part;
  return text;
}

}  // namespace

void TestApi::handle(WorkerAccess& worker, HttpRequest request,
                     std::shared_ptr<HttpResponder> responder) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    paths_.push_back(request.path);
  }
  if (request.path == "/hello") {
    responder->respond(text("hello"));
  } else if (request.path == "/bytes") {
    responder->respond(
        text(std::string(std::strtoul(joined(request.query).c_str(), nullptr, 10), 'x')));
  } else if (request.path == "/echo" || request.path == "/bodiless") {
    responder->respond(text(request.method + "|" + joined(request.query) + "|" + request.body +
                            "|" + request.idempotency_key + "|" + request.authorization));
  } else if (request.path == "/publish") {
    publish(worker, request, std::move(responder));
  } else if (request.path == "/later") {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(responder));
  } else if (request.path == "/release") {
    std::vector<std::shared_ptr<HttpResponder>> waiting;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const auto& one : waiting) {
      one->respond(text("at last"));
      one->respond(text("twice"));
    }
    responder->respond(text(std::to_string(waiting.size())));
  } else {
    HttpResponse response = text("no such path");
    response.status = 404;
    responder->respond(std::move(response));
  }
}

void TestApi::publish(WorkerAccess& worker, const HttpRequest& request,
                      std::shared_ptr<HttpResponder> responder) const {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  std::vector<relay::PublishRequest> requests;
  for (const auto& data : body["data"]) {
    relay::PublishRequest publish;
    publish.tenant = "test";
    publish.producer = "api";
    publish.channel = *ChannelName::parse(body["channel"].get<std::string>());
    const std::string json = data.dump();
    publish.draft.payload.assign(json.begin(), json.end());
    requests.push_back(std::move(publish));
  }
  worker.publish(std::move(requests), [responder](const auto& results) {
    std::string answer;
    for (const auto& result : results) {
      answer += result.ok() ? std::to_string(result->position.offset.value) + " "
                            : result.error().message + " ";
    }
    responder->respond(text(std::move(answer)));
  });
}

int TestApi::calls(const std::string& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count(paths_.begin(), paths_.end(), path));
}

void RelayTest::SetUp() {
  relay::Namespace all;
  all.pattern = *ChannelPattern::parse("**");
  all.publish = relay::PublishRight::Capability;
  config_->namespaces.push_back(all);
  options_.port = 0;
  options_.workers = 2;
  options_.config = config_;
  options_.http_api = api_;
  options_.connections_max = 1000;
  options_.verify_token = [claims = everything_allowed()](std::string_view token,
                                                          WallTime) -> Result<relay::ClaimsPtr> {
    if (token != "good") {
      return Error{ErrorCode::TokenInvalid, "not a good token", 0};
    }
    return claims;
  };
  options_.log = [this](const relay::LogLine& line) {
    const std::lock_guard<std::mutex> lock(log_mutex_);
    log_.push_back(line.text);
  };
}

void RelayTest::TearDown() {
  bystander_.reset();
  if (server_ != nullptr) {
    server_->stop(Duration{0});
  }
}

std::unique_ptr<ClientConnection> RelayTest::connect_client() {
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(port());
  options.token = "good";
  auto client = ClientConnection::create(std::move(options));
  EXPECT_TRUE(client.ok());
  return std::move(*client);
}

bool RelayTest::logged(std::string_view part) const {
  const std::lock_guard<std::mutex> lock(log_mutex_);
  return std::any_of(log_.begin(), log_.end(), [part](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
}

void RelayTest::let_bystander_in() {
  bystander_ = std::make_unique<FrameClient>(port());
  const auto upgraded = bystander_->upgrade();
  ASSERT_TRUE(upgraded.has_value());
  ASSERT_EQ(upgraded->status, 101);
  ASSERT_TRUE(bystander_->send_frame(kOpBinary, hello()));
  ASSERT_TRUE(bystander_->await<WelcomeFrame>().has_value());
  ASSERT_TRUE(bystander_->send_frame(kOpBinary, subscribe(1, "bystander")));
  ASSERT_TRUE(bystander_->await<SubscribedFrame>().has_value());
}

void RelayTest::expect_alive() {
  RawClient client(port());
  ASSERT_TRUE(client.send(get("/hello")));
  const auto response = client.read_response();
  ASSERT_TRUE(response.has_value()) << "the relay does not answer any more";
  EXPECT_EQ(response->status, 200);
  if (bystander_ == nullptr) {
    return;
  }
  const std::string offset = std::to_string(++published_to_bystander_);
  RawClient publisher(port());
  ASSERT_TRUE(
      publisher.send(post("/publish", R"({"channel":"bystander","data":[)" + offset + "]}")));
  const auto published = publisher.read_response();
  ASSERT_TRUE(published.has_value());
  EXPECT_EQ(published->body, offset + " ");
  const auto block = bystander_->await<BlockFrame>();
  ASSERT_TRUE(block.has_value()) << "somebody else was disturbed";
  EXPECT_EQ(block->block.range().offset.value, static_cast<std::uint64_t>(published_to_bystander_));
}

NetCounters RelayTest::net_sum() const {
  NetCounters sum;
  for (const NetCounters& one : server_->net_counters()) {
    sum.connections_open += one.connections_open;
    sum.http_requests += one.http_requests;
    sum.http_rejected += one.http_rejected;
    sum.mailbox_messages += one.mailbox_messages;
    sum.partial_writes += one.partial_writes;
  }
  return sum;
}

relay::RelayCounters RelayTest::relay_sum() const {
  relay::RelayCounters sum;
  for (const relay::RelayCounters& one : server_->relay_counters()) {
    sum.connections_opened += one.connections_opened;
    sum.connections_closed += one.connections_closed;
    sum.publishes_applied += one.publishes_applied;
    sum.publications_delivered += one.publications_delivered;
    sum.connections_blocked += one.connections_blocked;
  }
  return sum;
}

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace tidegate::net::test
