// Collects the columns row by row and lays them out behind one another in finish().
#include "core/protocol/block_writer.h"

#include <algorithm>

#include "core/base/byte_io.h"
#include "core/base/limits.h"

namespace tidegate {
namespace {

constexpr std::string_view kNull = "null";
/// Up to here a look at each event name is as fast as an index of them, and allocates nothing.
constexpr std::size_t kEventsLookedThrough = 16;

}  // namespace

BlockWriter::BlockWriter(StreamId stream, StreamRange range) : stream_(stream), range_(range) {}

void BlockWriter::add(Offset offset, const Publication& publication) {
  TIDEGATE_CHECK(rows_.size() < limits::block_rows_max);
  check_place(offset, publication);
  const bool binary = publication.payload_kind == PayloadKind::Binary;
  const bool is_null = binary || publication.operation == Operation::Delete;
  const std::string_view json = is_null ? kNull : as_text(publication.payload);
  TIDEGATE_CHECK(!json.empty());

  wire::Row row{};
  row.offset = offset.value;
  row.time_ms = static_cast<std::uint64_t>(wall_ms(publication.time));
  row.payload_len = static_cast<std::uint32_t>(binary ? publication.payload.size() : json.size());
  row.string_ref = static_cast<std::uint32_t>(strings_.size());
  row.key_len = static_cast<std::uint16_t>(publication.key.size());
  row.event_id_len = static_cast<std::uint16_t>(publication.event_id.size());
  row.event_index = event_index_of(publication.event);
  row.operation = static_cast<std::uint8_t>(publication.operation);
  row.flags = binary ? wire::kRowFlagBinary : std::uint8_t{0};
  rows_.push_back(row);
  has_delete_ = has_delete_ || publication.operation == Operation::Delete;

  strings_ += publication.key;
  strings_ += publication.event_id;
  if (rows_.size() > 1) json_ += ',';
  json_ += json;
  if (binary) {
    binary_.insert(binary_.end(), publication.payload.begin(), publication.payload.end());
  }
}

void BlockWriter::check_place(Offset offset, const Publication& publication) const {
  if (!shape_.records) {
    TIDEGATE_CHECK(offset.value > (rows_.empty() ? range_.previous.value : rows_.back().offset));
    return;
  }
  TIDEGATE_CHECK(offset.value != 0);
  TIDEGATE_CHECK(publication.operation == Operation::Set ||
                 publication.operation == Operation::Delete);
  TIDEGATE_CHECK(publication.key > (rows_.empty() ? std::string_view() : key_of(rows_.back())));
}

/// What the rows, the flags and the keys of a sweep must be to one another.
void BlockWriter::check_shape() const {
  if (!shape_.records) {
    TIDEGATE_CHECK(!more_);
    TIDEGATE_CHECK(rows_.empty() || rows_.back().offset <= range_.offset.value);
  }
  if (!shape_.sweep) return;
  TIDEGATE_CHECK(!has_delete_);
  TIDEGATE_CHECK(sweep_until_.empty() || sweep_until_ > sweep_after_);
  TIDEGATE_CHECK(sweep_read_at_ >= range_.offset);
  for (const wire::Row& row : rows_) TIDEGATE_CHECK(row.offset <= sweep_read_at_.value);
  if (rows_.empty()) return;
  TIDEGATE_CHECK(key_of(rows_.front()) > sweep_after_);
  TIDEGATE_CHECK(sweep_until_.empty() || key_of(rows_.back()) <= sweep_until_);
}

std::string_view BlockWriter::key_of(const wire::Row& row) const {
  return std::string_view(strings_).substr(row.string_ref, row.key_len);
}

std::uint16_t BlockWriter::event_index_of(const std::string& event) {
  if (event.empty()) return wire::kNoEvent;
  if (!rows_.empty()) {  // mostly the same one as before
    const std::uint16_t last = rows_.back().event_index;
    if (last != wire::kNoEvent && events_[last] == event) return last;
  }
  const auto next = static_cast<std::uint16_t>(events_.size());
  const auto looked_through = std::min(events_.size(), kEventsLookedThrough);
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(looked_through);
  if (const auto at = std::find(events_.begin(), end, event); at != end) {
    return static_cast<std::uint16_t>(at - events_.begin());
  }
  if (next >= kEventsLookedThrough) {
    const auto [at, is_new] = event_indexes_.try_emplace(event, next);
    if (!is_new) return at->second;
  }
  events_.push_back(event);
  event_bytes_ += event.size();
  return next;
}

void BlockWriter::set_sweep(std::string after, std::string until, Offset read_at) {
  shape_ = BlockShape{true, true};
  sweep_after_ = std::move(after);
  sweep_until_ = std::move(until);
  sweep_read_at_ = read_at;
}

std::size_t BlockWriter::names_bytes() const {
  const std::size_t events = 2 + 2 * events_.size() + event_bytes_;
  if (!shape_.sweep) return events;
  return events + 2 + sweep_after_.size() + 2 + sweep_until_.size() + sizeof(sweep_read_at_.value);
}

std::uint8_t BlockWriter::flags() const {
  return static_cast<std::uint8_t>(
      (more_ ? wire::kFlagMore : 0) | (digest_.has_value() ? wire::kFlagDigest : 0) |
      (shape_.records ? wire::kFlagRecords : 0) | (shape_.sweep ? wire::kFlagSweep : 0));
}

std::size_t BlockWriter::frame_bytes() const {
  return wire::kFrameHeaderBytes + wire::kBlockHeaderBytes + rows_.size() * wire::kRowBytes +
         wire::padded(names_bytes() + strings_.size()) + wire::padded(json_.size() + 1) +
         wire::padded(binary_.size());
}

void BlockWriter::finish(Bytes& out) const {
  TIDEGATE_CHECK(stream_ != StreamId::None && range_.valid());
  check_shape();
  const std::size_t frame_end = out.size() + frame_bytes();
  out.reserve(frame_end);
  ByteWriter writer(out);
  const auto pad = [&] { writer.zeros(wire::padded(writer.size()) - writer.size()); };
  TIDEGATE_CHECK(writer.size() % wire::kAlignment == 0);

  writer.u32(static_cast<std::uint32_t>(frame_bytes() - wire::kFrameHeaderBytes));
  writer.u8(static_cast<std::uint8_t>(wire::FrameType::Block));
  writer.u8(flags());
  writer.u16(0);

  writer.u32(static_cast<std::uint32_t>(stream_));
  writer.u32(row_count());
  writer.u64(range_.previous.value);
  writer.u64(range_.offset.value);
  writer.u32(static_cast<std::uint32_t>(names_bytes() + strings_.size()));
  writer.u32(static_cast<std::uint32_t>(json_.size() + 1));
  writer.u32(static_cast<std::uint32_t>(binary_.size()));
  writer.u32(0);  // group
  writer.u64(digest_.value_or(0));

  for (wire::Row row : rows_) {
    row.string_ref += static_cast<std::uint32_t>(names_bytes());
    writer.bytes({reinterpret_cast<const std::uint8_t*>(&row), wire::kRowBytes});
  }
  writer.u16(static_cast<std::uint16_t>(events_.size()));
  for (const std::string& event : events_) writer.u16(static_cast<std::uint16_t>(event.size()));
  for (const std::string& event : events_) writer.text(event);
  if (shape_.sweep) {
    writer.string16(sweep_after_);
    writer.string16(sweep_until_);
    writer.u64(sweep_read_at_.value);
  }
  writer.text(strings_);
  pad();
  writer.text(json_);
  writer.u8(']');
  pad();
  writer.bytes(binary_);
  pad();
  TIDEGATE_CHECK(out.size() == frame_end);
}

}  // namespace tidegate
