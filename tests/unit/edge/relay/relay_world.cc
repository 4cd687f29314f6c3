#include "tests/unit/edge/relay/relay_world.h"

#include <algorithm>
#include <utility>

#include "core/merge/shallow_merge.h"

namespace tidegate::relay {

RelayConfig test_config() {
  RelayConfig config;
  Namespace open{pattern("open:**"), ChannelKind::Log, {}, PublishRight::Capability};
  Namespace server{pattern("server:**"), ChannelKind::Log, {}, PublishRight::Server};
  Namespace brief{pattern("short:**"), ChannelKind::Log, {}, PublishRight::Capability};
  brief.history.count = 5;
  Namespace state{pattern("state:**"), ChannelKind::State, {}, PublishRight::Capability};
  state.history.count = 5;
  Namespace few{pattern("few:**"), ChannelKind::State, {}, PublishRight::Capability};
  few.records.count = 3;
  Namespace mortal{pattern("brief:**"), ChannelKind::State, {}, PublishRight::Capability};
  mortal.record_ttl = std::chrono::seconds(10);
  Namespace signal{pattern("signal:**"), ChannelKind::Signal, {}, PublishRight::Capability};
  Namespace slow{pattern("slow:**"), ChannelKind::State, {}, PublishRight::Capability};
  slow.min_interval = std::chrono::seconds(1);
  Namespace listed{pattern("listed:**"), ChannelKind::Log, {}, PublishRight::Capability};
  listed.listed = true;
  Namespace thin{pattern("thin:**"), ChannelKind::Log, {}, PublishRight::Capability};
  thin.thin = {"id", "operation"};
  config.namespaces = {open, server, brief, state, few, mortal, signal, slow, listed, thin};
  return config;
}

std::shared_ptr<Claims> full_claims(std::string subject) {
  auto claims = std::make_shared<Claims>();
  claims->tenant = "t";
  claims->subject = std::move(subject);
  Capability everything;
  everything.channels = {pattern("**")};
  everything.allow =
      static_cast<std::uint8_t>(Action::Subscribe) | static_cast<std::uint8_t>(Action::Publish);
  claims->capabilities = {everything};
  return claims;
}

PublicationDraft draft(std::string json, std::string key) {
  PublicationDraft made;
  made.payload.assign(json.begin(), json.end());
  made.idempotency_key = std::move(key);
  return made;
}

PublicationDraft operation(Operation what, std::string record, std::string json) {
  PublicationDraft made = draft(std::move(json));
  made.operation = what;
  made.key = std::move(record);
  return made;
}

// ---- the client

TestClient::TestClient(RelayWorld& world, std::uint16_t shard, Encoding encoding)
    : world_(world), shard_(shard), encoding_(encoding) {
  handle_ = world.shard(shard).handle_connected(world.now, encoding);
}

void TestClient::hello(std::string token, std::string session_id) {
  HelloFrame frame;
  frame.client = "test/1";
  frame.session_id = std::move(session_id);
  frame.token = std::move(token);
  send(frame);
}

void TestClient::send_bytes(const Bytes& bytes) {
  world_.shard(shard_).handle_message(world_.now, handle_, bytes);
  world_.run();
}

RequestId TestClient::subscribe(std::string_view name, std::optional<StreamPosition> since,
                                std::uint32_t history) {
  const RequestId request{++requests_};
  send(SubscribeFrame{request, channel(name), std::move(since), history});
  return request;
}

RequestId TestClient::subscribe_filtered(std::string_view name, std::string filter,
                                         std::optional<StreamPosition> since) {
  SubscribeFrame frame{RequestId{++requests_}, channel(name), std::move(since), 0};
  frame.filter = std::move(filter);
  send(frame);
  return frame.request;
}

RequestId TestClient::subscribe_paced(std::string_view name, Duration interval,
                                      std::uint32_t history) {
  SubscribeFrame frame{RequestId{++requests_}, channel(name), {}, history};
  frame.min_interval_ms = static_cast<std::uint32_t>(interval / std::chrono::milliseconds(1));
  send(frame);
  return frame.request;
}

RequestId TestClient::publish(std::string_view name, PublicationDraft draft) {
  PublishFrame frame;
  frame.request = RequestId{++requests_};
  frame.channel = channel(name);
  frame.draft = std::move(draft);
  send(frame);
  return frame.request;
}

RequestId TestClient::publish(std::string_view name, std::string json, std::string key) {
  const RequestId request{++requests_};
  send(PublishFrame{request, channel(name), draft(std::move(json), std::move(key))});
  return request;
}

void TestClient::disconnect() {
  world_.shard(shard_).handle_disconnected(world_.now, handle_);
  world_.run();
}

void TestClient::hear(const SharedMessagePtr& message) {
  ++messages;
  message_bytes_max = std::max(message_bytes_max, message->payload().size());
  constexpr std::uint8_t kText = 0x81;  // final, and its opcode
  EXPECT_EQ(message->framed()[0] == kText, encoding_ == Encoding::Json);
  MessageDecoder decoder(encoding_, message->payload());
  while (auto next = decoder.next()) {
    ASSERT_TRUE(next->ok()) << next->error().message;
    std::visit(
        [&](auto&& frame) {
          using FrameT = std::decay_t<decltype(frame)>;
          if constexpr (std::is_same_v<FrameT, BlockFrame>) {
            HeardBlock block{frame.block.stream(),
                             frame.block.range(),
                             {},
                             message.get(),
                             frame.more,
                             frame.block.shape(),
                             std::string(frame.block.sweep_after()),
                             std::string(frame.block.sweep_until()),
                             frame.block.sweep_read_at(),
                             {}};
            if (frame.has_digest) block.digest = frame.block.digest();
            auto rows = frame.block.rows();
            BlockRow row;
            while (rows.next(row)) {
              block.rows.push_back(Row{row.offset, std::string(as_text(row.payload)),
                                       std::string(row.event_id), row.operation,
                                       std::string(row.key)});
            }
            heard.push_back(std::move(block));
          } else if constexpr (std::is_constructible_v<Heard, FrameT>) {
            heard.push_back(std::forward<decltype(frame)>(frame));
          } else {
            ADD_FAILURE() << "the relay sent what only clients send";
          }
        },
        std::move(*next).value());
  }
}

std::string TestClient::read() const {
  std::string text;
  StreamId stream = StreamId::None;
  Offset position;
  for (const Heard& one : heard) {
    if (const auto* subscribed = std::get_if<SubscribedFrame>(&one)) {
      if (subscribed->outcome == SubscribeOutcome::Snapshot) text.clear();
      stream = subscribed->stream;
      position = subscribed->start.offset;
    } else if (const auto* block = std::get_if<HeardBlock>(&one)) {
      EXPECT_EQ(block->stream, stream) << "a block of a stream that is not bound";
      EXPECT_LE(block->range.previous.value, position.value) << "gap";
      for (const Row& row : block->rows) {
        if (row.offset > position) text += (text.empty() ? "" : " ") + row.payload;
      }
      position = std::max(position, block->range.offset);
    }
  }
  return text;
}

namespace {

/// The reader's side of a state channel, as docs/PROTOCOL.md has it.
struct ReaderOfRecords {
  struct Held {
    std::uint64_t version = 0;
    std::optional<std::string> payload;  // nullopt: deleted
  };
  std::map<std::string, Held> held;
  std::string epoch;
  std::uint64_t position = 0;

  void start(const SubscribedFrame& subscribed) {
    const bool first = epoch.empty();  // it comes with what it held elsewhere
    if (subscribed.start.epoch.token() != epoch) {
      for (auto& [key, record] : held) record.version = 0;
    }
    epoch = subscribed.start.epoch.token();
    if (subscribed.outcome == SubscribeOutcome::Snapshot || first) {
      position = subscribed.start.offset.value;
    }
  }
  void take(const Row& row) {
    Held& record = held[row.key];
    if (row.offset.value <= record.version) return;
    record.version = row.offset.value;
    if (row.operation == Operation::Delete) {
      record.payload.reset();
    } else if (row.operation == Operation::Merge) {
      record.payload = shallow_merge(record.payload.value_or(""), row.payload);
    } else {
      record.payload = row.payload;
    }
  }
  void sweep(const HeardBlock& block) {
    for (auto& [key, record] : held) {
      const bool inside = key > block.after && (block.until.empty() || key <= block.until);
      const bool named = std::any_of(block.rows.begin(), block.rows.end(),
                                     [&name = key](const Row& row) { return row.key == name; });
      if (inside && !named && record.version <= block.read_at.value) record.payload.reset();
    }
  }
  void take(const HeardBlock& block) {
    EXPECT_LE(block.range.previous.value, position) << "gap";
    if (block.range.offset.value <= position) return;
    for (const Row& row : block.rows) take(row);
    if (block.shape.sweep) sweep(block);
    if (!block.more) position = block.range.offset.value;
  }
};

}  // namespace

std::string TestClient::records() const {
  ReaderOfRecords reader;
  for (const Heard& one : heard) {
    if (const auto* subscribed = std::get_if<SubscribedFrame>(&one)) reader.start(*subscribed);
    if (const auto* block = std::get_if<HeardBlock>(&one)) reader.take(*block);
  }
  std::string text;
  for (const auto& [key, record] : reader.held) {
    if (!record.payload.has_value()) continue;
    text += (text.empty() ? "" : " ") + key + "=" + *record.payload;
  }
  return text;
}

// ---- the world

RelayWorld::RelayWorld(std::uint16_t shard_count, RelayConfig config)
    : config_(std::make_shared<const RelayConfig>(std::move(config))) {
  for (std::uint16_t index = 0; index < shard_count; ++index) {
    stores_.push_back(std::make_unique<store::MemoryStore>(77 + index));
  }
  start_shards(shard_count);
}

void RelayWorld::start_shards(std::uint16_t count) {
  const std::uint64_t incarnation = 0xABCD0000ULL + (starts_++ << 32);
  for (std::uint16_t index = 0; index < count; ++index) {
    shards_.push_back(
        std::make_unique<RelayShard>(ShardOptions{index, count, incarnation + index, config_}));
  }
}

void RelayWorld::restart(std::optional<RelayConfig> config) {
  if (config) config_ = std::make_shared<const RelayConfig>(std::move(*config));
  const auto count = static_cast<std::uint16_t>(shards_.size());
  mail_.clear();
  by_handle_.clear();
  shards_.clear();
  start_shards(count);
}

std::uint16_t RelayWorld::owner(std::string_view name) const {
  return RelayShard::owner_of(ChannelKey{"t", channel(name)},
                              static_cast<std::uint16_t>(shards_.size()));
}

TestClient& RelayWorld::connect_silent(std::uint16_t shard, Encoding encoding) {
  clients_.push_back(std::make_unique<TestClient>(*this, shard, encoding));
  TestClient& client = *clients_.back();
  by_handle_[{shard, client.handle()}] = &client;
  run();
  return client;
}

TestClient& RelayWorld::connect(std::uint16_t shard, std::string subject, Encoding encoding) {
  TestClient& client = connect_silent(shard, encoding);
  tokens.insert_or_assign(subject, ClaimsPtr(full_claims(subject)));
  client.hello(subject);
  return client;
}

std::uint64_t RelayWorld::publish(std::string_view name, PublicationDraft draft,
                                  std::uint16_t shard) {
  const std::uint64_t number = ++publishes_;
  PublishRequest request;
  request.ticket = PublishTicket{number, 0};
  request.tenant = "t";
  request.producer = "backend";
  request.channel = channel(name);
  request.draft = std::move(draft);
  shards_[shard]->handle_publish(now, std::move(request));
  run();
  return number;
}

Result<PublishReceipt> RelayWorld::answer(std::uint64_t number) const {
  const auto found = answers.find(number);
  if (found == answers.end() || found->second.size() != 1) {
    return Error{ErrorCode::Internal, found == answers.end() ? "no answer" : "two answers", 0};
  }
  return found->second.front();
}

TestClient* RelayWorld::client_of(std::uint16_t shard, ConnectionHandle handle) {
  const auto found = by_handle_.find({shard, handle});
  return found == by_handle_.end() ? nullptr : found->second;
}

void RelayWorld::run() {
  bool moved = !hold_effects;
  while (moved) {
    moved = false;
    for (std::uint16_t index = 0; index < shards_.size(); ++index) {
      while (std::optional<RelayEffect> effect = shards_[index]->poll_effect(now)) {
        moved = true;
        carry_out(index, std::move(*effect));
      }
      while (std::optional<LogLine> line = shards_[index]->poll_log()) {
        log_lines.push_back(line->text);
      }
    }
    moved = (!hold_mail && deliver_one()) || moved;
  }
}

void RelayWorld::deliver(std::uint16_t from, std::uint16_t to) {
  std::deque<ShardMessage> messages = std::exchange(mail_[{from, to}], {});
  for (ShardMessage& message : messages) {
    shards_[to]->handle_shard_message(now, from, std::move(message));
    run();
  }
}

void RelayWorld::deliver_some() {
  deliver_one();
  run();
}

bool RelayWorld::deliver_one() {
  std::vector<std::pair<std::uint16_t, std::uint16_t>> routes;
  for (const auto& [route, messages] : mail_) {
    if (!messages.empty()) routes.push_back(route);
  }
  if (routes.empty()) return false;
  const auto route = routes[shuffle.has_value() ? shuffle->below(routes.size()) : 0];
  ShardMessage message = std::move(mail_[route].front());
  mail_[route].pop_front();
  shards_[route.second]->handle_shard_message(now, route.first, std::move(message));
  return true;
}

void RelayWorld::carry_out(std::uint16_t from, RelayEffect effect) {
  if (const auto* sent = std::get_if<Transmit>(&effect)) {
    transmit(from, *sent);
  } else if (const auto* close = std::get_if<Close>(&effect)) {
    if (TestClient* client = client_of(from, close->connection)) client->closed = *close;
  } else if (const auto* pause = std::get_if<PauseReading>(&effect)) {
    if (TestClient* client = client_of(from, pause->connection)) client->paused = pause->paused;
  } else if (const auto* verify = std::get_if<VerifyToken>(&effect)) {
    if (hold_tokens) {
      held_tokens.emplace_back(from, *verify);
      return;
    }
    const auto known = tokens.find(verify->token);
    shards_[from]->handle_token_result(
        now, verify->id,
        known == tokens.end() ? Result<ClaimsPtr>(ErrorCode::TokenInvalid, "unknown token")
                              : known->second);
  } else if (auto* send = std::get_if<ShardSend>(&effect)) {
    EXPECT_NE(send->to, from);
    mail_[{from, send->to}].push_back(std::move(send->message));
  } else if (const auto* answered = std::get_if<PublishAnswer>(&effect)) {
    answers[answered->ticket.id].push_back(answered->result);
  } else if (auto* read = std::get_if<ReadAnswer>(&effect)) {
    reads.emplace(static_cast<std::uint64_t>(read->ticket), std::move(read->result));
  } else {
    carry_out_store(from, std::move(effect));
  }
}

void RelayWorld::carry_out_store(std::uint16_t from, RelayEffect effect) {
  if (on_store && on_store(from, effect)) return;
  RelayShard& shard = *shards_[from];
  store::MemoryStore& store = *stores_[from];
  if (const auto* open = std::get_if<StoreOpen>(&effect)) {
    shard.handle_store_opened(now, open->id, store.open(*open->key));
  } else if (const auto* append = std::get_if<StoreAppend>(&effect)) {
    shard.handle_append_result(now, append->id, store.append(*append));
  } else if (const auto* read = std::get_if<StoreRead>(&effect)) {
    shard.handle_read_result(now, read->id, store.read(*read));
  } else if (const auto* records = std::get_if<StoreReadRecords>(&effect)) {
    shard.handle_records_result(now, records->id, store.read_records(*records));
  } else if (const auto* trim = std::get_if<StoreTrim>(&effect)) {
    trims.push_back(*trim);
    store.trim(*trim);
  } else if (const auto* release = std::get_if<StoreRelease>(&effect)) {
    releases.push_back(*release);
    store.release(*release->key);
  }
}

void RelayWorld::transmit(std::uint16_t from, const Transmit& sent) {
  transmits.push_back(sent);
  EXPECT_FALSE(sent.connections.empty());
  std::set<ConnectionHandle> distinct(sent.connections.begin(), sent.connections.end());
  EXPECT_EQ(distinct.size(), sent.connections.size()) << "a connection stands twice in a Transmit";
  std::vector<ConnectionHandle> blocked;
  for (const ConnectionHandle& connection : sent.connections) {
    TestClient* client = client_of(from, connection);
    if (client == nullptr) continue;
    EXPECT_FALSE(client->closed.has_value()) << "sent after close";
    client->hear(sent.message);
    if (client->stalled) blocked.push_back(connection);
  }
  for (const ConnectionHandle& connection : blocked) {
    shards_[from]->handle_blocked(now, connection);
  }
}

void RelayWorld::writable(TestClient& client) {
  client.stalled = false;
  shards_[client.shard()]->handle_writable(now, client.handle());
  run();
}

void RelayWorld::advance(Duration duration) {
  const Instant end = now.monotonic + duration;
  const auto move_to = [this](Instant at) {
    now.wall += std::chrono::duration_cast<std::chrono::milliseconds>(at - now.monotonic);
    now.monotonic = at;
  };
  for (;;) {
    std::optional<Instant> next;
    for (const auto& shard : shards_) {
      const std::optional<Instant> at = shard->poll_timeout();
      if (at.has_value() && (!next.has_value() || *at < *next)) next = at;
    }
    if (!next.has_value() || *next > end) break;
    if (*next > now.monotonic) move_to(*next);
    for (const auto& shard : shards_) shard->handle_timeout(now);
    run();
  }
  move_to(end);
}

}  // namespace tidegate::relay
