#include "edge/store/record_codec.h"

#include <memory>
#include <string>
#include <utility>

#include "core/base/byte_io.h"

namespace tidegate::store {
namespace {

using relay::FirstAnswer;
using relay::LogRecord;
using relay::LogRecordPtr;
using relay::RememberedKeys;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = 8;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kRecordBytesMin = 80;  // what reserves memory for a count is bounded by this

enum class Kind : std::uint8_t { Log = 1, Record = 2, Keys = 3 };

constexpr unsigned kHasIfEpoch = 1;
constexpr unsigned kHasIfVersion = 2;
constexpr unsigned kHasSourceVersion = 4;
constexpr unsigned kPresenceMax = 7;

Error damaged(const char* what) {
  return Error{ErrorCode::Internal, std::string("the stored bytes are damaged: ") + what, 0};
}

// ---- writing

void begin(ByteWriter& out, Kind kind, std::size_t count) {
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(kind));
  out.u16(0);
  out.u32(static_cast<std::uint32_t>(count));
}

void end(ByteWriter& out, const Bytes& bytes) { out.u64(checksum(bytes)); }

void write_hash(ByteWriter& out, const Hash128& hash) {
  out.u64(hash.high);
  out.u64(hash.low);
}

void write_time(ByteWriter& out, WallTime time) {
  out.u64(static_cast<std::uint64_t>(wall_ms(time)));
}

void write_record(ByteWriter& out, const LogRecord& record, const Publication& publication) {
  out.u64(record.id.incarnation);
  out.u64(record.id.sequence);
  write_hash(out, record.payload_hash);
  write_time(out, publication.time);
  out.u8(static_cast<std::uint8_t>(publication.operation));
  out.u8(static_cast<std::uint8_t>(publication.payload_kind));
  unsigned present = 0;
  present |= record.if_epoch.has_value() ? kHasIfEpoch : 0U;
  present |= record.if_version.has_value() ? kHasIfVersion : 0U;
  present |= publication.source_version.has_value() ? kHasSourceVersion : 0U;
  out.u16(static_cast<std::uint16_t>(present));
  out.u64(record.record_limits.count);
  out.u64(record.record_limits.bytes);
  out.string16(record.producer);
  out.string16(record.idempotency_key);
  out.string16(publication.event);
  out.string16(publication.event_id);
  out.string16(publication.key);
  out.string16(publication.tags);
  out.string32(as_text(publication.payload));
  if (record.if_epoch.has_value()) out.string16(record.if_epoch->token());
  if (record.if_version.has_value()) out.u64(record.if_version->value);
  if (publication.source_version.has_value()) {
    out.string16(publication.source_version->epoch);
    out.u64(publication.source_version->number);
  }
}

std::size_t size_hint(const LogRecord& record) {
  const Publication& publication = *record.publication;
  return 2 * kRecordBytesMin + record.producer.size() + record.idempotency_key.size() +
         publication.event.size() + publication.event_id.size() + publication.key.size() +
         publication.tags.size() + publication.payload.size();
}

// ---- reading

Hash128 read_hash(ByteReader& in) {
  Hash128 hash;
  hash.high = in.u64();
  hash.low = in.u64();
  return hash;
}

WallTime read_time(ByteReader& in) { return wall_from_ms(static_cast<std::int64_t>(in.u64())); }

/// Checks head and checksum; gives the items and how many there are.
Result<std::pair<ByteReader, std::uint32_t>> open_batch(ByteView bytes, Kind kind) {
  if (bytes.size() < kHeadBytes + kChecksumBytes) return damaged("they are too few");
  ByteReader head(bytes);
  const std::uint8_t version = head.u8();
  const std::uint8_t found_kind = head.u8();
  const std::uint16_t zero = head.u16();
  const std::uint32_t count = head.u32();
  const ByteView covered = bytes.first(bytes.size() - kChecksumBytes);
  ByteReader tail(bytes.last(kChecksumBytes));
  if (tail.u64() != checksum(covered)) return damaged("the checksum does not fit");
  if (version != kVersion) return damaged("they are of a version that this release does not know");
  if (found_kind != static_cast<std::uint8_t>(kind) || zero != 0) {
    return damaged("they are something else");
  }
  return std::pair(ByteReader(covered.subspan(kHeadBytes)), count);
}

bool read_conditions(ByteReader& in, unsigned present, LogRecord& record,
                     Publication& publication) {
  if ((present & kHasIfEpoch) != 0) {
    auto epoch = Epoch::parse(in.string16());
    if (!epoch) return false;
    record.if_epoch = *epoch;
  }
  if ((present & kHasIfVersion) != 0) record.if_version = Offset{in.u64()};
  if ((present & kHasSourceVersion) != 0) {
    SourceVersion version;
    version.epoch = in.string16();
    version.number = in.u64();
    publication.source_version = std::move(version);
  }
  return true;
}

Result<LogRecordPtr> read_record(ByteReader& in) {
  auto record = std::make_shared<LogRecord>();
  auto publication = std::make_shared<Publication>();
  record->id.incarnation = in.u64();
  record->id.sequence = in.u64();
  record->payload_hash = read_hash(in);
  publication->time = read_time(in);
  const std::uint8_t operation = in.u8();
  const std::uint8_t payload_kind = in.u8();
  const std::uint16_t present = in.u16();
  record->record_limits.count = static_cast<std::size_t>(in.u64());
  record->record_limits.bytes = static_cast<std::size_t>(in.u64());
  record->producer = in.string16();
  record->idempotency_key = in.string16();
  publication->event = in.string16();
  publication->event_id = in.string16();
  publication->key = in.string16();
  publication->tags = in.string16();
  const std::string_view payload = in.string32();
  publication->payload.assign(payload.begin(), payload.end());
  if (operation > static_cast<std::uint8_t>(Operation::Delete) ||
      payload_kind > static_cast<std::uint8_t>(PayloadKind::Binary) || present > kPresenceMax ||
      !read_conditions(in, present, *record, *publication) || in.failed()) {
    return damaged("a record cannot be read");
  }
  publication->operation = Operation{operation};
  publication->payload_kind = PayloadKind{payload_kind};
  record->publication = std::move(publication);
  return LogRecordPtr(std::move(record));
}

Result<RememberedKeys> read_keys(ByteReader& in) {
  RememberedKeys keys;
  keys.offset = Offset{in.u64()};
  const std::uint8_t answer = in.u8();
  keys.time = read_time(in);
  keys.payload_hash = read_hash(in);
  keys.producer = in.string16();
  keys.idempotency_key = in.string16();
  keys.event_id = in.string16();
  if (in.failed() || answer > static_cast<std::uint8_t>(FirstAnswer::OverLimit)) {
    return damaged("remembered keys cannot be read");
  }
  keys.answer = FirstAnswer{answer};
  return keys;
}

template <typename Item>
Result<std::vector<Item>> read_batch(ByteView bytes, Kind kind, Result<Item> (*read)(ByteReader&)) {
  auto opened = open_batch(bytes, kind);
  if (!opened) return opened.error();
  auto& [in, count] = *opened;
  std::vector<Item> items;
  for (std::uint32_t index = 0; index < count; ++index) {
    auto item = read(in);
    if (!item) return item.error();
    items.push_back(std::move(*item));
  }
  if (!in.complete()) return damaged("there is something behind the last item");
  return items;
}

}  // namespace

/// Eight bytes at a time: every byte of a publication passes here. Each step is one to one.
std::uint64_t checksum(ByteView bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  std::uint64_t sum = bytes.size() * kOdd;
  const auto take = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 29;
  };
  ByteReader in(bytes);
  while (in.remaining() >= 8) take(in.u64());
  while (in.remaining() > 0) take(in.u8());
  return split_mix64(sum);
}

Bytes encode_log(std::span<const LogRecordPtr> records) {
  std::size_t hint = kHeadBytes + kChecksumBytes;
  for (const LogRecordPtr& record : records) hint += size_hint(*record);
  Bytes bytes;
  bytes.reserve(hint);
  ByteWriter out(bytes);
  begin(out, Kind::Log, records.size());
  for (const LogRecordPtr& record : records) write_record(out, *record, *record->publication);
  end(out, bytes);
  return bytes;
}

Bytes encode_publication(const Publication& publication) {
  Bytes bytes;
  ByteWriter out(bytes);
  begin(out, Kind::Record, 1);
  write_record(out, LogRecord{}, publication);
  end(out, bytes);
  return bytes;
}

Bytes encode_keys(const std::vector<RememberedKeys>& keys) {
  Bytes bytes;
  ByteWriter out(bytes);
  begin(out, Kind::Keys, keys.size());
  for (const RememberedKeys& one : keys) {
    out.u64(one.offset.value);
    out.u8(static_cast<std::uint8_t>(one.answer));
    write_time(out, one.time);
    write_hash(out, one.payload_hash);
    out.string16(one.producer);
    out.string16(one.idempotency_key);
    out.string16(one.event_id);
  }
  end(out, bytes);
  return bytes;
}

Result<std::vector<LogRecordPtr>> decode_log(ByteView bytes) {
  return read_batch<LogRecordPtr>(bytes, Kind::Log, read_record);
}

Result<PublicationPtr> decode_publication(ByteView bytes) {
  auto records = read_batch<LogRecordPtr>(bytes, Kind::Record, read_record);
  if (!records) return records.error();
  if (records->size() != 1) return damaged("a record stands alone");
  return records->front()->publication;
}

Result<std::vector<RememberedKeys>> decode_keys(ByteView bytes) {
  return read_batch<RememberedKeys>(bytes, Kind::Keys, read_keys);
}

}  // namespace tidegate::store
