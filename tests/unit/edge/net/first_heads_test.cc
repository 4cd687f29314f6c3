// Sockets that have not said all of their first request's head: what is read of them and what is
// left, who is closed, and that waiting costs nothing.
#include "edge/net/first_heads.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "core/base/limits.h"
#include "edge/net/listener.h"
#include "edge/net/uv_loop.h"
#include "tests/unit/edge/net/raw_client.h"

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;
using test::RawClient;

TEST(FirstHead, EndsWithItsEmptyLine) {
  EXPECT_EQ(head_bytes(""), 0U);
  EXPECT_EQ(head_bytes("GET / HTTP/1.1\r\nHost: x\r\n"), 0U);
  EXPECT_EQ(head_bytes("GET / HTTP/1.1\r\n\r"), 0U);
  EXPECT_EQ(head_bytes("GET / HTTP/1.1\r\n\r\n"), 18U);
  EXPECT_EQ(head_bytes("GET / HTTP/1.1\r\n\r\nmore\r\n\r\n"), 18U);
}

TEST(FirstHead, AsksForAnUpgradeByTheNameOfALine) {
  EXPECT_TRUE(asks_for_upgrade("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_TRUE(asks_for_upgrade("GET / HTTP/1.1\r\nHost: x\r\nuPGRADE:h2c\r\n\r\n"));
  EXPECT_FALSE(asks_for_upgrade("GET / HTTP/1.1\r\nConnection: Upgrade:\r\n\r\n"));
  EXPECT_FALSE(asks_for_upgrade("GET /upgrade: HTTP/1.1\r\nX-Upgrade: x\r\n\r\n"));
  EXPECT_FALSE(asks_for_upgrade("GET / HTTP/1.1\r\nUpgrade\r\n\r\n"));
}

class FirstHeadsTest : public ::testing::Test {
 protected:
  void start(Duration deadline = 10s) {
    auto sockets = open_listening_sockets("127.0.0.1", 0, 1);
    ASSERT_TRUE(sockets.ok());
    port_ = sockets->front().port;
    listener_ = std::make_unique<Listener>(
        loop_.get(), sockets->front().fd, [this](int fd) { heads_->add(fd); }, [] {});
    heads_ = std::make_unique<FirstHeads>(
        loop_.get(), deadline,
        [this](int fd, std::string_view head) {
          fd_ = fd;
          head_ = head;
        },
        [this] { ++closed_; });
    listener_->start();
  }
  void TearDown() override {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  template <typename Condition>
  void run_until(Condition&& holds) {
    while (!holds()) {
      uv_run(loop_.get(), UV_RUN_ONCE);
    }
  }
  /// Runs until the loop has nothing more to do at once.
  int turns_until_quiet() {
    int turns = 0;
    do {
      uv_run(loop_.get(), UV_RUN_NOWAIT);
    } while (++turns < 1000 && has_more_to_do());
    return turns;
  }
  bool has_more_to_do() {
    pollfd watched{uv_backend_fd(loop_.get()), POLLIN, 0};
    return uv_backend_timeout(loop_.get()) == 0 || poll(&watched, 1, 0) > 0;
  }
  bool is_ready() const { return fd_ >= 0; }
  std::string rest() const {
    char bytes[65536];
    const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : "";
  }

  UvLoop loop_;
  std::uint16_t port_ = 0;
  int fd_ = -1;
  std::string head_;
  int closed_ = 0;
  std::unique_ptr<FirstHeads> heads_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(FirstHeadsTest, OfAnUpgradeTheHeadIsReadAndNotOneByteMore) {
  start();
  RawClient client(port_);
  const std::string upgrade = test::upgrade_request();
  ASSERT_TRUE(client.send(upgrade + "and more"));
  run_until([this] { return is_ready(); });
  EXPECT_EQ(head_, upgrade);
  EXPECT_EQ(rest(), "and more");
}

TEST_F(FirstHeadsTest, AnyOtherRequestStaysInTheSocket) {
  start();
  RawClient client(port_);
  const std::string request = "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
  ASSERT_TRUE(client.send(request));
  run_until([this] { return is_ready(); });
  EXPECT_EQ(head_, "");
  EXPECT_EQ(rest(), request);
}

TEST_F(FirstHeadsTest, AHeadThatComesByteByByteIsWaitedForWithoutSpinning) {
  start();
  RawClient client(port_);
  const std::string upgrade = test::upgrade_request();
  for (const char byte : upgrade) {
    ASSERT_FALSE(is_ready());
    ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
    EXPECT_LT(turns_until_quiet(), 10);
  }
  run_until([this] { return is_ready(); });
  EXPECT_EQ(head_, upgrade);
  int wanted = 0;
  socklen_t size = sizeof wanted;
  getsockopt(fd_, SOL_SOCKET, SO_RCVLOWAT, &wanted, &size);
  EXPECT_EQ(wanted, 1) << "or whoever reads it next would not be woken";
}

TEST_F(FirstHeadsTest, WhatNeverBecomesAHeadIsHandedOverAsItIs) {
  start();
  for (const std::string& words :
       {std::string("\r\n\r\n"), std::string("\x16\x03\x01"), std::string("get / http"),
        "GET / HTTP/1.1\r\n" + std::string(2 * limits::http_header_bytes_max, 'x')}) {
    RawClient client(port_);
    ASSERT_TRUE(client.send(words));
    run_until([this] { return is_ready(); });
    EXPECT_EQ(head_, "");
    EXPECT_EQ(rest(), words);
    close(std::exchange(fd_, -1));
  }
}

TEST_F(FirstHeadsTest, WhoEndsInTheMiddleIsHandedOverAndWhoSaysNothingIsClosed) {
  start();
  RawClient half(port_);
  ASSERT_TRUE(half.send("GET / HT"));
  EXPECT_LT(turns_until_quiet(), 10);
  half.send_end();
  run_until([this] { return is_ready(); });
  EXPECT_EQ(rest(), "GET / HT");
  EXPECT_EQ(closed_, 0);
  RawClient silent(port_);
  silent.send_end();
  run_until([this] { return closed_ == 1; });
  EXPECT_TRUE(silent.closed_without_words());
}

TEST_F(FirstHeadsTest, WhoResetsInTheMiddleGivesItsPlaceBackAtOnce) {
  start(1h);
  for (const char* words : {"GET / HT", ""}) {
    RawClient client(port_);
    ASSERT_TRUE(client.send(words));
    turns_until_quiet();
    client.reset();
    run_until([this] { return closed_ > 0 || is_ready(); });
    EXPECT_EQ(std::exchange(closed_, 0), 1) << "not when its deadline comes";
  }
}

TEST_F(FirstHeadsTest, EachHasItsOwnDeadline) {
  start(50ms);
  RawClient first(port_);
  ASSERT_TRUE(first.send("GET / HTTP/1.1\r\n"));
  run_until([this] { return closed_ == 1; });
  EXPECT_TRUE(first.closed_without_words());
  RawClient second(port_);
  run_until([this] { return closed_ == 2; });
  EXPECT_TRUE(second.closed_without_words());
}

TEST_F(FirstHeadsTest, ADrainServesWhoHasSaidItAllAndClosesTheOthers) {
  start();
  RawClient silent(port_);
  RawClient half(port_);
  ASSERT_TRUE(half.send("GET / HTTP/1.1\r\n"));
  RawClient whole(port_);
  ASSERT_TRUE(whole.send("GET / HTTP/1.1\r\n\r\n"));
  listener_->stop();  // takes all three
  heads_->drain();
  EXPECT_EQ(closed_, 2);
  ASSERT_TRUE(is_ready());
  EXPECT_EQ(rest(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(half.closed_without_words());
}

}  // namespace
}  // namespace tidegate::net
