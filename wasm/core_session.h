// One ClientSession with everything that the JavaScript side of the boundary needs around it: the
// buffer that messages and payloads are written into, and the output records. Numbers, strings and
// bytes only. It converts types and calls the session, and decides nothing; bindings.cc exports it,
// and tests/differential drives this same class natively.
//
// Every call begins with an empty output. Read output() and row_table() before the next call.
#pragma once

#include <cstdint>
#include <string>

#include "wasm/output_encoder.h"

namespace tidegate::wasm {

/// Durations and counts of ClientOptions as JavaScript gives them; NaN and what is negative mean
/// the default, and what is too large is cut to limits::client_duration_max or the largest count.
struct SessionTuning {
  double connect_timeout_ms;
  double publish_timeout_ms;
  double backoff_base_ms;
  double backoff_cap_ms;
  double unsubscribe_linger_ms;
  double batch_delay_ms;
  double reconnect_attempts_max;
};

inline std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

/// The conditional fields of a publish, those of PublicationDraft; `conditions` are the bits of the
/// wire (wire::kIfEpoch …).
struct PublishConditions {
  std::uint32_t conditions;
  std::string if_epoch;
  std::uint64_t if_version;
  std::string source_epoch;
  std::uint64_t source_number;
};

class CoreSession {
 public:
  CoreSession(const std::string& client, const std::string& session_id, std::uint32_t seed_low,
              std::uint32_t seed_high, bool fetch_token, const SessionTuning& tuning);

  // ---- hot path: raw exports
  /// Room for `bytes` bytes (at most reserve_max()) of a message, a payload or an event id.
  std::uint8_t* reserve(std::uint32_t bytes);
  static std::uint32_t reserve_max();
  /// One message of `bytes` bytes stands in the reserved room.
  void feed(double monotonic_ms, double wall_ms, std::uint32_t connection, std::uint32_t bytes);
  void timeout(double monotonic_ms, double wall_ms);
  /// The event id of `bytes` bytes stands in the reserved room. Leaves the output as it is.
  bool admit(std::uint32_t listener, std::uint32_t bytes);
  ByteView output() const { return output_.bytes(); }
  std::span<const RowEntry> row_table() const { return session_.row_table(); }
  ByteView source_bytes(std::uint32_t source) const { return session_.source_bytes(source); }

  // ---- control plane: embind
  void handle_open(double monotonic_ms, double wall_ms, std::uint32_t connection);
  void handle_close(double monotonic_ms, double wall_ms, std::uint32_t connection,
                    std::uint32_t code, const std::string& reason);
  void handle_token(double monotonic_ms, double wall_ms, std::uint32_t fetch,
                    const std::string& token);
  void handle_token_failure(double monotonic_ms, double wall_ms, std::uint32_t fetch,
                            const std::string& message, bool permanent);
  void handle_network(double monotonic_ms, double wall_ms, bool online);
  void handle_resume(double monotonic_ms, double wall_ms);
  void connect(double monotonic_ms, double wall_ms);
  void disconnect(double monotonic_ms, double wall_ms);
  void set_token(double monotonic_ms, double wall_ms, const std::string& token);
  /// `epoch` empty: no position to resume from. Returns 0 and a CommandRefused record on failure,
  /// as do publish() and add_listener().
  std::uint32_t subscribe(double monotonic_ms, double wall_ms, const std::string& channel,
                          std::uint32_t history, const std::string& epoch, std::uint32_t offset_low,
                          std::uint32_t offset_high, std::uint32_t min_interval_ms,
                          const std::string& filter);
  void unsubscribe(double monotonic_ms, double wall_ms, std::uint32_t subscription);
  /// The payload of `payload_bytes` bytes stands in the reserved room.
  std::uint32_t publish(double monotonic_ms, double wall_ms, const std::string& channel,
                        std::uint32_t operation, const std::string& key, const std::string& event,
                        const std::string& event_id, const std::string& idempotency_key,
                        const std::string& tags, const PublishConditions& conditions, bool binary,
                        std::uint32_t payload_bytes);
  std::uint32_t add_listener();
  void remove_listener(std::uint32_t listener);
  void position(std::uint32_t subscription);
  void stats();

 private:
  template <typename Call>
  void run(double monotonic_ms, double wall_ms, Call&& call);
  template <typename Id>
  std::uint32_t answer(const Result<Id>& result);
  ByteView reserved(std::uint32_t bytes) const;

  ClientSession session_;
  OutputEncoder output_;
  Bytes inbound_;
};

}  // namespace tidegate::wasm
