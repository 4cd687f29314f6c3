// Development mode: loopback or nothing, and what it opens.
#include "edge/app/dev_mode.h"

#include <gtest/gtest.h>

#include "edge/auth/jwt_verifier.h"

namespace tidegate::app {
namespace {

constexpr WallTime kNow = wall_from_ms(1'767'225'600'000);

TEST(DevMode, Loopback) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "", "10.0.0.1", "127.0.0.1.evil.example",
                           "localhost.evil", "example.org", "128.0.0.1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(DevMode, LoopbackOrigins) {
  for (const char* origin :
       {"http://localhost:5173", "http://127.0.0.1", "https://localhost", "http://[::1]:80"}) {
    EXPECT_TRUE(is_loopback_origin(origin)) << origin;
  }
  for (const char* origin : {"", "null", "http://localhost.evil.example", "http://evil.example:80",
                             "ftp://localhost", "localhost", "http://", "http://[::1",
                             "http://[::1]evil", "http://127.0.0.1@evil.example"}) {
    EXPECT_FALSE(is_loopback_origin(origin)) << origin;
  }
}

TEST(DevMode, RefusesAnOpenHost) {
  Config config;
  config.server.host = "0.0.0.0";
  const auto entered = enter_dev_mode({}, config);
  ASSERT_FALSE(entered.ok());
  EXPECT_NE(entered.error().message.find("0.0.0.0"), std::string::npos);
}

TEST(DevMode, OpensWhatIsNotConfigured) {
  Config config;
  const auto entered = enter_dev_mode({}, config);
  ASSERT_TRUE(entered.ok());
  ASSERT_EQ(config.relay.namespaces.size(), 4U);
  EXPECT_EQ(config.relay.namespaces[0].pattern.text(), "airport:{code}:departures");
  EXPECT_EQ(config.relay.namespaces[1].kind, ChannelKind::State);
  EXPECT_EQ(config.relay.namespaces[2].kind, ChannelKind::Signal);
  EXPECT_EQ(config.relay.namespaces[3].pattern.text(), "**");
  ASSERT_EQ(config.api_keys.size(), 1U);
  EXPECT_EQ(config.api_keys[0].secret.reveal(), entered->key.reveal());
  EXPECT_GE(config.auth.hs256_secret.size(), 32U);
  Config other;
  EXPECT_NE(enter_dev_mode({}, other)->key.reveal(), entered->key.reveal());
}

TEST(DevMode, KeepsTheRulesThatAreConfigured) {
  Config config;
  relay::Namespace rules;
  rules.pattern = ChannelPattern::parse("only:this").value();
  config.relay.namespaces = {rules};
  ASSERT_TRUE(enter_dev_mode({}, config).ok());
  ASSERT_EQ(config.relay.namespaces.size(), 1U);
}

TEST(DevMode, AGivenSecretMakesTokensOutliveARestart) {
  const DevOptions options{"dev-secret-that-stays-the-same-0000", "dev-key-that-stays"};
  Config before;
  Config after;
  ASSERT_TRUE(enter_dev_mode(options, before).ok());
  ASSERT_TRUE(enter_dev_mode(options, after).ok());
  const auto token =
      dev_token(auth::JwtKey::hs256(before.auth.hs256_secret).value(), before.auth, kNow);
  ASSERT_TRUE(token.ok()) << token.error().message;
  const auth::JwtVerifier verifier({auth::JwtKey::hs256(after.auth.hs256_secret).value()}, {});
  const auto claims = verifier.verify(*token, kNow);
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  const ChannelName channel = ChannelName::parse("any:channel:at:all").value();
  EXPECT_TRUE(allows((*claims)->capabilities, Action::Subscribe, channel));
  EXPECT_TRUE(allows((*claims)->capabilities, Action::Publish, channel));
}

TEST(DevMode, GivenSecretsAreLongEnough) {
  Config config;
  EXPECT_FALSE(enter_dev_mode({std::string(31, 's'), ""}, config).ok());
  EXPECT_FALSE(enter_dev_mode({"", std::string(15, 'k')}, config).ok());
  EXPECT_TRUE(enter_dev_mode({std::string(32, 's'), std::string(16, 'k')}, config).ok());
}

}  // namespace
}  // namespace tidegate::app
