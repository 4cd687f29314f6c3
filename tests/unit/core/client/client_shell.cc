#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {

RelayMessage& RelayMessage::welcome(std::uint32_t interval_ms, std::uint32_t timeout_ms) {
  WelcomeFrame frame;
  frame.relay = "relay";
  frame.connection_id = "c1";
  frame.heartbeat_interval_ms = interval_ms;
  frame.heartbeat_timeout_ms = timeout_ms;
  frame.message_bytes_max = 256 * 1024;
  return add(frame);
}

RelayMessage& RelayMessage::subscribed(RequestId request, std::uint32_t stream,
                                       std::string_view name, SubscribeOutcome outcome,
                                       StreamPosition start, std::uint64_t target) {
  SubscribedFrame frame;
  frame.request = request;
  frame.stream = StreamId{stream};
  frame.outcome = outcome;
  frame.reason =
      outcome == SubscribeOutcome::Snapshot ? SnapshotReason::NoPosition : SnapshotReason::None;
  frame.start = std::move(start);
  frame.target = Offset{target};
  frame.channel = channel(name);
  return add(frame);
}

RelayMessage& RelayMessage::block(std::uint32_t stream, std::uint64_t previous,
                                  std::uint64_t offset, const std::vector<std::uint64_t>& offsets,
                                  std::string_view event) {
  BlockWriter writer(StreamId{stream}, StreamRange{Offset{previous}, Offset{offset}});
  for (const std::uint64_t one : offsets) {
    const std::string payload = std::to_string(one);
    Publication publication;
    publication.event = std::string(event);
    publication.event_id = "id-" + payload;
    publication.payload.assign(payload.begin(), payload.end());
    writer.add(Offset{one}, publication);
  }
  writer.finish(bytes_);
  return *this;
}

ClientShell::ClientShell(ClientOptions options) : session(options) {}

ClientOptions ClientShell::default_options() {
  ClientOptions options;
  options.client = "test";
  options.session_id = "session-1";
  options.seed = 1;
  return options;
}

void ClientShell::call(const std::function<void()>& what) {
  what();
  poll();
}

void ClientShell::poll() {
  while (auto effect = session.poll_effect()) {
    if (const auto* open = std::get_if<OpenConnection>(&*effect)) connection = open->connection;
    if (const auto* token = std::get_if<FetchToken>(&*effect)) fetch = token->fetch;
    effects.push_back(std::move(*effect));
  }
  while (auto message = session.poll_transmit(now)) {
    FrameDecoder decoder(*message);
    while (auto frame = decoder.next()) {
      ASSERT_TRUE(frame->ok()) << frame->error().message;
      if (const auto* subscribe = std::get_if<SubscribeFrame>(&**frame)) {
        subscribes_[subscribe->channel.str()] = subscribe->request;
      }
    }
    sent.push_back(std::move(*message));
  }
  while (auto event = session.poll_event()) {
    keep(*event);
    events.push_back(std::move(*event));
  }
}

void ClientShell::keep(const Event& event) {
  if (const auto* named = std::get_if<EventNamed>(&event)) event_names_[named->event] = named->name;
  const auto* delivered = std::get_if<RowsDelivered>(&event);
  if (delivered == nullptr) return;
  for (std::uint32_t i = 0; i < delivered->row_count; ++i) {
    const BlockRow row = delivered_row(session, *delivered, i);
    const std::uint32_t name = session.row_table()[delivered->first_row + i].event;
    EXPECT_TRUE(name == kNoEventName || event_names_.count(name) == 1)
        << "used before it was named";
    rows.push_back(TestRow{delivered->subscription, row.offset.value,
                           name == kNoEventName ? "" : event_names_[name],
                           std::string(as_text(row.payload)), std::string(row.key),
                           std::string(row.event_id), row.operation});
  }
}

void ClientShell::advance(Duration by) {
  const Now target{now.monotonic + by,
                   now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(by)};
  // A session that is woken again and again without moving its deadline would spin the shell's CPU.
  for (int wakeups = 0;; ++wakeups) {
    ASSERT_LT(wakeups, 10'000) << "the session asks to be woken without end";
    const std::optional<Instant> deadline = session.poll_timeout();
    if (!deadline || *deadline > target.monotonic) break;
    if (*deadline > now.monotonic) {
      now.wall += std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - now.monotonic);
      now.monotonic = *deadline;
    }
    call([&] { session.handle_timeout(now); });
  }
  now = target;
}

void ClientShell::sleep(Duration by) {
  now.monotonic += by;
  now.wall += std::chrono::duration_cast<std::chrono::milliseconds>(by);
}

void ClientShell::receive_on(ConnectionId on, const Bytes& bytes) {
  message_ = bytes;
  call([&] { session.handle_message(now, on, message_); });
  std::fill(message_.begin(), message_.end(), std::uint8_t{0xEE});  // gone, as the contract says
}

void ClientShell::close(std::uint16_t code, std::string_view reason) {
  call([&] { session.handle_close(now, connection, code, reason); });
}

void ClientShell::go_live() {
  connect();
  open();
  receive(RelayMessage().welcome());
  ASSERT_EQ(session.state(), ClientState::Live);
}

void ClientShell::reconnect() {
  const ConnectionId old = connection;
  close();
  for (int i = 0; i < 60 && connection == old; ++i) advance(1s);
  ASSERT_NE(connection, old);
  forget();
  open();
  receive(RelayMessage().welcome());
  ASSERT_EQ(session.state(), ClientState::Live);
}

SubscriptionId ClientShell::subscribe(std::string_view name, SubscribeOptions options) {
  SubscriptionId id = SubscriptionId::None;
  call([&] { id = *session.subscribe(now, channel(name), options); });
  return id;
}

void ClientShell::unsubscribe(SubscriptionId id) {
  call([&] { EXPECT_TRUE(session.unsubscribe(now, id).ok()); });
}

void ClientShell::answer_live(std::string_view name, std::uint32_t stream,
                              StreamPosition position) {
  const std::uint64_t target = position.offset.value;
  receive(RelayMessage().subscribed(latest_subscribe(name), stream, name,
                                    SubscribeOutcome::Snapshot, std::move(position), target));
}

Result<RequestId> ClientShell::publish(std::string_view name, std::string_view json,
                                       std::string key) {
  PublicationDraft draft;
  draft.event = "e";
  draft.idempotency_key = std::move(key);
  draft.payload.assign(json.begin(), json.end());
  Result<RequestId> result = session.publish(now, channel(name), std::move(draft));
  poll();
  return result;
}

RequestId ClientShell::latest_subscribe(std::string_view name) const {
  const auto found = subscribes_.find(name);
  return found == subscribes_.end() ? RequestId::None : found->second;
}

std::vector<std::uint64_t> ClientShell::offsets() const {
  std::vector<std::uint64_t> all;
  for (const TestRow& row : rows) all.push_back(row.offset);
  return all;
}

void ClientShell::forget() {
  effects.clear();
  events.clear();
  rows.clear();
  sent.clear();
}

std::optional<StateChanged> ClientShell::latest_state() const {
  const auto all = events_of<StateChanged>();
  return all.empty() ? std::nullopt : std::optional<StateChanged>(all.back());
}

}  // namespace tidegate::testing
