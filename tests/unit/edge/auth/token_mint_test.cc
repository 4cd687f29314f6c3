// What is minted is accepted, and what would not be accepted is not minted.
#include "edge/auth/token_mint.h"

#include <gtest/gtest.h>

#include "edge/auth/jwt_verifier.h"
#include "tests/unit/edge/auth/signed_token.h"

namespace tidegate::auth {
namespace {

using namespace std::chrono_literals;
using test::kNow;

JwtKey key() { return JwtKey::hs256(Secret(std::string(test::kSecret))).value(); }

TokenRequest request() {
  TokenRequest request;
  request.subject = "alice";
  request.grants = {{{"airport:*:departures"}, {"subscribe"}}};
  request.ttl = 15min;
  return request;
}

TEST(TokenMint, TheVerifierAcceptsIt) {
  TokenRequest asked = request();
  asked.tenant = "acme";
  asked.token_id = "id-1";
  asked.issuer = "me";
  asked.audience = "you";
  const auto token = mint_token(key(), asked, kNow);
  ASSERT_TRUE(token.ok()) << token.error().message;
  const auto claims = JwtVerifier({key()}, {"me", "you"}).verify(*token, kNow);
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  EXPECT_EQ((*claims)->tenant, "acme");
  EXPECT_EQ((*claims)->token_id, "id-1");
  EXPECT_TRUE(allows((*claims)->capabilities, Action::Subscribe,
                     ChannelName::parse("airport:JFK:departures").value()));
}

TEST(TokenMint, ItEndsWhenItWasAskedTo) {
  const auto token = mint_token(key(), request(), kNow);
  const JwtVerifier verifier({key()}, JwtPolicy{"", "", 0s});
  EXPECT_TRUE(verifier.verify(*token, kNow + 899s).ok());
  EXPECT_EQ(verifier.verify(*token, kNow + 900s).error().code, ErrorCode::TokenExpired);
}

TEST(TokenMint, RefusesWhatNoRelayWouldAccept) {
  const auto refused = [](auto change, const char* words) {
    TokenRequest asked = request();
    change(asked);
    const auto token = mint_token(key(), asked, kNow);
    ASSERT_FALSE(token.ok()) << words;
    EXPECT_EQ(token.error().code, ErrorCode::BadRequest);
    EXPECT_NE(token.error().message.find(words), std::string::npos) << token.error().message;
  };
  refused([](TokenRequest& asked) { asked.subject.clear(); }, "sub");
  refused([](TokenRequest& asked) { asked.tenant = "a b"; }, "tenant");
  refused([](TokenRequest& asked) { asked.ttl = 0s; }, "ttl");
  refused([](TokenRequest& asked) { asked.ttl = 999ms; }, "ttl");
  refused([](TokenRequest& asked) { asked.grants[0].channels = {"a::b"}; }, "bad pattern");
  refused([](TokenRequest& asked) { asked.grants[0].allow = {"write"}; }, "unknown action");
  refused([](TokenRequest& asked) { asked.subject = "\xFF"; }, "");
  refused(
      [](TokenRequest& asked) {
        asked.grants.assign(
            200, TokenGrant{{"a-long-channel-name:*:that-fills-the-token"}, {"subscribe"}});
      },
      "fewer patterns");
}

}  // namespace
}  // namespace tidegate::auth
