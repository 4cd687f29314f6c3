// Real clients on real shards, one state channel: however connections are cut, sockets are full and
// pages overlap with changes, every page ends with the records as they are, seen through its
// filter. The oracle merges by nlohmann/json and shares no code with the core.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/prng.h"
#include "core/client/client_session.h"
#include "core/client/delivered_row.h"
#include "edge/relay/relay_shard.h"
#include "edge/store/memory_store.h"

namespace tidegate {
namespace {

using nlohmann::json;
using relay::ConnectionHandle;

constexpr std::uint16_t kShards = 2;

/// A client with its socket, and what an application would show.
struct Page {
  explicit Page(const ClientOptions& options) : session(options) {}
  ClientSession session;
  std::uint16_t shard = 0;
  std::string filter;
  ConnectionId connection = ConnectionId::None;
  std::optional<ConnectionHandle> handle;
  std::deque<Bytes> down;
  bool blocked = false;
  std::map<std::string, std::string> rows;
  bool live = false;
};

class StateWorld {
 public:
  explicit StateWorld(std::uint64_t seed) : prng_(seed) {
    auto config = std::make_shared<relay::RelayConfig>();
    relay::Namespace records;
    records.pattern = *ChannelPattern::parse("state:**");
    records.kind = ChannelKind::State;
    records.history.count = 4 + prng_.below(40);
    config->namespaces = {records};
    for (std::uint16_t i = 0; i < kShards; ++i) {
      shards_.push_back(std::make_unique<relay::RelayShard>(
          relay::ShardOptions{i, kShards, seed * 10 + i, config}));
      stores_.push_back(std::make_unique<store::MemoryStore>(seed * 20 + i));
    }
    for (const char* filter : {"", "", R"({"n":{"lt":50}})"}) add_page(filter);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
  }
  /// No more faults: everything is delivered, and time passes.
  void come_to_rest() {
    for (int i = 0; i < 400; ++i) {
      for (auto& page : pages_) {
        while (!page->down.empty()) deliver(*page);
      }
      pass(std::chrono::milliseconds(500));
    }
  }
  void expect_all_equal() const {
    for (const auto& page : pages_) {
      EXPECT_TRUE(page->live);
      std::map<std::string, json> shown;
      for (const auto& [key, text] : page->rows) shown[key] = json::parse(text);
      EXPECT_EQ(shown, expected(page->filter));
      EXPECT_EQ(page->session.stats().digest_mismatches, 0U);
    }
  }

 private:
  void add_page(const std::string& filter) {
    ClientOptions options;
    options.session_id = "page-" + std::to_string(pages_.size());
    options.seed = prng_.next();
    options.backoff_base = std::chrono::milliseconds(20);
    options.backoff_cap = std::chrono::milliseconds(200);
    auto page = std::make_unique<Page>(options);
    page->shard = static_cast<std::uint16_t>(pages_.size() % kShards);
    page->filter = filter;
    SubscribeOptions subscribe;
    subscribe.filter = filter;
    page->session.set_token(now_, "token");
    EXPECT_TRUE(page->session.subscribe(now_, *ChannelName::parse("state:a"), subscribe).ok());
    page->session.connect(now_);
    pages_.push_back(std::move(page));
    settle();
  }

  std::map<std::string, json> expected(const std::string& filter) const {
    std::map<std::string, json> wanted;
    for (const auto& [key, record] : truth_) {
      const bool has_small = record.is_object() && record.contains("n") && record["n"] < 50;
      if (filter.empty() || has_small) wanted[key] = record;
    }
    return wanted;
  }

  // ---- what happens

  void step() {
    Page& page = *pages_[prng_.below(pages_.size())];
    switch (prng_.below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return publish();
      case 4:
      case 5:
      case 6:
        return deliver(page);
      case 7:
        return pass(std::chrono::milliseconds(prng_.below(300)));
      case 8:
        return pass(std::chrono::milliseconds(1));
      default:
        if (prng_.one_in(4)) cut(page);
    }
  }

  void publish() {
    relay::PublishRequest request;
    request.tenant = "t";
    request.channel = *ChannelName::parse("state:a");
    PublicationDraft& draft = request.draft;
    draft.key = "k" + std::to_string(prng_.below(prng_.one_in(3) ? 4 : 60));
    const json fields = {{"n", prng_.below(100)}, {"x", std::string(prng_.below(12'000), 'x')}};
    json payload = fields;
    switch (prng_.below(4)) {
      case 0:
        draft.operation = Operation::Delete;
        truth_.erase(draft.key);
        payload = nullptr;
        break;
      case 1:
        draft.operation = Operation::Merge;
        payload = merge(draft.key);
        break;
      default:
        draft.operation = Operation::Set;
        truth_[draft.key] = fields;
    }
    const std::string text = payload.dump();
    draft.payload.assign(text.begin(), text.end());
    shards_[0]->handle_publish(now_, std::move(request));
    settle();
  }

  json merge(const std::string& key) {
    const std::string name = std::string(1, static_cast<char>('a' + prng_.below(3)));
    json& record = truth_.emplace(key, json::object()).first->second;
    record[name] = prng_.below(10);
    record.erase("x");
    return {{"set", {{name, record[name]}}}, {"unset", {"x"}}};
  }

  void deliver(Page& page) {
    if (page.down.empty()) return;
    const Bytes message = std::move(page.down.front());
    page.down.pop_front();
    page.session.handle_message(now_, page.connection, message);
    hear(page);
    if (page.blocked && page.down.empty() && page.handle) {
      page.blocked = false;
      shards_[page.shard]->handle_writable(now_, *page.handle);
    }
    settle();
  }

  void cut(Page& page) {
    if (!page.handle) return;
    shards_[page.shard]->handle_disconnected(now_, *page.handle);
    close(page);
    page.session.handle_close(now_, page.connection, 1006, "");
    settle();
  }
  static void close(Page& page) {
    page.handle.reset();
    page.down.clear();
    page.blocked = false;
  }

  void pass(Duration time) {
    now_.monotonic += time;
    now_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(time);
    for (auto& shard : shards_) shard->handle_timeout(now_);
    for (auto& page : pages_) page->session.handle_timeout(now_);
    settle();
  }

  // ---- shells

  void settle() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (auto& page : pages_) moved = pump(*page) || moved;
      for (std::uint16_t i = 0; i < kShards; ++i) {
        while (auto effect = shards_[i]->poll_effect(now_)) {
          moved = true;
          carry_out(i, std::move(*effect));
        }
      }
    }
  }

  bool pump(Page& page) {
    bool moved = false;
    while (auto effect = page.session.poll_effect()) {
      moved = true;
      if (const auto* open = std::get_if<OpenConnection>(&*effect)) {
        page.connection = open->connection;
        page.handle = shards_[page.shard]->handle_connected(now_);
        page.session.handle_open(now_, page.connection);
      } else if (std::holds_alternative<CloseConnection>(*effect) && page.handle) {
        shards_[page.shard]->handle_disconnected(now_, *page.handle);
        close(page);
      }
    }
    while (auto message = page.session.poll_transmit(now_)) {
      moved = true;
      if (page.handle) shards_[page.shard]->handle_message(now_, *page.handle, *message);
    }
    hear(page);
    return moved;
  }

  void hear(Page& page) {
    while (auto event = page.session.poll_event()) {
      if (const auto* rows = std::get_if<RowsDelivered>(&*event)) {
        for (std::uint32_t i = 0; i < rows->row_count; ++i) {
          const BlockRow row = delivered_row(page.session, *rows, i);
          if (row.operation == Operation::Delete) {
            page.rows.erase(std::string(row.key));
          } else {
            page.rows[std::string(row.key)] = as_text(row.payload);
          }
        }
      } else if (const auto* removed = std::get_if<RecordsRemoved>(&*event)) {
        for (const std::string& key : removed->keys) page.rows.erase(key);
      } else if (std::holds_alternative<SubscriptionLive>(*event)) {
        page.live = true;
      } else if (std::holds_alternative<SubscriptionEnded>(*event)) {
        ADD_FAILURE() << "a subscription ended";
      }
    }
  }

  void carry_out(std::uint16_t from, relay::RelayEffect effect) {
    relay::RelayShard& shard = *shards_[from];
    store::MemoryStore& store = *stores_[from];
    if (const auto* sent = std::get_if<relay::Transmit>(&effect)) {
      transmit(from, *sent);
    } else if (const auto* verify = std::get_if<relay::VerifyToken>(&effect)) {
      shard.handle_token_result(now_, verify->id, claims());
    } else if (auto* send = std::get_if<relay::ShardSend>(&effect)) {
      shards_[send->to]->handle_shard_message(now_, from, std::move(send->message));
    } else if (const auto* open = std::get_if<relay::StoreOpen>(&effect)) {
      shard.handle_store_opened(now_, open->id, store.open(*open->key));
    } else if (const auto* append = std::get_if<relay::StoreAppend>(&effect)) {
      shard.handle_append_result(now_, append->id, store.append(*append));
    } else if (const auto* read = std::get_if<relay::StoreRead>(&effect)) {
      shard.handle_read_result(now_, read->id, store.read(*read));
    } else if (const auto* trim = std::get_if<relay::StoreTrim>(&effect)) {
      store.trim(*trim);
    } else if (const auto* answer = std::get_if<relay::PublishAnswer>(&effect)) {
      EXPECT_TRUE(answer->result.ok()) << answer->result.error().message;
    }
  }

  void transmit(std::uint16_t shard, const relay::Transmit& sent) {
    for (const ConnectionHandle& connection : sent.connections) {
      for (auto& page : pages_) {
        if (page->shard != shard || page->handle != connection) continue;
        const ByteView payload = sent.message->payload();
        page->down.emplace_back(payload.begin(), payload.end());
        page->blocked = prng_.one_in(2);
        if (page->blocked) shards_[shard]->handle_blocked(now_, connection);
      }
    }
  }

  static relay::ClaimsPtr claims() {
    auto claims = std::make_shared<relay::Claims>();
    claims->tenant = "t";
    claims->subject = "ann";
    Capability everything;
    everything.channels = {*ChannelPattern::parse("**")};
    everything.allow = static_cast<std::uint8_t>(Action::Subscribe);
    claims->capabilities = {everything};
    return claims;
  }

  Prng prng_;
  Now now_{Instant(std::chrono::hours(1)), wall_from_ms(1'700'000'000'000)};
  std::vector<std::unique_ptr<relay::RelayShard>> shards_;
  std::vector<std::unique_ptr<store::MemoryStore>> stores_;
  std::vector<std::unique_ptr<Page>> pages_;
  std::map<std::string, json> truth_;
};

TEST(StateProperty, EveryPageEndsWithTheRecordsAsTheyAre) {
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StateWorld world(seed);
    world.run(400);
    world.come_to_rest();
    world.expect_all_equal();
  }
}

}  // namespace
}  // namespace tidegate
