// Mailboxes between threads. Run under ThreadSanitizer too (preset tsan): the threads here are
// real.
#include "edge/net/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "edge/net/uv_loop.h"

namespace tidegate::net {
namespace {

constexpr std::uint16_t kSenders = 3;
constexpr std::uint32_t kLettersEach = 20'000;

Letter numbered(std::uint16_t from, std::uint32_t number) {
  return ShardLetter{from, relay::MirrorClose{nullptr, number}};
}

/// A loop that collects letters until it has seen all of them, and checks each sender's order.
struct Receiver {
  Mailbox mailbox;
  uv_async_t wake{};
  UvLoop loop;
  std::array<std::uint32_t, kSenders> next{};
  std::uint64_t received = 0;
  bool in_order = true;

  Receiver() {
    uv_async_init(loop.get(), &wake,
                  [](uv_async_t* handle) { static_cast<Receiver*>(handle->data)->collect(); });
    wake.data = this;
    mailbox.open(&wake);
  }

  void collect() {
    std::vector<Letter> letters;
    mailbox.collect(letters);
    for (const Letter& letter : letters) {
      const auto& one = std::get<ShardLetter>(letter);
      const auto number = std::get<relay::MirrorClose>(one.message).generation;
      in_order = in_order && number == next[one.from]++;
      ++received;
    }
    if (received == std::uint64_t{kSenders} * kLettersEach) {
      uv_stop(loop.get());
    }
  }
};

TEST(Mailbox, KeepsTheOrderOfEverySenderAndLosesNothing) {
  Receiver receiver;
  std::vector<std::thread> senders;
  for (std::uint16_t from = 0; from < kSenders; ++from) {
    senders.emplace_back([&receiver, from] {
      std::vector<Letter> letters;
      for (std::uint32_t number = 0; number < kLettersEach; ++number) {
        letters.push_back(numbered(from, number));
        if (number % (1 + from * 7U) == 0) {  // batches of different sizes
          receiver.mailbox.post(letters);
        }
      }
      receiver.mailbox.post(letters);
    });
  }
  uv_run(receiver.loop.get(), UV_RUN_DEFAULT);
  for (std::thread& sender : senders) {
    sender.join();
  }
  EXPECT_EQ(receiver.received, std::uint64_t{kSenders} * kLettersEach);
  EXPECT_TRUE(receiver.in_order);
  receiver.mailbox.close();
}

TEST(Mailbox, DropsWhatComesAfterItsEnd) {
  Receiver receiver;
  receiver.mailbox.close();
  std::vector<Letter> letters{numbered(0, 0)};
  receiver.mailbox.post(letters);
  EXPECT_TRUE(letters.empty());
  receiver.mailbox.collect(letters);
  EXPECT_TRUE(letters.empty());
}

}  // namespace
}  // namespace tidegate::net
