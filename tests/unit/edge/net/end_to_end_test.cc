// The whole relay with real threads and real clients: several workers, so that publications cross
// from shard to shard through the mailboxes. Run under ThreadSanitizer too (preset tsan).
#include <atomic>
#include <map>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/client/delivered_row.h"
#include "core/protocol/frame.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {
namespace {

using namespace std::chrono_literals;

constexpr int kChannels = 8;
constexpr int kEach = 50;

std::string channel_name(int channel) { return "room:" + std::to_string(channel); }

/// A native client on a thread of its own, subscribed to all channels with their whole history;
/// stops when it has everything.
class Subscriber {
 public:
  explicit Subscriber(std::unique_ptr<ClientConnection> client, std::size_t expected)
      : client_(std::move(client)), expected_(expected) {
    ClientSession& session = client_->session();
    SubscribeOptions options;
    options.history = kHistoryAll;
    for (int channel = 0; channel < kChannels; ++channel) {
      const auto id =
          session.subscribe(client_->now(), *ChannelName::parse(channel_name(channel)), options);
      EXPECT_TRUE(id.ok());
      channels_[*id] = channel;
    }
    session.connect(client_->now());
    thread_ =
        std::thread([this] { client_->run([this](const Event& event) { handle_event(event); }); });
  }
  ~Subscriber() { join(); }

  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  bool live() const { return live_ == kChannels; }
  const std::map<int, std::vector<std::string>>& received() const { return received_; }

 private:
  void handle_event(const Event& event) {
    if (std::holds_alternative<SubscriptionLive>(event)) {
      ++live_;
    }
    if (const auto* rows = std::get_if<RowsDelivered>(&event)) {
      for (std::uint32_t i = 0; i < rows->row_count; ++i) {
        const BlockRow row = delivered_row(client_->session(), *rows, i);
        received_[channels_[rows->subscription]].emplace_back(as_text(row.payload));
        if (++count_ == expected_) {
          client_->stop();
        }
      }
    }
  }

  std::unique_ptr<ClientConnection> client_;
  std::size_t expected_;
  std::map<SubscriptionId, int> channels_;
  std::map<int, std::vector<std::string>> received_;
  std::size_t count_ = 0;
  std::atomic<int> live_{0};
  std::thread thread_;
};

class EndToEnd : public RelayTest {
 protected:
  void publish_over_http() {
    RawClient client(port());
    for (int number = 0; number < kEach; ++number) {
      for (int channel = 0; channel < kChannels; ++channel) {
        nlohmann::json body{{"channel", channel_name(channel)}, {"data", {number}}};
        ASSERT_TRUE(client.send(post("/publish", body.dump())));
        const auto response = client.read_response();
        ASSERT_TRUE(response.has_value());
        ASSERT_EQ(response->body, std::to_string(number + 1) + " ");
      }
    }
  }

  void expect_all_in_order(const Subscriber& subscriber) {
    for (int channel = 0; channel < kChannels; ++channel) {
      const auto found = subscriber.received().find(channel);
      ASSERT_NE(found, subscriber.received().end()) << channel;
      ASSERT_EQ(found->second.size(), static_cast<std::size_t>(kEach)) << channel;
      for (int number = 0; number < kEach; ++number) {
        EXPECT_EQ(found->second[static_cast<std::size_t>(number)], std::to_string(number));
      }
    }
  }
};

TEST_F(EndToEnd, EverySubscriberOnEveryWorkerGetsEachPublicationOnceAndInOrder) {
  start([](ServerOptions& options) { options.workers = 3; });
  std::vector<std::unique_ptr<Subscriber>> early;
  for (int i = 0; i < 4; ++i) {
    early.push_back(std::make_unique<Subscriber>(connect_client(), kChannels * kEach));
  }
  for (const auto& subscriber : early) {
    ASSERT_TRUE(eventually([&] { return subscriber->live(); }));
  }
  publish_over_http();
  Subscriber late(connect_client(), kChannels * kEach);
  for (const auto& subscriber : early) {
    subscriber->join();
    expect_all_in_order(*subscriber);
  }
  late.join();
  expect_all_in_order(late);
  EXPECT_TRUE(eventually(
      [this] { return relay_sum().publishes_applied == std::uint64_t{kChannels} * kEach; }));
  EXPECT_GT(net_sum().mailbox_messages, 0U);
}

TEST_F(EndToEnd, ABatchIsAnsweredInItsOrder) {
  start([](ServerOptions& options) { options.workers = 3; });
  RawClient client(port());
  for (int channel = 0; channel < kChannels; ++channel) {  // some owned here, some elsewhere
    nlohmann::json body{{"channel", channel_name(channel)}, {"data", {1, 2, 3, 4, 5}}};
    ASSERT_TRUE(client.send(post("/publish", body.dump())));
    EXPECT_EQ(client.read_response()->body, "1 2 3 4 5 ");
  }
  ASSERT_TRUE(client.send(post("/publish", R"({"channel":"a","data":[]})")));
  EXPECT_EQ(client.read_response()->body, "") << "an empty batch is answered too";
}

TEST_F(EndToEnd, ANativeClientPublishesAndIsAcknowledged) {
  start();
  const auto client = connect_client();
  client->session().connect(client->now());
  PublicationDraft draft;
  const std::string payload(30'000, '1');
  draft.payload.assign(payload.begin(), payload.end());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(
        client->session().publish(client->now(), *ChannelName::parse("native"), draft).ok());
    client->pump();
  }
  std::uint64_t acknowledged = 0;
  client->run([&](const Event& event) {
    ASSERT_FALSE(std::holds_alternative<PublishFailed>(event));
    if (const auto* ack = std::get_if<PublishAcknowledged>(&event)) {
      EXPECT_EQ(ack->position.offset.value, ++acknowledged);
      if (acknowledged == 100) {
        client->stop();
      }
    }
  });
  EXPECT_EQ(acknowledged, 100U);
}

TEST_F(EndToEnd, ANativeClientComesBackAfterARestart) {
  start();
  const std::uint16_t fixed_port = port();
  const auto client = connect_client();
  client->session().connect(client->now());
  int live = 0;
  client->run([&](const Event& event) {
    const auto* changed = std::get_if<StateChanged>(&event);
    if (changed == nullptr || changed->state != ClientState::Live) {
      return;
    }
    if (++live == 2) {
      client->stop();
      return;
    }
    std::thread([&] { server_->stop(10ms); }).join();
    server_.reset();
    start([&](ServerOptions& options) { options.port = fixed_port; });
  });
  EXPECT_EQ(live, 2);
}

TEST_F(EndToEnd, ANativeClientIsToldWhyItIsRefused) {
  start();
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(port());
  options.token = "bad";
  auto client = std::move(*ClientConnection::create(std::move(options)));
  client->session().connect(client->now());
  std::uint16_t code = 0;
  client->run([&](const Event& event) {
    const auto* changed = std::get_if<StateChanged>(&event);
    if (changed != nullptr && changed->state == ClientState::Failed) {
      code = changed->code;
      client->stop();
    }
  });
  EXPECT_EQ(code, 4502);
}

TEST_F(EndToEnd, ANativeClientWithNobodyToTalkToTriesAgain) {
  start();
  const std::uint16_t nobody = port();
  server_->stop(0ms);
  server_.reset();
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(nobody);
  options.session.backoff_base = 1ms;
  options.session.backoff_cap = 2ms;
  options.session.reconnect_attempts_max = 5;
  auto client = std::move(*ClientConnection::create(std::move(options)));
  client->session().connect(client->now());
  bool failed = false;
  client->run([&](const Event& event) {
    const auto* changed = std::get_if<StateChanged>(&event);
    if (changed != nullptr && changed->state == ClientState::Failed) {
      failed = true;
      client->stop();
    }
  });
  EXPECT_TRUE(failed);
}

TEST_F(EndToEnd, StopsAndStartsAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    start([](ServerOptions& options) { options.workers = 4; });
    expect_alive();
    server_->stop(0ms);
    server_->stop(0ms);  // twice is once
    server_.reset();
  }
}

TEST_F(EndToEnd, StartSaysWhyItCannot) {
  start();
  ServerOptions second = options_;
  second.port = port();
  const auto refused = RelayServer::start(second);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  ServerOptions incomplete = options_;
  incomplete.verify_token = nullptr;
  EXPECT_EQ(RelayServer::start(incomplete).error().code, ErrorCode::BadRequest);
}

}  // namespace
}  // namespace tidegate::net::test
