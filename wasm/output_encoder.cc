// The records of output_encoder.h, one small function for each kind.
#include "wasm/output_encoder.h"

#include "core/base/byte_io.h"
#include "core/protocol/wire_format.h"

namespace tidegate::wasm {
namespace {

/// One record being written: its length is known, and its padding due, when it goes out of scope.
class Record {
 public:
  Record(Bytes& out, RecordKind kind) : out_(out), writer_(out), start_(out.size()) {
    writer_.u32(static_cast<std::uint32_t>(kind));
    writer_.u32(0);
  }
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  ~Record() {
    const std::size_t body = out_.size() - start_ - 8;
    writer_.patch_u32(start_ + 4, static_cast<std::uint32_t>(body));
    writer_.zeros(wire::padded(body) - body);
  }

  template <typename Number>
  Record& number(Number value) {
    writer_.u32(static_cast<std::uint32_t>(value));
    return *this;
  }
  Record& number64(std::uint64_t value) {
    writer_.u64(value);  // little-endian, as JavaScript will read it: low word, then high word
    return *this;
  }
  Record& time_ms(double ms) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &ms, sizeof bits);
    writer_.u64(bits);
    return *this;
  }
  Record& text(std::string_view text) {
    writer_.string32(text);
    return *this;
  }
  Record& bytes(ByteView bytes) {
    writer_.bytes(bytes);
    return *this;
  }
  Record& position(const StreamPosition& position) {
    return number64(position.offset.value).text(position.epoch.token());
  }
  Record& error(const Error& error) {
    return number(error.code).number(error.retry_after_ms).text(error.message);
  }

 private:
  Bytes& out_;
  ByteWriter writer_;
  std::size_t start_;
};

// ---- effects

void write(Bytes& out, const OpenConnection& effect) {
  Record(out, RecordKind::OpenConnection).number(effect.connection);
}
void write(Bytes& out, const CloseConnection& effect) {
  Record(out, RecordKind::CloseConnection)
      .number(effect.connection)
      .number(effect.code)
      .text(effect.reason);
}
void write(Bytes& out, const FetchToken& effect) {
  Record(out, RecordKind::FetchToken).number(effect.fetch);
}

// ---- events

void write(Bytes& out, const StateChanged& event) {
  Record(out, RecordKind::StateChanged)
      .number(event.state)
      .number(event.code)
      .number(event.attempt)
      .number(event.retry_in_ms)
      .text(event.message);
}
void write(Bytes& out, const SubscriptionStarted& event) {
  Record(out, RecordKind::SubscriptionStarted)
      .number(event.subscription)
      .number(event.outcome)
      .number(event.reason)
      .number(event.kind)
      .position(event.start);
}
void write(Bytes& out, const SubscriptionLive& event) {
  Record(out, RecordKind::SubscriptionLive).number(event.subscription);
}
void write(Bytes& out, const SubscriptionEnded& event) {
  Record(out, RecordKind::SubscriptionEnded).number(event.subscription).error(event.error);
}
void write(Bytes& out, const GapDetected& event) {
  Record(out, RecordKind::GapDetected).number(event.subscription);
}
void write(Bytes& out, const RowsDelivered& event) {
  Record(out, RecordKind::RowsDelivered)
      .number(event.subscription)
      .number(event.first_row)
      .number(event.row_count)
      .number(event.source)
      .number(event.json_at)
      .number(event.json_bytes);
}
void write(Bytes& out, const RecordsRemoved& event) {
  Record record(out, RecordKind::RecordsRemoved);
  record.number(event.subscription).number(event.keys.size());
  for (const std::string& key : event.keys) {
    record.text(key);
  }
}
void write(Bytes& out, const EventNamed& event) {
  Record(out, RecordKind::EventNamed).number(event.event).text(event.name);
}
void write(Bytes& out, const PublishAcknowledged& event) {
  Record(out, RecordKind::PublishAcknowledged)
      .number(event.request)
      .number(event.outcome)
      .position(event.position);
}
void write(Bytes& out, const PublishConflicted& event) {
  Record(out, RecordKind::PublishConflicted)
      .number(event.request)
      .number(event.payload_kind)
      .number64(event.version.value)
      .text(as_text(event.payload));
}
void write(Bytes& out, const PublishFailed& event) {
  Record(out, RecordKind::PublishFailed).number(event.request).error(event.error);
}

double deadline_ms(const std::optional<Instant>& deadline) {
  return deadline ? static_cast<double>(deadline->time_since_epoch().count()) / 1000.0 : -1.0;
}

}  // namespace

void OutputEncoder::poll(ClientSession& session, Now now) {
  while (const auto effect = session.poll_effect()) {
    std::visit([this](const auto& value) { write(bytes_, value); }, *effect);
  }
  while (const auto message = session.poll_transmit(now)) {
    Record(bytes_, RecordKind::Transmit).bytes(*message);
  }
  while (const auto event = session.poll_event()) {
    std::visit([this](const auto& value) { write(bytes_, value); }, *event);
  }
  Record(bytes_, RecordKind::Deadline).time_ms(deadline_ms(session.poll_timeout()));
}

void OutputEncoder::refuse(const Error& error) {
  Record(bytes_, RecordKind::CommandRefused).error(error);
}

void OutputEncoder::position(const ClientSession& session, SubscriptionId subscription) {
  const auto position = session.position(subscription);
  Record(bytes_, RecordKind::Position).position(position.value_or(StreamPosition{}));
}

void OutputEncoder::stats(const ClientSession& session) {
  const ClientStats& stats = session.stats();
  Record(bytes_, RecordKind::Stats)
      .number64(stats.messages_received)
      .number64(stats.rows_delivered)
      .number64(stats.duplicates_dropped)
      .number64(stats.gaps_detected)
      .number64(stats.gaps_repaired)
      .number64(stats.unbound_blocks)
      .number64(stats.digests_compared)
      .number64(stats.digest_mismatches)
      .number64(stats.records_repaired)
      .number64(stats.connections_opened)
      .number64(stats.round_trip_us)
      .number64(session.outbox_size())
      .number64(session.subscription_count());
}

}  // namespace tidegate::wasm
