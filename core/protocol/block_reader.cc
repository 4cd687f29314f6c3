// Proves a block consistent in one pass, so that everything after it may read without looking. The
// JSON column's commas are where the rows' lengths say they are; what stands between them was
// proved by the relay before the append and is not parsed again.
#include "core/protocol/block_reader.h"

#include <algorithm>

#include "core/base/byte_io.h"
#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace tidegate {
namespace {

Error malformed(std::string_view what) {
  return Error{ErrorCode::MalformedFrame, "block: " + std::string(what), 0};
}

Error malformed_row(std::uint32_t index, std::string_view what) {
  return malformed("row " + std::to_string(index) + ": " + std::string(what));
}

bool is_ascii(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080) != 0) return false;
  }
  for (; at < text.size(); ++at) {
    if ((text[at] & 0x80) != 0) return false;
  }
  return true;
}

/// Takes sections off the front of a body, each with the zeros that pad it.
class SectionReader {
 public:
  explicit SectionReader(ByteView body) : reader_(body) {}

  ByteView take(std::size_t bytes) {
    const ByteView section = reader_.bytes(bytes);
    for (const std::uint8_t byte : reader_.bytes((0 - bytes) % wire::kAlignment)) {
      padding_is_zero_ = padding_is_zero_ && byte == 0;
    }
    return section;
  }
  std::uint32_t position() const { return static_cast<std::uint32_t>(reader_.position()); }
  bool complete() const { return reader_.complete(); }
  bool padding_is_zero() const { return padding_is_zero_; }

 private:
  ByteReader reader_;
  bool padding_is_zero_ = true;
};

}  // namespace

Result<BlockView> BlockView::parse(ByteView body, std::uint32_t body_at, BlockShape shape) {
  BlockView view;
  view.shape_ = shape;
  Status status = view.read_header(body, body_at);
  if (status.ok()) status = view.check_dictionary();
  if (status.ok()) status = view.check_rows();
  if (!status.ok()) return status.error();
  return view;
}

Status BlockView::read_header(ByteView body, std::uint32_t body_at) {
  ByteReader header(body);
  stream_ = StreamId{header.u32()};
  row_count_ = header.u32();
  range_.previous = Offset{header.u64()};
  range_.offset = Offset{header.u64()};
  const std::uint32_t heap_bytes = header.u32();
  const std::uint32_t json_bytes = header.u32();
  const std::uint32_t binary_bytes = header.u32();
  group_ = header.u32();
  digest_ = header.u64();
  if (header.failed()) return malformed("the header is cut short");
  if (stream_ == StreamId::None) return malformed("stream must not be 0");
  if (!range_.valid()) return malformed("offset is below previous");
  if (row_count_ > limits::block_rows_max) return malformed("too many rows");

  SectionReader sections(body.subspan(wire::kBlockHeaderBytes));
  const auto sections_at = body_at + static_cast<std::uint32_t>(wire::kBlockHeaderBytes);
  rows_at_ = sections_at;
  rows_ = sections.take(row_count_ * wire::kRowBytes);
  heap_at_ = sections_at + sections.position();
  heap_ = as_text(sections.take(heap_bytes));
  json_at_ = sections_at + sections.position();
  json_ = as_text(sections.take(json_bytes));
  binary_at_ = sections_at + sections.position();
  binary_ = sections.take(binary_bytes);
  if (!sections.complete()) return malformed("the sections do not add up to the body's length");
  if (!sections.padding_is_zero()) return malformed("the padding of a section must be 0");
  return ok_status();
}

Status BlockView::check_dictionary() {
  ByteReader reader(as_bytes(heap_));
  event_count_ = reader.u16();
  if (event_count_ > limits::block_event_names_max) return malformed("too many event names");
  std::size_t names_bytes = 0;
  for (std::uint16_t i = 0; i < event_count_; ++i) {
    const std::uint16_t name_bytes = reader.u16();
    if (reader.failed()) break;
    if (name_bytes == 0) return malformed("an event name is empty");
    if (name_bytes > limits::event_name_bytes_max) return malformed("an event name is too long");
    names_bytes += name_bytes;
  }
  reader.bytes(names_bytes);
  if (reader.failed()) return malformed("the event names do not fit into the heap");
  strings_from_ = static_cast<std::uint32_t>(reader.position());
  if (shape_.sweep) {
    const Status swept = read_sweep(reader.position());
    if (!swept.ok()) return swept;
  }
  const std::size_t names_from = 2 + 2 * std::size_t{event_count_};
  heap_is_ascii_ = is_ascii(heap_.substr(names_from));
  if (heap_is_ascii_) return ok_status();
  EventNameCursor names = event_names();
  for (std::string_view name; names.next(name);) {
    if (!is_valid_utf8(as_bytes(name))) return malformed("an event name is not valid UTF-8");
  }
  return ok_status();
}

Status BlockView::read_sweep(std::size_t at) {
  ByteReader reader(as_bytes(heap_.substr(at)));
  sweep_after_ = reader.string16();
  sweep_until_ = reader.string16();
  sweep_read_at_ = Offset{reader.u64()};
  if (reader.failed()) return malformed("the sweep does not fit into the heap");
  if (std::max(sweep_after_.size(), sweep_until_.size()) > limits::record_key_bytes_max) {
    return malformed("a key of the sweep is too long");
  }
  if (!is_valid_utf8(as_bytes(sweep_after_)) || !is_valid_utf8(as_bytes(sweep_until_))) {
    return malformed("a key of the sweep is not valid UTF-8");
  }
  if (!sweep_until_.empty() && sweep_until_ <= sweep_after_) {
    return malformed("the sweep's keys run backwards");
  }
  if (sweep_read_at_ < range_.offset) return malformed("the sweep was read before the block's end");
  strings_from_ += static_cast<std::uint32_t>(reader.position());
  return ok_status();
}

Status BlockView::check_rows() const {
  if (json_.size() < 2 || json_.front() != '[' || json_.back() != ']') {
    return malformed("the JSON column is not an array");
  }
  wire::Row previous{};
  std::size_t json_at = 1;
  std::size_t binary_at = 0;
  for (std::uint32_t i = 0; i < row_count_; ++i) {
    const wire::Row wire_row = row(i);
    if (const char* fault = row_fault(wire_row, i == 0 ? nullptr : &previous)) {
      return malformed_row(i, fault);
    }
    previous = wire_row;

    const bool binary = is_binary(wire_row);
    const bool is_null =
        binary || wire_row.operation == static_cast<std::uint8_t>(Operation::Delete);
    const std::size_t json_bytes = binary ? 4 : wire_row.payload_len;
    if (json_bytes >= json_.size() - json_at) return malformed_row(i, "its JSON is cut short");
    if (is_null && json_.substr(json_at, json_bytes) != "null") {
      return malformed_row(i, "its element of the JSON column must be null");
    }
    json_at += json_bytes;
    if (json_[json_at] != (i + 1 == row_count_ ? ']' : ',')) {
      return malformed_row(i, "its JSON does not end where its length says");
    }
    ++json_at;
    if (binary) binary_at += wire_row.payload_len;
  }
  if (json_at != json_.size() - (row_count_ == 0 ? 1 : 0)) {
    return malformed("the JSON column is longer than its rows");
  }
  if (binary_at != binary_.size()) {
    return malformed("the binary column does not have the bytes that the rows speak of");
  }
  return ok_status();
}

/// Publications stand in the order of their offsets, within the block's range.
const char* BlockView::place_fault(const wire::Row& row, const wire::Row* previous) const {
  const std::uint64_t above = previous == nullptr ? range_.previous.value : previous->offset;
  if (row.offset <= above) return "its offset is not above the last";
  if (row.offset > range_.offset.value) return "its offset is beyond the block";
  return nullptr;
}

/// Records stand in the order of their keys, whatever their versions are.
const char* BlockView::record_fault(const wire::Row& row, const wire::Row* previous) const {
  const std::string_view key = key_of(row);
  const auto operation = static_cast<Operation>(row.operation);
  if (row.offset == 0) return "a record's version must not be 0";
  if (key.empty()) return "a record must have a key";
  if (operation != Operation::Set && (operation != Operation::Delete || shape_.sweep)) {
    return "its operation is none of a record's";
  }
  if (previous != nullptr && key <= key_of(*previous)) return "its key is not above the last";
  if (!shape_.sweep) return nullptr;
  if (row.offset > sweep_read_at_.value) return "its version is newer than the sweep";
  const bool inside = key > sweep_after_ && (sweep_until_.empty() || key <= sweep_until_);
  return inside ? nullptr : "its key is outside the sweep";
}

const char* BlockView::row_fault(const wire::Row& wire_row, const wire::Row* previous) const {
  const bool is_delete = wire_row.operation == static_cast<std::uint8_t>(Operation::Delete);
  if (const char* fault = shape_.records ? nullptr : place_fault(wire_row, previous)) return fault;
  if (wire_row.operation > static_cast<std::uint8_t>(Operation::Delete)) {
    return "operation has an unknown value";
  }
  if ((wire_row.flags & ~wire::kRowFlagBinary) != 0) return "unknown flags";
  if (is_binary(wire_row) && is_delete) return "a delete cannot be binary";
  if (!is_binary(wire_row) && wire_row.payload_len == 0) return "its JSON is empty";
  if (wire_row.event_index >= event_count_ && wire_row.event_index != wire::kNoEvent) {
    return "event_index is beyond the dictionary";
  }
  if (wire_row.key_len > limits::record_key_bytes_max) return "its key is too long";
  if (wire_row.event_id_len > limits::event_id_bytes_max) return "its event id is too long";
  const std::uint64_t strings_end =
      std::uint64_t{wire_row.string_ref} + wire_row.key_len + wire_row.event_id_len;
  if (wire_row.string_ref < strings_from_ || strings_end > heap_.size()) {
    return "its strings are outside the heap";
  }
  if (const char* fault = shape_.records ? record_fault(wire_row, previous) : nullptr) return fault;
  if (heap_is_ascii_) return nullptr;
  const std::string_view strings = heap_.substr(wire_row.string_ref);
  const bool is_text =
      is_valid_utf8(as_bytes(strings.substr(0, wire_row.key_len))) &&
      is_valid_utf8(as_bytes(strings.substr(wire_row.key_len, wire_row.event_id_len)));
  return is_text ? nullptr : "its key or event id is not valid UTF-8";
}

bool BlockView::EventNameCursor::next(std::string_view& name) {
  if (index_ == count_) return false;
  std::uint16_t name_bytes = 0;
  std::memcpy(&name_bytes, heap_.data() + 2 + 2 * index_, 2);
  name = heap_.substr(name_at_, name_bytes);
  name_at_ += name_bytes;
  ++index_;
  return true;
}

std::string_view BlockView::event_name(std::uint16_t index) const {
  if (index >= event_count_) return {};
  EventNameCursor names = event_names();
  std::string_view name;
  for (std::uint32_t i = 0; i <= index; ++i) names.next(name);
  return name;
}

}  // namespace tidegate
