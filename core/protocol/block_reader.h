// Reads one block without copying: a validated view into the message it stands in. Reading never
// goes outside the block, whatever the bytes say: BlockView::parse has checked every length and
// index.
#pragma once

#include <cstring>

#include "core/protocol/wire_format.h"
#include "core/stream/publication.h"

namespace tidegate {

/// One row, with views into the message. Payload offsets are found by walking, hence RowCursor.
struct BlockRow {
  Offset offset;
  WallTime time;
  Operation operation = Operation::Append;
  PayloadKind payload_kind = PayloadKind::Json;
  std::uint16_t event_index = wire::kNoEvent;
  std::string_view key;
  std::string_view event_id;
  ByteView payload;          // JSON text, or the bytes of a binary payload
  std::uint32_t row_at = 0;  // where the row stands, in bytes from the start of the whole message
  std::uint32_t payload_at = 0;
};

/// What the frame's flags say of its rows.
struct BlockShape {
  bool records = false;  // records as they are, in key order; their offsets are their versions
  bool sweep = false;    // … and all that there are within a range of keys
};

class BlockView {
 public:
  /// `body` is a block frame's body; `body_at` is where it stands in the whole message.
  /// MalformedFrame, naming the field, unless everything in it is consistent: ranges, row order
  /// (offsets strictly increasing within (previous, offset]), lengths, indexes, the JSON column's
  /// brackets and commas (not the payloads themselves: the relay proved those before the append).
  static Result<BlockView> parse(ByteView body, std::uint32_t body_at, BlockShape shape = {});

  StreamId stream() const { return stream_; }
  StreamRange range() const { return range_; }
  std::uint32_t row_count() const { return row_count_; }
  std::uint32_t group() const { return group_; }
  std::uint64_t digest() const { return digest_; }
  BlockShape shape() const { return shape_; }
  /// Of a sweep: the rows are all records whose keys are above `sweep_after` and not above
  /// `sweep_until`; empty: without a bound.
  std::string_view sweep_after() const { return sweep_after_; }
  std::string_view sweep_until() const { return sweep_until_; }
  /// … as they were at this offset, which may be beyond the block's end.
  Offset sweep_read_at() const { return sweep_read_at_; }
  std::size_t event_count() const { return event_count_; }
  /// Counts through the names before it: to read many, walk them with event_names().
  std::string_view event_name(std::uint16_t index) const;

  /// Walks the event names in the order of their indexes.
  class EventNameCursor {
   public:
    explicit EventNameCursor(const BlockView& view)
        : heap_(view.heap_), count_(view.event_count_), name_at_(2 + 2 * std::size_t{count_}) {}
    bool next(std::string_view& name);

   private:
    std::string_view heap_;
    std::size_t index_ = 0;
    std::size_t count_;
    std::size_t name_at_;
  };
  EventNameCursor event_names() const { return EventNameCursor(*this); }

  /// Walks the rows in order. Inline, without checks: this is the browser's hot path.
  class RowCursor {
   public:
    explicit RowCursor(const BlockView& view) : view_(view) {}
    bool next(BlockRow& row);

   private:
    const BlockView& view_;
    std::uint32_t index_ = 0;
    std::uint32_t json_at_ = 1;
    std::uint32_t binary_at_ = 0;
  };
  RowCursor rows() const& { return RowCursor(*this); }
  RowCursor rows() const&& = delete;  // the cursor reads the view
  /// The JSON column: one array with an element for every row. And where it stands in the message.
  std::string_view json() const { return json_; }
  std::uint32_t json_at() const { return json_at_; }
  /// Where the heap stands in the message; a row's string_ref counts from here.
  std::uint32_t heap_at() const { return heap_at_; }

 private:
  Status read_header(ByteView body, std::uint32_t body_at);
  Status check_dictionary();
  Status read_sweep(std::size_t at);
  Status check_rows() const;
  /// What is wrong with a row, before which stood `previous` (none: the range's); null when nothing
  /// is.
  const char* row_fault(const wire::Row& row, const wire::Row* previous) const;
  const char* place_fault(const wire::Row& row, const wire::Row* previous) const;
  const char* record_fault(const wire::Row& row, const wire::Row* previous) const;
  std::string_view key_of(const wire::Row& row) const {
    return heap_.substr(row.string_ref, row.key_len);
  }

  wire::Row row(std::uint32_t index) const {
    wire::Row row;
    std::memcpy(&row, rows_.data() + index * wire::kRowBytes, wire::kRowBytes);
    return row;
  }
  static bool is_binary(const wire::Row& row) { return (row.flags & wire::kRowFlagBinary) != 0; }

  StreamId stream_ = StreamId::None;
  StreamRange range_;
  std::uint32_t row_count_ = 0;
  std::uint32_t group_ = 0;
  std::uint64_t digest_ = 0;
  BlockShape shape_;
  std::string_view sweep_after_;
  std::string_view sweep_until_;
  Offset sweep_read_at_;
  std::uint16_t event_count_ = 0;
  bool heap_is_ascii_ = false;      // then every part of it is valid UTF-8
  std::uint32_t strings_from_ = 0;  // within the heap, behind the event names
  std::uint32_t rows_at_ = 0;       // all *_at are from the start of the whole message
  std::uint32_t heap_at_ = 0;
  std::uint32_t json_at_ = 0;
  std::uint32_t binary_at_ = 0;
  ByteView rows_;
  std::string_view heap_;
  std::string_view json_;
  ByteView binary_;
};

inline bool BlockView::RowCursor::next(BlockRow& row) {
  if (index_ == view_.row_count_) return false;
  const wire::Row wire_row = view_.row(index_);
  const bool binary = is_binary(wire_row);
  const std::uint32_t json_bytes = binary ? 4 : wire_row.payload_len;
  row.offset = Offset{wire_row.offset};
  row.time = wall_from_ms(static_cast<std::int64_t>(wire_row.time_ms));
  row.operation = static_cast<Operation>(wire_row.operation);
  row.payload_kind = binary ? PayloadKind::Binary : PayloadKind::Json;
  row.event_index = wire_row.event_index;
  row.key = std::string_view(view_.heap_.data() + wire_row.string_ref, wire_row.key_len);
  row.event_id = std::string_view(row.key.data() + wire_row.key_len, wire_row.event_id_len);
  row.payload = binary ? ByteView(view_.binary_.data() + binary_at_, wire_row.payload_len)
                       : as_bytes(std::string_view(view_.json_.data() + json_at_, json_bytes));
  row.row_at = view_.rows_at_ + index_ * static_cast<std::uint32_t>(wire::kRowBytes);
  row.payload_at = binary ? view_.binary_at_ + binary_at_ : view_.json_at_ + json_at_;
  json_at_ += json_bytes + 1;
  binary_at_ += binary ? wire_row.payload_len : 0;
  ++index_;
  return true;
}

}  // namespace tidegate
