// The session as a whole: one round trip to recover everything, batching, determinism, no
// allocation on the hot path, and a relay that says anything at any time.
#include "core/client/client_session.h"

#include <gtest/gtest.h>

#include "core/base/prng.h"
#include "tests/unit/core/client/allocation_counter.h"
#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

using Offsets = std::vector<std::uint64_t>;

TEST(ClientSessionTest, RecoveryIsOneRoundTripForAllChannelsAndPublishes) {
  ClientShell shell;
  shell.go_live();
  std::vector<SubscriptionId> ids;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::string name = "airport:" + std::to_string(i);
    ids.push_back(shell.subscribe(name));
    shell.answer_live(name, 100 + i, at("e", 10 * i));
  }
  ASSERT_TRUE(shell.publish("airport:0", "7").ok());
  shell.close();
  shell.advance(1s);
  shell.forget();
  shell.open();
  ASSERT_EQ(shell.sent.size(), 1U);
  const auto asked = shell.frames<SubscribeFrame>();
  ASSERT_EQ(asked.size(), 20U);
  RelayMessage answer;
  answer.welcome();
  for (std::uint32_t i = 0; i < 20; ++i) {
    ASSERT_EQ(asked[i].since, at("e", 10 * i));
    answer.subscribed(asked[i].request, 200 + i, asked[i].channel.view(),
                      SubscribeOutcome::Recovered, *asked[i].since, 10 * i + 1);
    answer.block(200 + i, 10 * i, 10 * i + 1, {10 * i + 1});
  }
  shell.receive(answer);
  EXPECT_EQ(shell.rows.size(), 20U);
  EXPECT_EQ(shell.events_of<SubscriptionLive>().size(), 20U);
  EXPECT_EQ(shell.frames<PublishFrame>().size(), 1U);
  EXPECT_EQ(shell.session.state(), ClientState::Live);
}

TEST(ClientSessionTest, CommandsOfOneTurnLeaveAsOneMessage) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  ASSERT_TRUE(shell.session.subscribe(shell.now, channel("a"), {}).ok());
  ASSERT_TRUE(shell.session.subscribe(shell.now, channel("b"), {}).ok());
  PublicationDraft draft;
  draft.payload = Bytes{'1'};
  ASSERT_TRUE(shell.session.publish(shell.now, channel("a"), draft).ok());
  shell.poll();
  EXPECT_EQ(shell.sent.size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 2U);
  EXPECT_EQ(shell.frames<PublishFrame>().size(), 1U);
}

TEST(ClientSessionTest, ABatchDelayCollectsTurnsButNeverDelaysTheHello) {
  ClientOptions options = ClientShell::default_options();
  options.batch_delay = 20ms;
  ClientShell shell(options);
  shell.connect();
  shell.open();
  EXPECT_EQ(shell.sent.size(), 1U);
  shell.receive(RelayMessage().welcome());
  shell.forget();
  shell.subscribe("a");
  shell.advance(10ms);
  shell.subscribe("b");
  EXPECT_TRUE(shell.sent.empty());
  shell.advance(10ms);
  ASSERT_EQ(shell.sent.size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 2U);
}

TEST(ClientSessionTest, NothingOfALostConnectionIsSentOnTheNext) {
  ClientShell shell;
  shell.go_live();
  ASSERT_TRUE(shell.session.subscribe(shell.now, channel("a"), {}).ok());  // not polled
  shell.session.handle_close(shell.now, shell.connection, 1006, "");
  EXPECT_FALSE(shell.session.poll_transmit(shell.now));
  shell.poll();
  shell.advance(1s);
  shell.forget();
  shell.open();
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
}

TEST(ClientSessionTest, LongLabelsAreCutAtACharacter) {
  ClientOptions options;
  options.client = std::string(limits::client_label_bytes_max - 1, 'a') + "\xC3\xA9";
  options.session_id = std::string(2 * limits::session_id_bytes_max, 's');
  ClientShell shell(options);
  shell.connect();
  shell.open();  // the shell decodes what was sent, as a relay does
  ASSERT_EQ(shell.frames<HelloFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<HelloFrame>()[0].client.size(), limits::client_label_bytes_max - 1);
  EXPECT_EQ(shell.frames<HelloFrame>()[0].session_id.size(), limits::session_id_bytes_max);
}

TEST(ClientSessionTest, TheHotPathAllocatesNothing) {
  ClientShell shell;
  shell.connect();
  shell.open();
  shell.receive(RelayMessage().welcome());
  for (std::uint32_t i = 0; i < 8; ++i) {
    const std::string name = "c:" + std::to_string(i);
    shell.subscribe(name);
    shell.answer_live(name, 10 + i, at("e", 0));
  }
  std::vector<Bytes> messages;
  for (std::uint64_t top = 0; top < 200; top += 4) {
    RelayMessage message;
    for (std::uint32_t i = 0; i < 8; ++i) {
      message.block(10 + i, top, top + 4, {top + 1, top + 2, top + 3, top + 4},
                    i % 2 == 0 ? "even" : "odd");
    }
    messages.push_back(message.bytes());
  }
  std::size_t rows = 0;
  std::size_t warm = 0;  // allocations made before the steady state
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i == 5) warm = allocation_count();
    shell.session.handle_message(shell.now, shell.connection, messages[i]);
    while (auto event = shell.session.poll_event()) {
      if (const auto* delivered = std::get_if<RowsDelivered>(&*event)) {
        rows += delivered->row_count;
      }
    }
  }
  EXPECT_EQ(allocation_count() - warm, 0U);
  EXPECT_EQ(rows, messages.size() * 32);
}

// ---- a relay that says anything

/// Drives one session by a seeded script of commands, faults and well-formed frames with random
/// ids, and keeps everything that came out. What must hold whatever the relay says is checked on
/// the way.
class RandomScript {
 public:
  explicit RandomScript(std::uint64_t seed) : prng_(seed), shell_(options(seed)) {
    for (int step = 0; step < 400; ++step) {
      act();
      check();
    }
    shell_.call([&] { shell_.session.disconnect(shell_.now); });
    shell_.advance(1h);
    EXPECT_FALSE(shell_.session.poll_timeout()) << "nothing is waited for after a disconnect";
    EXPECT_EQ(shell_.session.outbox_size(), 0U) << "every publish ends";
  }

  std::vector<Bytes> sent;
  std::size_t event_count = 0;
  Offsets offsets;

 private:
  static ClientOptions options(std::uint64_t seed) {
    ClientOptions options = ClientShell::default_options();
    options.seed = seed;
    options.fetch_token = seed % 3 == 0;
    options.unsubscribe_linger = seed % 2 == 0 ? 0ms : 50ms;
    return options;
  }
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>(prng_.below(bound));
  }
  std::string name() { return "c:" + std::to_string(below(3)); }

  void act() {
    if (shell_.session.state() != ClientState::Live && below(2) == 0) {
      return help();
    }
    switch (below(16)) {
      case 0:
        return subscribe(name());
      case 1:
        if (!held_.empty()) {
          const SubscriptionId id = held_[below(held_.size())];
          shell_.call([&] { (void)shell_.session.unsubscribe(shell_.now, id); });
        }
        return;
      case 2:
        (void)shell_.publish(name());
        return;
      case 3:
        return shell_.advance(std::chrono::milliseconds(below(4'000)));
      case 4:
        return fault();
      default:
        return shell_.receive(relay_words());
    }
  }

  void subscribe(const std::string& about) {
    held_.push_back(shell_.subscribe(about));
    ids_[about] = held_.back();
  }

  /// What a well-meaning world does to bring the session to life.
  void help() {
    shell_.connect();
    shell_.advance(std::chrono::milliseconds(below(2'000)));
    shell_.call([&] { shell_.session.handle_token(shell_.now, shell_.fetch - below(2), "t"); });
    shell_.open();
    shell_.receive(RelayMessage().welcome());
  }

  void fault() {
    switch (below(8)) {
      case 0:
        return shell_.close();
      case 1:
        return shell_.call([&] { shell_.session.handle_network(shell_.now, false); });
      case 2:
        return shell_.receive(RelayMessage().welcome());
      case 3:
        return shell_.open();
      case 4:
        return shell_.call([&] { shell_.session.handle_resume(shell_.now); });
      default:
        return shell_.call([&] { shell_.session.handle_network(shell_.now, true); });
    }
  }

  RelayMessage relay_words() {
    RelayMessage message;
    for (std::uint32_t frames = 1 + below(4); frames > 0; --frames) {
      add_frame(message);
    }
    return message;
  }

  void add_frame(RelayMessage& message) {
    const std::string about = name();
    switch (below(20)) {
      case 0:
      case 1:
      case 2: {
        const bool recovered = below(12) == 0;
        const RequestId request =
            below(6) == 0 ? RequestId{below(40)} : shell_.latest_subscribe(about);
        message.subscribed(request, stream_of(about), about,
                           recovered ? SubscribeOutcome::Recovered : SubscribeOutcome::Snapshot,
                           at(below(8) == 0 ? "f" : "e", below(10)), below(24));
        return;
      }
      case 3:
        message.add(UnsubscribedFrame{RequestId{below(3)}, StreamId{stream_of(about)},
                                      static_cast<std::uint16_t>(2000 + 501 * below(2)), ""});
        return;
      case 4:
        message.add(RefusedFrame{
            RequestId{1 + below(60)},
            Error{below(6) == 0 ? ErrorCode::TokenExpired : ErrorCode::Busy, "", below(900)}});
        return;
      case 5:
        message.add(PublishAckFrame{RequestId{1 + below(60)}, PublishOutcome::Applied, at("e", 1)});
        return;
      default: {
        // Around where the channel is: overlaps, duplicates, gaps, and blocks that fit.
        const auto position = shell_.session.position(ids_[about]);
        const std::uint64_t top = position ? position->offset.value : 0;
        const std::uint64_t previous = top + 1 - std::min<std::uint64_t>(top, below(3));
        const std::uint64_t offset = previous + 1 + below(3);
        message.block(stream_of(about), previous, offset, {offset});
        return;
      }
    }
  }
  /// Mostly one stream for each channel, now and then another.
  std::uint32_t stream_of(const std::string& about) {
    return static_cast<std::uint32_t>(about.back() - '0') + 1 + 3 * (below(8) == 0 ? below(3) : 0);
  }

  void check() {
    // I1: between two snapshots the offsets of a subscription strictly increase, and rows come only
    // to subscriptions that were answered and have not ended.
    std::size_t next_row = 0;
    for (const Event& event : shell_.events) {
      if (const auto* started = std::get_if<SubscriptionStarted>(&event)) {
        if (started->outcome == SubscribeOutcome::Snapshot) tops_[started->subscription] = 0;
        tops_[started->subscription] =
            std::max(tops_[started->subscription], started->start.offset.value);
      }
      if (const auto* rows = std::get_if<RowsDelivered>(&event)) {
        ASSERT_EQ(tops_.count(rows->subscription), 1U);
        for (std::uint32_t i = 0; i < rows->row_count; ++i, ++next_row) {
          const std::uint64_t offset = shell_.rows[next_row].offset;
          ASSERT_GT(offset, tops_[rows->subscription]);
          tops_[rows->subscription] = offset;
          offsets.push_back(offset);
        }
      }
      if (const auto* ended = std::get_if<SubscriptionEnded>(&event)) {
        tops_.erase(ended->subscription);
      }
    }
    ASSERT_EQ(next_row, shell_.rows.size());
    event_count += shell_.events.size();
    sent.insert(sent.end(), shell_.sent.begin(), shell_.sent.end());
    shell_.forget();
  }

  Prng prng_;
  ClientShell shell_;
  std::vector<SubscriptionId> held_;
  std::map<std::string, SubscriptionId> ids_;
  std::map<SubscriptionId, std::uint64_t> tops_;
};

TEST(ClientSessionTest, WhateverARelaySaysRowsComeOnceAndInOrder) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomScript script(seed);
    rows += script.offsets.size();
    if (HasFailure()) return;
  }
  EXPECT_GT(rows, 1'000U) << "the scripts deliver too little to prove anything";
}

TEST(ClientSessionTest, TheSameScriptGivesTheSameBytesAndEvents) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const RandomScript once(seed);
    const RandomScript again(seed);
    EXPECT_EQ(once.sent, again.sent) << "seed " << seed;
    EXPECT_EQ(once.event_count, again.event_count) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tidegate::testing
