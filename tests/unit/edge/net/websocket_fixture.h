// The relay that raw clients of our protocol are let loose on.
#pragma once

#include <string>

#include "tests/unit/edge/net/frame_client.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {

class WebSocket : public RelayTest {
 protected:
  WebSocket() : RelayTest(Others::Bystander) {}
  void expect_refused(FrameClient& client, const std::optional<RawResponse>& response, int status,
                      std::string_view word) {
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, status);
    EXPECT_NE(response->body.find(word), std::string::npos) << response->body;
    EXPECT_TRUE(client.drain_until_closed());
    expect_alive();
  }
  void open(FrameClient& client) {
    const auto response = client.upgrade();
    ASSERT_TRUE(response.has_value());
    ASSERT_EQ(response->status, 101);
    EXPECT_EQ(response->headers.at("sec-websocket-protocol"), "tidegate.v1");
    EXPECT_EQ(response->headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }
  void open_and_greet(FrameClient& client) {
    open(client);
    ASSERT_TRUE(client.send_frame(kOpBinary, hello()));
    ASSERT_TRUE(client.await<WelcomeFrame>().has_value());
  }
};

}  // namespace tidegate::net::test
