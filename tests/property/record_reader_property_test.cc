// Property: whatever valid blocks of a state channel a reader is given (replays, passes over the
// changes, sweeps; overlapping, repeated, cut short anywhere, across epochs), once it stands at an
// offset it holds exactly the records that the channel had there, but for those it knows to be
// newer. The oracle keeps its own history on maps, with nlohmann's merge, and shares no code with
// the core.
#include "core/client/record_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "core/client/client_session.h"
#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/stream/stream_cursor.h"

namespace tidegate {
namespace {

using Json = nlohmann::ordered_json;

struct Change {
  std::uint64_t version = 0;
  Operation operation = Operation::Set;
  std::string key;
  Json payload;
};
struct Held {
  std::uint64_t version = 0;
  Json value;
};
using Records = std::map<std::string, Held>;

/// A channel as its relay has it, with all that ever happened.
class Channel {
 public:
  explicit Channel(std::uint32_t incarnation) : epoch("e" + std::to_string(incarnation)) {}

  std::string epoch;
  std::vector<Change> log;

  std::uint64_t top() const { return log.empty() ? 0 : log.back().version; }
  /// As of an offset; of deletes the versions are kept, with a null for the value.
  Records at(std::uint64_t offset) const {
    Records records;
    for (const Change& change : log) {
      if (change.version > offset) break;
      Held& held = records[change.key];
      held.version = change.version;
      if (change.operation == Operation::Set) held.value = change.payload;
      if (change.operation == Operation::Delete) held.value = nullptr;
      if (change.operation == Operation::Merge) merge(held.value, change.payload);
    }
    return records;
  }

 private:
  static void merge(Json& value, const Json& payload) {
    if (value.is_null()) value = Json::object();
    const Json set = payload.value("set", Json::object());  // named: a loop over its items needs it
    const Json unset = payload.value("unset", Json::array());
    for (const auto& [name, field] : set.items()) value[name] = field;
    for (const Json& name : unset) value.erase(name.get<std::string>());
  }
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  void play() {
    for (int step = 0; step < 300 && !::testing::Test::HasFailure(); ++step) {
      change(below(4));
      switch (below(12)) {
        case 0:
          return_or_restart();
          break;
        case 1:
          interrupt();
          break;
        case 2:
          repair();
          break;
        default:
          bound_ ? deliver() : subscribe();
      }
      check();
    }
  }
  std::uint64_t compared = 0;
  std::uint64_t digests = 0;

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::string key() { return std::string(1, static_cast<char>('a' + below(7))); }

  void change(std::uint64_t count) {
    for (; count > 0; --count) {
      Change change;
      change.version = channel_.top() + 1 + below(3);
      change.key = key();
      const Json field = {{std::string(1, static_cast<char>('p' + below(3))), below(5)}};
      const auto now = channel_.at(channel_.top());
      const auto held = now.find(change.key);
      const bool exists = held != now.end() && !held->second.value.is_null();
      switch (below(exists ? 4 : 2)) {
        case 0:
          change.payload = field;
          break;
        case 1:
          change.operation = Operation::Merge;
          change.payload = {{"set", field}};
          if (below(2) == 0) change.payload["unset"] = Json::array({"q"});
          break;
        case 2:
          change.operation = Operation::Merge;
          change.payload = {{"unset", Json::array({"p"})}};
          break;
        default:
          change.operation = Operation::Delete;
      }
      channel_.log.push_back(change);
    }
  }

  // ---- the reader's shell: what registry and session do around it

  void interrupt() {
    cursor_.handle_interruption();
    bound_ = false;
    pass_.reset();
  }
  void return_or_restart() {
    interrupt();
    if (below(2) == 0) {
      channel_ = Channel(++incarnation_);
      read_at_.clear();
    }
  }
  void repair() {
    if (!reader_.begin_repair(Instant{limits::repair_interval_min * ++repairs_})) return;
    interrupt();
  }

  void subscribe() {
    const auto& position = cursor_.position();
    const bool known = reader_.is_whole() && position && position->epoch == epoch() &&
                       position->offset.value <= channel_.top();
    SubscribedFrame frame;
    frame.kind = ChannelKind::State;
    if (known) {
      cursor_.handle_start(*position, Offset{channel_.top()});
    } else {
      frame.outcome = SubscribeOutcome::Snapshot;
      frame.reason = SnapshotReason::NoPosition;
      frame.start = StreamPosition{epoch(), Offset{}};
      frame.catch_up = channel_.top() == 0 ? CatchUp::None : CatchUp::Records;
      cursor_.reset();
      cursor_.handle_start(frame.start, Offset{channel_.top()});
      for (const std::string& gone : reader_.start_anew(frame)) reported_.erase(gone);
      if (frame.catch_up == CatchUp::Records) begin_pass(true);
    }
    bound_ = true;
  }
  Epoch epoch() const { return *Epoch::parse(channel_.epoch); }

  // ---- what the relay sends

  struct Pass {
    bool sweep = false;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string after;
  };
  void begin_pass(bool sweep) {
    pass_ = Pass{sweep, cursor_.position()->offset.value, channel_.top(), ""};
  }

  void deliver() {
    if (pass_) return deliver_page();
    const std::uint64_t at = cursor_.position()->offset.value;
    if (at == channel_.top()) return;
    switch (below(4)) {
      case 0:
        begin_pass(true);
        return deliver_page();
      case 1:
        begin_pass(false);
        return deliver_page();
      default:
        return deliver_replay(at);
    }
  }

  /// From anywhere up to the position, so that blocks overlap and repeat.
  void deliver_replay(std::uint64_t at) {
    const std::uint64_t previous = at - below(std::min<std::uint64_t>(at, 6) + 1);
    const std::uint64_t offset = at + below(channel_.top() - at + 1);
    BlockWriter writer(StreamId{1}, StreamRange{Offset{previous}, Offset{offset}});
    for (const Change& change : channel_.log) {
      if (change.version > previous && change.version <= offset) add(writer, change);
    }
    give(writer);
  }

  /// One page, read as of now and not of when the pass began.
  void deliver_page() {
    const Records now = channel_.at(channel_.top());
    const std::string until = below(2) == 0 ? std::string() : key();
    const bool last = until <= pass_->after;
    BlockWriter writer(StreamId{1}, StreamRange{Offset{pass_->from}, Offset{pass_->to}});
    note_reading(last ? "~" : until);
    if (pass_->sweep) {
      writer.set_sweep(pass_->after, last ? "" : until, Offset{channel_.top()});
    } else {
      writer.set_records();
    }
    writer.set_more(!last);
    for (const auto& [name, held] : now) {
      const bool is_here = name > pass_->after && (last || name <= until);
      const bool is_gone = held.value.is_null();
      const bool is_due = pass_->sweep ? !is_gone : held.version > pass_->from;
      if (!is_here || !is_due) continue;
      add(writer,
          Change{held.version, is_gone ? Operation::Delete : Operation::Set, name, held.value});
    }
    pass_->after = until;
    if (last) pass_.reset();
    give(writer);
  }

  void note_reading(const std::string& until) {
    for (char name = 'a'; name < 'a' + 7; ++name) {
      const std::string one(1, name);
      if (one > pass_->after && one <= until) read_at_[one] = channel_.top();
    }
  }

  static void add(BlockWriter& writer, const Change& change) {
    Publication publication;
    publication.operation = change.operation;
    publication.key = change.key;
    const std::string text = change.operation == Operation::Delete ? "" : change.payload.dump();
    publication.payload.assign(text.begin(), text.end());
    writer.add(Offset{change.version}, publication);
  }

  void give(const BlockWriter& writer) {
    Bytes bytes;
    writer.finish(bytes);
    for (std::uint64_t times = 1 + (below(4) == 0 ? 1 : 0); times > 0; --times) take(bytes);
  }

  void take(const Bytes& bytes) {
    FrameDecoder decoder(bytes);
    const auto decoded = decoder.next();
    ASSERT_TRUE(decoded && decoded->ok()) << decoded->error().message;
    const auto& frame = std::get<BlockFrame>(**decoded);
    const CursorVerdict verdict = cursor_.handle_block(frame.block.range(), frame.more);
    ASSERT_NE(verdict.kind, CursorVerdict::Kind::Gap);
    if (verdict.kind != CursorVerdict::Kind::Apply) return;
    RecordChanges changes;
    reader_.apply(frame, verdict.drop_at_or_below, cursor_.position()->offset, changes);
    report(changes);
  }

  /// What an application that only follows the changes would hold.
  void report(const RecordChanges& changes) {
    for (const BlockRow& row : changes.rows) {
      const auto now = reader_.store().find(row.key);
      if (now) {
        reported_[std::string(row.key)] = std::string(as_text(now->payload));
      } else {
        reported_.erase(std::string(row.key));
      }
    }
    for (const std::string& gone : changes.removed) reported_.erase(gone);
  }

  // ---- what must hold

  void check() {
    std::map<std::string, std::string> all;
    for (auto got = reader_.store().next_after(""); got;
         got = reader_.store().next_after(got->key)) {
      all[std::string(got->key)] = std::string(as_text(got->payload));
    }
    ASSERT_EQ(reported_, all) << "who follows the changes holds what the reader holds";
    if (!reader_.is_whole() || !cursor_.position()) return;
    const std::uint64_t at = cursor_.position()->offset.value;
    if (cursor_.position()->epoch != epoch()) return;
    const Records expected = channel_.at(at);
    const Records newest = channel_.at(channel_.top());
    for (const auto& [name, held] : expected) {
      const auto got = reader_.store().find(name);
      if (got && got->version.value > at) {  // ahead, by a page
        ASSERT_EQ(Json::parse(as_text(got->payload)), channel_.at(got->version.value)[name].value);
        continue;
      }
      if (!got && is_deleted(at, read_at_[name], name)) continue;  // ahead, too
      ASSERT_EQ(got.has_value(), !held.value.is_null()) << name << " at " << at;
      if (!got) continue;
      ASSERT_EQ(Json::parse(as_text(got->payload)), held.value) << name << " at " << at;
      ASSERT_EQ(got->version.value, held.version) << name;
      ++compared;
    }
    std::size_t ahead = 0;
    for (auto got = reader_.store().next_after(""); got;
         got = reader_.store().next_after(got->key)) {
      const std::string name(got->key);
      ASSERT_EQ(newest.count(name), 1U) << name << " never was";
      ahead += got->version.value > at ? std::size_t{1} : std::size_t{0};
      ASSERT_TRUE(got->version.value > at || expected.count(name) == 1) << name;
    }
    // A relay knows the digest of its top only. Below it, a sweep may have left out what was still
    // there, having been read later.
    if (ahead == 0 && at == channel_.top()) {
      RecordUse use;
      RecordStore oracle(use);
      for (const auto& [name, held] : expected) {
        if (held.value.is_null()) continue;
        const auto got = reader_.store().find(name);
        oracle.set(name, Offset{held.version}, PayloadKind::Json, got->payload);
      }
      ASSERT_EQ(reader_.matches(oracle.digest(), Offset{at}), true);
      ++digests;
    }
  }

  bool is_deleted(std::uint64_t after, std::uint64_t until, const std::string& name) const {
    return std::any_of(channel_.log.begin(), channel_.log.end(), [&](const Change& change) {
      return change.version > after && change.version <= until && change.key == name &&
             change.operation == Operation::Delete;
    });
  }

  std::mt19937_64 random_;
  std::uint32_t incarnation_ = 1;
  Channel channel_{1};
  RecordUse use_;
  RecordReader reader_{use_};
  StreamCursor cursor_;
  bool bound_ = false;
  std::optional<Pass> pass_;
  std::map<std::string, std::uint64_t>
      read_at_;  // by key: where the channel was when a page was read
  std::int64_t repairs_ = 0;
  std::map<std::string, std::string> reported_;
};

TEST(RecordReaderProperty, WhateverWayTheRecordsComeTheyAreThoseOfTheChannel) {
  std::uint64_t compared = 0;
  std::uint64_t digests = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.play();
    compared += world.compared;
    digests += world.digests;
    if (HasFailure()) return;
  }
  EXPECT_GT(compared, 50'000U) << "too little was compared to prove anything";
  EXPECT_GT(digests, 5'000U);
}

}  // namespace
}  // namespace tidegate
