// A shard, its store and its effects, without sockets and under a clock that the test moves.
#include "edge/net/shard_driver.h"

#include <gtest/gtest.h>

#include "core/protocol/frame_encoder.h"
#include "edge/store/memory_stores.h"

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;

class FakeWorld final : public ShardWorld {
 public:
  Now now() const override { return now_; }
  void transmit(const relay::Transmit& transmit) override {
    said.push_back("transmit");
    if (block_next && driver != nullptr) {  // as a full socket does, from within the effect
      block_next = false;
      driver->feed([&](relay::RelayShard& shard, Now now) {
        shard.handle_blocked(now, transmit.connections.front());
      });
    }
  }
  void close_connection(const relay::Close& close) override {
    said.push_back("close " + std::to_string(close.code));
  }
  void pause_reading(const relay::PauseReading&) override { said.push_back("pause"); }
  void send_to_shard(relay::ShardSend) override { said.push_back("send"); }
  Result<relay::ClaimsPtr> verify_token(std::string_view token, WallTime) override {
    said.push_back("verify " + std::string(token));
    auto claims = std::make_shared<relay::Claims>();
    claims->tenant = "t";
    return relay::ClaimsPtr(claims);
  }
  void log(const relay::LogLine&) override {}
  void settled(std::optional<Instant> timeout) override {
    ++times_settled;
    deadline = timeout;
  }

  Now now_{Instant{1000s}, wall_from_ms(1'700'000'000'000)};
  ShardDriver* driver = nullptr;
  bool block_next = false;
  std::vector<std::string> said;
  int times_settled = 0;
  std::optional<Instant> deadline;
};

class Driver : public ::testing::Test {
 protected:
  Driver() {
    relay::Namespace all;
    all.pattern = *ChannelPattern::parse("**");
    config_->namespaces.push_back(all);
    relay::ShardOptions options;
    options.incarnation = 7;
    options.config = config_;
    driver_ = std::make_unique<ShardDriver>(options, store::MemoryStores(9).connect({}), world_);
    world_.driver = driver_.get();
  }
  relay::PublishRequest request(std::string_view channel, std::string_view payload) {
    relay::PublishRequest made;
    made.tenant = "t";
    made.producer = "p";
    made.channel = *ChannelName::parse(channel);
    made.draft.payload.assign(payload.begin(), payload.end());
    return made;
  }
  relay::ConnectionHandle connect() {
    relay::ConnectionHandle handle;
    driver_->feed([&](relay::RelayShard& shard, Now now) { handle = shard.handle_connected(now); });
    return handle;
  }
  Bytes hello() {
    HelloFrame frame;
    frame.token = "abc";
    frame.session_id = "s";
    Bytes bytes;
    encode(frame, bytes);
    return bytes;
  }

  std::shared_ptr<relay::RelayConfig> config_ = std::make_shared<relay::RelayConfig>();
  FakeWorld world_;
  std::unique_ptr<ShardDriver> driver_;
};

TEST_F(Driver, CarriesAPublishThroughTheStoreToItsAnswer) {
  std::vector<std::uint64_t> offsets;
  driver_->publish(
      {request("a", "1"), request("b", "1"), request("a", "{]")}, [&](const auto& results) {
        ASSERT_EQ(results.size(), 3U);
        offsets = {results[0]->position.offset.value, results[1]->position.offset.value};
        EXPECT_EQ(results[2].error().code, ErrorCode::InvalidPayload);
      });
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{1, 1}));
}

TEST_F(Driver, APublishFromWithinAnAnswerIsCarriedOutToo) {
  bool second = false;
  driver_->publish({request("a", "1")}, [&](const auto&) {
    driver_->publish({request("a", "2")}, [&](const auto& results) {
      second = true;
      EXPECT_EQ(results[0]->position.offset.value, 2U);
    });
  });
  EXPECT_TRUE(second);
}

TEST_F(Driver, AnEmptyBatchIsAnsweredAtOnce) {
  bool answered = false;
  driver_->publish({}, [&](const auto& results) { answered = results.empty(); });
  EXPECT_TRUE(answered);
}

TEST_F(Driver, ChecksATokenAndGreets) {
  const auto handle = connect();
  driver_->feed(
      [&](relay::RelayShard& shard, Now now) { shard.handle_message(now, handle, hello()); });
  EXPECT_EQ(world_.said, (std::vector<std::string>{"verify abc", "transmit"}));
}

TEST_F(Driver, BearsAConnectionThatBlocksWhileItIsWrittenTo) {
  const auto handle = connect();
  world_.block_next = true;
  driver_->feed(
      [&](relay::RelayShard& shard, Now now) { shard.handle_message(now, handle, hello()); });
  EXPECT_FALSE(world_.block_next);
  EXPECT_EQ(driver_->shard().counters().connections_blocked, 1U);
}

TEST_F(Driver, NamesTheNextDeadlineAndActsOnIt) {
  connect();
  ASSERT_TRUE(world_.deadline.has_value());
  EXPECT_EQ(*world_.deadline, world_.now_.monotonic + config_->hello_timeout);
  world_.now_.monotonic = *world_.deadline;
  driver_->feed([](relay::RelayShard& shard, Now now) { shard.handle_timeout(now); });
  EXPECT_EQ(world_.said.back(), "close 4002");
}

}  // namespace
}  // namespace tidegate::net
