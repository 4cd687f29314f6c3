// Builds one block frame. Rows are added in offset order; finish() returns where the frame ends.
#pragma once

#include <string>
#include <vector>

#include "core/protocol/wire_format.h"
#include "core/stream/publication.h"

namespace tidegate {

class BlockWriter {
 public:
  BlockWriter(StreamId stream, StreamRange range);

  /// Offsets strictly increase within the range; the publication must be within its limits.
  void add(Offset offset, const Publication& publication);
  /// Covers up to `offset` even if no row stands there.
  void extend_to(Offset offset) { range_.offset = offset; }
  void set_more(bool more) { more_ = more; }
  std::uint32_t row_count() const { return static_cast<std::uint32_t>(rows_.size()); }
  /// Bytes the frame will have, for deciding where to cut.
  std::size_t frame_bytes() const;
  /// Appends the frame (header, body, padding) to `out`.
  void finish(Bytes& out) const;

 private:
  struct Row {
    Offset offset;
    WallTime time;
    std::uint32_t payload_len = 0;
    std::uint32_t string_ref = 0;   // relative to the rows' strings until finish()
    std::uint16_t key_len = 0;
    std::uint16_t event_id_len = 0;
    std::uint16_t event_index = wire::kNoEvent;
    Operation operation = Operation::Append;
    std::uint8_t row_flags = 0;
  };
  std::uint16_t event_index_of(const std::string& event);

  StreamId stream_;
  StreamRange range_;
  bool more_ = false;
  std::vector<Row> rows_;
  std::vector<std::string> events_;
  std::size_t event_bytes_ = 0;
  std::string strings_;
  std::string json_ = "[";
  Bytes binary_;
};

}  // namespace tidegate
