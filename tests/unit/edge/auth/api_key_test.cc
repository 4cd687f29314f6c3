// Which header is whose key, and what a key may publish on.
#include "edge/auth/api_key.h"

#include <gtest/gtest.h>

namespace tidegate::auth {
namespace {

ApiKey key(std::string name, std::string secret, std::vector<std::string> patterns) {
  std::vector<ChannelPattern> channels;
  for (const std::string& pattern : patterns) {
    channels.push_back(ChannelPattern::parse(pattern).value());
  }
  return ApiKey::make(std::move(name), Secret(std::move(secret)), "default", std::move(channels));
}

ApiKeys keys() {
  return ApiKeys({key("airports", "airports-secret-0001", {"airport:*:departures"}),
                  key("all", "everything-secret-01", {"**"})});
}

TEST(ApiKeys, FindsTheKeyOfABearerHeader) {
  const ApiKeys all = keys();
  ASSERT_TRUE(all.authenticate("Bearer airports-secret-0001").ok());
  EXPECT_EQ(all.authenticate("Bearer airports-secret-0001").value()->name, "airports");
  EXPECT_EQ(all.authenticate("bearer  everything-secret-01").value()->name, "all");
}

TEST(ApiKeys, RefusesEverythingElse) {
  const ApiKeys all = keys();
  for (const char* header : {"", "Bearer", "Bearer ", "Basic airports-secret-0001",
                             "airports-secret-0001", "Bearerairports-secret-0001"}) {
    ASSERT_FALSE(all.authenticate(header).ok()) << header;
    EXPECT_EQ(all.authenticate(header).error().code, ErrorCode::TokenRequired) << header;
  }
  for (const char* header : {"Bearer airports-secret-0002", "Bearer airports-secret-000",
                             "Bearer airports-secret-0001 ", "Bearer AIRPORTS-SECRET-0001"}) {
    ASSERT_FALSE(all.authenticate(header).ok()) << header;
    EXPECT_EQ(all.authenticate(header).error().code, ErrorCode::TokenInvalid) << header;
    EXPECT_EQ(all.authenticate(header).error().message.find("secret-"), std::string::npos);
  }
  EXPECT_FALSE(ApiKeys().authenticate("Bearer airports-secret-0001").ok());
}

TEST(ApiKeys, PublishesOnlyWhereItsPatternsReach) {
  const ApiKeys all = keys();
  const ApiKey& airports = *all.authenticate("Bearer airports-secret-0001").value();
  EXPECT_TRUE(airports.covers(ChannelName::parse("airport:SFO:departures").value()));
  EXPECT_FALSE(airports.covers(ChannelName::parse("airport:SFO:arrivals").value()));
  EXPECT_FALSE(key("none", "no-channel-secret-01", {}).covers(ChannelName::parse("a").value()));
}

}  // namespace
}  // namespace tidegate::auth
