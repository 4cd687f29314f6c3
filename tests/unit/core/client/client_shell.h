// A shell for tests: a ClientSession with a clock that only the test moves, and a relay that says
// what the test scripts. It polls after every call, as every shell must, and keeps all that came
// out. Rows are resolved while they are valid; everything else is kept as it was.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/client/client_session.h"
#include "core/client/delivered_row.h"
#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate::testing {

using namespace std::chrono_literals;

inline ChannelName channel(std::string_view name) { return *ChannelName::parse(name); }
inline Epoch epoch(std::string_view token) { return *Epoch::parse(token); }
inline StreamPosition at(std::string_view epoch_token, std::uint64_t offset) {
  return StreamPosition{epoch(epoch_token), Offset{offset}};
}

struct TestRow {
  SubscriptionId subscription = SubscriptionId::None;
  std::uint64_t offset = 0;
  std::string event;
  std::string payload;
  std::string key;
  std::string event_id;
  Operation operation = Operation::Append;
};

/// One message of the relay, built frame by frame.
class RelayMessage {
 public:
  template <typename FrameT>
  RelayMessage& add(const FrameT& frame) {
    encode(frame, bytes_);
    return *this;
  }
  RelayMessage& welcome(std::uint32_t interval_ms = 25'000, std::uint32_t timeout_ms = 20'000);
  RelayMessage& subscribed(RequestId request, std::uint32_t stream, std::string_view name,
                           SubscribeOutcome outcome, StreamPosition start, std::uint64_t target);
  /// A block (previous, offset] whose rows stand at `offsets`, with payloads equal to their
  /// offsets.
  RelayMessage& block(std::uint32_t stream, std::uint64_t previous, std::uint64_t offset,
                      const std::vector<std::uint64_t>& offsets, std::string_view event = "tick");
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

class ClientShell {
 public:
  explicit ClientShell(ClientOptions options = default_options());
  static ClientOptions default_options();

  // ---- what the test does
  ClientSession session;
  Now now{Instant{1h}, wall_from_ms(1'700'000'000'000)};

  /// Calls, then polls until empty, in the documented order.
  void call(const std::function<void()>& what);
  void poll();
  /// Moves the clock, waking the session at each of its deadlines on the way.
  void advance(Duration by);
  /// Moves the clock without waking it: a machine that sleeps.
  void sleep(Duration by);
  void connect() {
    call([&] { session.connect(now); });
  }
  void open() {
    call([&] { session.handle_open(now, connection); });
  }
  void receive(const RelayMessage& message) { receive_on(connection, message.bytes()); }
  void receive_on(ConnectionId on, const Bytes& bytes);
  void close(std::uint16_t code = 1006, std::string_view reason = "");
  /// connect, open, welcome.
  void go_live();
  /// The socket is lost and the next one is welcomed.
  void reconnect();
  SubscriptionId subscribe(std::string_view name, SubscribeOptions options = {});
  void unsubscribe(SubscriptionId id);
  /// go_live's relay answers the latest subscribe of `name`: bound to `stream`, live at `position`.
  void answer_live(std::string_view name, std::uint32_t stream, StreamPosition position);
  Result<RequestId> publish(std::string_view name, std::string_view json = "1",
                            std::string key = {});

  // ---- what came out
  ConnectionId connection = ConnectionId::None;  // the one asked for last
  std::uint32_t fetch = 0;
  std::vector<Effect> effects;
  std::vector<Event> events;
  std::vector<TestRow> rows;
  std::vector<Bytes> sent;

  /// All frames of type T sent since the last forget(), in order.
  template <typename T>
  std::vector<T> frames() const {
    std::vector<T> found;
    for (const Bytes& message : sent) {
      FrameDecoder decoder(message);
      while (auto frame = decoder.next()) {
        EXPECT_TRUE(frame->ok()) << frame->error().message;
        if (!frame->ok()) break;
        if (const T* match = std::get_if<T>(&**frame)) found.push_back(*match);
      }
    }
    return found;
  }
  template <typename T>
  std::vector<T> events_of() const {
    return filtered<T>(events);
  }
  template <typename T>
  std::vector<T> effects_of() const {
    return filtered<T>(effects);
  }
  RequestId latest_subscribe(std::string_view name) const;
  std::vector<std::uint64_t> offsets() const;
  /// Forgets what came out so far.
  void forget();
  std::optional<StateChanged> latest_state() const;

 private:
  template <typename T, typename V>
  static std::vector<T> filtered(const std::vector<V>& all) {
    std::vector<T> found;
    for (const V& one : all) {
      if (const T* match = std::get_if<T>(&one)) found.push_back(*match);
    }
    return found;
  }
  void keep(const Event& event);

  Bytes message_;
  std::map<std::uint32_t, std::string> event_names_;
  std::map<std::string, RequestId, std::less<>> subscribes_;
};

}  // namespace tidegate::testing
