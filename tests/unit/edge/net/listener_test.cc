// Listening sockets: sharing a port among workers, finding it taken, running out of descriptors.
#include "edge/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "core/base/limits.h"
#include "edge/net/uv_loop.h"
#include "tests/unit/edge/net/raw_client.h"

namespace tidegate::net {
namespace {

using test::RawClient;

TEST(ListeningSockets, ShareAFreePort) {
  const auto sockets = open_listening_sockets("127.0.0.1", 0, 3);
  ASSERT_TRUE(sockets.ok()) << sockets.error().message;
  ASSERT_EQ(sockets->size(), 3U);
  EXPECT_NE((*sockets)[0].port, 0);
  for (const ListeningSocket& socket : *sockets) {
    EXPECT_EQ(socket.port, sockets->front().port);
    close(socket.fd);
  }
}

TEST(ListeningSockets, RefuseAPortThatAnotherRelayHas) {
  const auto first = open_listening_sockets("127.0.0.1", 0, 1);
  ASSERT_TRUE(first.ok());
  const std::uint16_t port = first->front().port;
  const auto second = open_listening_sockets("127.0.0.1", port, 1);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::Unavailable);
  EXPECT_NE(second.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_NE(second.error().message.find("choose another port"), std::string::npos);
  close(first->front().fd);
  const auto third = open_listening_sockets("127.0.0.1", port, 2);
  ASSERT_TRUE(third.ok()) << "free again";
  for (const ListeningSocket& socket : *third) {
    close(socket.fd);
  }
}

TEST(ListeningSockets, RefuseAHostThatIsNotOurs) {
  const auto sockets = open_listening_sockets("192.0.2.1", 0, 1);  // TEST-NET-1
  ASSERT_FALSE(sockets.ok());
  EXPECT_EQ(sockets.error().code, ErrorCode::Unavailable);
}

/// Takes every descriptor the process may have, and gives them back.
class DescriptorFamine {
 public:
  DescriptorFamine() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &low);
    for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY)) {
      taken_.push_back(fd);
    }
  }
  ~DescriptorFamine() {
    for (const int fd : taken_) {
      close(fd);
    }
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  void give_one_back() {
    close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(Listener, WithoutADescriptorLeftDropsTheConnectionAndGoesOnAfterwards) {
  const auto sockets = open_listening_sockets("127.0.0.1", 0, 1);
  ASSERT_TRUE(sockets.ok());
  UvLoop loop;
  int accepted = 0;
  int starved = 0;
  Listener listener(
      loop.get(), sockets->front().fd,
      [&](int fd) {
        ++accepted;
        close(fd);
      },
      [&] { ++starved; });
  listener.start();
  {
    DescriptorFamine famine;
    famine.give_one_back();
    RawClient client(sockets->front().port);  // takes the one that is left
    ASSERT_TRUE(client.connected());
    while (starved == 0) {
      uv_run(loop.get(), UV_RUN_ONCE);
    }
    EXPECT_EQ(accepted, 0);
    EXPECT_TRUE(client.closed_without_words()) << "the client must not be left hanging";
    EXPECT_EQ(uv_run(loop.get(), UV_RUN_NOWAIT), 1);
    EXPECT_EQ(starved, 1) << "and the loop does not spin on it";
  }
  RawClient client(sockets->front().port);
  while (accepted == 0) {
    uv_run(loop.get(), UV_RUN_ONCE);
  }
  EXPECT_EQ(starved, 1);
}

/// What the kernel holds of a socket beyond what is under way, in bytes.
int unsent(int fd) {
  int bytes = 0;
  ioctl(fd, SIOCOUTQNSD, &bytes);
  return bytes;
}

TEST(Listener, OfWhatAPeerDoesNotReadLittleStaysInTheSocket) {
  constexpr int kChunk = 4096;
  const auto sockets = open_listening_sockets("127.0.0.1", 0, 1);
  ASSERT_TRUE(sockets.ok());
  UvLoop loop;
  int accepted = -1;
  Listener listener(
      loop.get(), sockets->front().fd, [&](int fd) { accepted = fd; }, [] {});
  listener.start();
  RawClient client(sockets->front().port, kChunk);
  while (accepted < 0) {
    uv_run(loop.get(), UV_RUN_ONCE);
  }
  const std::string chunk(kChunk, 'x');
  while (send(accepted, chunk.data(), chunk.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_LE(unsent(accepted), limits::socket_unsent_bytes_max + kChunk);
  EXPECT_GT(unsent(accepted), 0);
  close(accepted);
}

TEST(Listener, TakesWhatIsQueuedBeforeItStops) {
  const auto sockets = open_listening_sockets("127.0.0.1", 0, 1);
  ASSERT_TRUE(sockets.ok());
  UvLoop loop;
  int accepted = 0;
  Listener listener(
      loop.get(), sockets->front().fd,
      [&](int fd) {
        ++accepted;
        close(fd);
      },
      [] {});
  listener.start();
  RawClient one(sockets->front().port);
  RawClient two(sockets->front().port);
  listener.stop();
  EXPECT_EQ(accepted, 2);
  EXPECT_FALSE(RawClient(sockets->front().port).connected());
}

}  // namespace
}  // namespace tidegate::net
