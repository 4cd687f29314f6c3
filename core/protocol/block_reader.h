// Reads one block without copying: a validated view into the message it stands in. Reading never goes
// outside the block, whatever the bytes say: BlockView::parse has checked every length and index.
#pragma once

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

class BlockView {
 public:
  /// `body` is a block frame's body; `body_at` is where it stands in the whole message.
  /// MalformedFrame, naming the field, unless everything in it is consistent: ranges, row order
  /// (offsets strictly increasing within (previous, offset]), lengths, indexes, the JSON column's
  /// brackets and commas (not the payloads themselves: the relay proved those before the append).
  static Result<BlockView> parse(ByteView body, std::uint32_t body_at);

  StreamId stream() const { return stream_; }
  StreamRange range() const { return range_; }
  std::uint32_t row_count() const { return row_count_; }
  std::uint32_t group() const { return group_; }
  std::uint64_t digest() const { return digest_; }
  std::size_t event_count() const { return event_count_; }
  std::string_view event_name(std::uint16_t index) const;

  /// Walks the rows in order.
  class RowCursor {
   public:
    explicit RowCursor(const BlockView& view);
    bool next(BlockRow& row);

   private:
    const BlockView& view_;
    std::uint32_t index_ = 0;
    std::uint32_t json_at_ = 1;
    std::uint32_t binary_at_ = 0;
  };
  RowCursor rows() const { return RowCursor(*this); }
  /// The JSON column: one array with an element for every row. And where it stands in the message.
  std::string_view json() const { return json_; }
  std::uint32_t json_at() const { return json_at_; }

 private:
  Status check_rows() const;

  StreamId stream_ = StreamId::None;
  StreamRange range_;
  std::uint32_t row_count_ = 0;
  std::uint32_t group_ = 0;
  std::uint64_t digest_ = 0;
  std::uint16_t event_count_ = 0;
  std::uint32_t rows_at_ = 0;    // all *_at are from the start of the whole message
  std::uint32_t json_at_ = 0;
  std::uint32_t binary_at_ = 0;
  ByteView rows_;
  std::string_view heap_;
  std::string_view json_;
  ByteView binary_;
};

}  // namespace tidegate
