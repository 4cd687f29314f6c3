// Reading the configuration anew: all or nothing, what waits for a restart, and what is said.
#include "edge/app/config_reload.h"

#include <gtest/gtest.h>

#include <utility>

namespace tidegate::app {
namespace {

relay::Namespace rules(std::string_view pattern, ChannelKind kind = ChannelKind::Log) {
  relay::Namespace made;
  made.pattern = *ChannelPattern::parse(pattern);
  made.kind = kind;
  return made;
}

/// What a listener for TLS will be: certificates are read and checked first, and taken afterwards.
class FakeCertificates final : public ReloadPart {
 public:
  explicit FakeCertificates(std::string& in_use) : in_use_(in_use) {}
  Result<std::function<void()>> prepare(const Config&) override {
    if (!readable) {
      return Error{ErrorCode::BadRequest, "edge.pem: the certificate has no key that fits", 0};
    }
    return std::function<void()>([this] { in_use_ = on_disk; });
  }

  std::string on_disk = "second";
  bool readable = true;

 private:
  std::string& in_use_;
};

class CountingPart final : public ReloadPart {
 public:
  explicit CountingPart(std::vector<Config>& taken) : taken_(taken) {}
  Result<std::function<void()>> prepare(const Config& config) override {
    return std::function<void()>([this, config] { taken_.push_back(config); });
  }

 private:
  std::vector<Config>& taken_;
};

class ConfigReloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    next_.config.relay.namespaces = {rules("a:*")};
    auto certificates = std::make_unique<FakeCertificates>(certificate_);
    certificates_ = certificates.get();
    std::vector<std::unique_ptr<ReloadPart>> parts;
    parts.push_back(std::make_unique<CountingPart>(taken_));
    parts.push_back(std::move(certificates));
    reload_ = std::make_unique<ConfigReload>(
        next_.config, [this] { return next_; }, std::move(parts), log_, counters_);
  }
  /// What the log said meanwhile.
  std::string reload() {
    testing::internal::CaptureStderr();
    reload_->reload();
    return testing::internal::GetCapturedStderr();
  }
  void expect_refused(const std::string& said, const std::string& words) {
    EXPECT_NE(said.find(words), std::string::npos) << said;
    EXPECT_NE(said.find("the configuration stays as it was"), std::string::npos) << said;
    EXPECT_EQ(counters_->applied, 0U);
    EXPECT_EQ(counters_->refused, 1U);
    EXPECT_TRUE(taken_.empty());
    EXPECT_EQ(certificate_, "first");
  }

  Log log_{LogSettings{}};
  std::shared_ptr<ReloadCounters> counters_ = std::make_shared<ReloadCounters>();
  LoadedConfig next_;
  std::vector<Config> taken_;
  std::string certificate_ = "first";
  FakeCertificates* certificates_ = nullptr;
  std::unique_ptr<ConfigReload> reload_;
};

TEST_F(ConfigReloadTest, AllPartsTakeWhatIsNew) {
  next_.config.relay.namespaces.front().history.count = 7;
  EXPECT_NE(reload().find("is in force"), std::string::npos);
  ASSERT_EQ(taken_.size(), 1U);
  EXPECT_EQ(taken_.front().relay.namespaces.front().history.count, 7U);
  EXPECT_EQ(certificate_, "second");
  EXPECT_EQ(reload_->running().relay.namespaces.front().history.count, 7U);
  EXPECT_EQ(counters_->applied, 1U);
  EXPECT_EQ(counters_->refused, 0U);
}

TEST_F(ConfigReloadTest, ABrokenFileChangesNothingAndEachErrorIsSaid) {
  next_.problems = {{"relay.toml:3:1", "server.prot: unknown key"}, {"relay.toml:9:2", "x"}};
  const std::string said = reload();
  EXPECT_NE(said.find("relay.toml:3:1: server.prot: unknown key"), std::string::npos) << said;
  expect_refused(said, "relay.toml:9:2: x");
}

TEST_F(ConfigReloadTest, OnePartThatCannotKeepsAllOthersAsTheyWere) {
  certificates_->readable = false;
  expect_refused(reload(), "edge.pem: the certificate has no key that fits");
  certificates_->readable = true;
  reload();
  EXPECT_EQ(certificate_, "second");
}

TEST_F(ConfigReloadTest, WhatWaitsForARestartIsNamedAndTheRestIsTaken) {
  next_.config.server.port = 1;
  next_.config.server.workers = 9;
  next_.config.store.type = StoreType::Sqlite;
  next_.config.relay.heartbeat_interval = std::chrono::seconds(1);
  next_.config.server.drain_window = std::chrono::seconds(3);
  const std::string said = reload();
  EXPECT_NE(said.find("restart the relay to change server.port, server.workers, store.type, "
                      "limits.heartbeat_interval"),
            std::string::npos)
      << said;
  ASSERT_EQ(taken_.size(), 1U);
  EXPECT_EQ(taken_.front().server.port, Config{}.server.port);
  EXPECT_EQ(taken_.front().store.type, StoreType::Memory);
  EXPECT_EQ(taken_.front().server.drain_window, std::chrono::seconds(3));
  EXPECT_EQ(reload_->running().server.workers, Config{}.server.workers);
}

TEST_F(ConfigReloadTest, AChannelKeepsItsKind) {
  next_.config.relay.namespaces = {rules("a:*", ChannelKind::State)};
  expect_refused(reload(), "channels a:* would become state");
}

TEST_F(ConfigReloadTest, AChannelKeepsItsKindAlsoWhenNobodySpokeOfItMeanwhile) {
  next_.config.relay.namespaces = {rules("b:*")};
  EXPECT_NE(reload().find("is in force"), std::string::npos);
  next_.config.relay.namespaces = {rules("a:{x}", ChannelKind::Signal)};
  EXPECT_NE(reload().find("channels a:* would become signal"), std::string::npos);
  EXPECT_EQ(counters_->refused, 1U);
}

TEST(KindChanges, AreThoseThatNoNamespaceBeforePrevents) {
  const auto changes = [](std::vector<relay::Namespace> running,
                          std::vector<relay::Namespace> next) {
    relay::RelayConfig before;
    before.namespaces = std::move(running);
    relay::RelayConfig after;
    after.namespaces = std::move(next);
    return relay::kind_changes(before, after).size();
  };
  const auto state = ChannelKind::State;
  EXPECT_EQ(changes({rules("a:*"), rules("**", state)}, {rules("a:*"), rules("**", state)}), 0U);
  EXPECT_EQ(changes({rules("a:*"), rules("**", state)}, {rules("**", state), rules("a:*")}), 1U);
  EXPECT_EQ(changes({rules("a:*"), rules("**", state)}, {rules("**", state)}), 1U);
  EXPECT_EQ(changes({rules("a:*")}, {rules("b:*", state)}), 0U);
  EXPECT_EQ(changes({rules("a:**")}, {rules("a:b", state), rules("a:**")}), 1U);
  EXPECT_EQ(changes({rules("a:b", state), rules("a:**")}, {rules("a:b", state)}), 0U);
}

}  // namespace
}  // namespace tidegate::app
