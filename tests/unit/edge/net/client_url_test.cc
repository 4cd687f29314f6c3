// Addresses as people write them.
#include "edge/net/client_url.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

TEST(ClientUrl, ReadsHostPortAndPath) {
  const auto url = parse_client_url("ws://edge.example:8480/relay/v1");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "edge.example");
  EXPECT_EQ(url->port, 8480);
  EXPECT_EQ(url->path, "/relay/v1");
  EXPECT_EQ(url->authority(), "edge.example:8480");
}

TEST(ClientUrl, HasDefaults) {
  const auto url = parse_client_url("ws://localhost/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->path, "/v1/connect");
}

TEST(ClientUrl, ReadsIpv6) {
  const auto url = parse_client_url("ws://[::1]:9000");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 9000);
  EXPECT_EQ(url->authority(), "[::1]:9000");
}

TEST(ClientUrl, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "localhost:8480", "http://x", "wss://x", "ws://", "ws://:80", "ws://x:", "ws://x:0",
        "ws://x:70000", "ws://x:8a", "ws://[::1", "ws://[::1]80"}) {
    const auto url = parse_client_url(bad);
    ASSERT_FALSE(url.ok()) << bad;
    EXPECT_EQ(url.error().code, ErrorCode::BadRequest);
    EXPECT_NE(url.error().message.find(bad), std::string::npos);
  }
}

}  // namespace
}  // namespace tidegate::net
