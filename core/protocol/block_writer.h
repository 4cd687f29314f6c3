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

  /// Offsets strictly increase within the range; the publication must be within its limits (it has
  /// passed check_draft). Before more than limits::block_rows_max rows the caller cuts the block.
  void add(Offset offset, const Publication& publication);
  /// Covers up to `offset` even if no row stands there.
  void extend_to(Offset offset) { range_.offset = offset; }
  void set_more(bool more) { more_ = more; }
  std::uint32_t row_count() const { return static_cast<std::uint32_t>(rows_.size()); }
  /// Bytes the frame will have, for deciding where to cut.
  std::size_t frame_bytes() const;
  /// Appends the frame (header, body, padding) to `out`, which ends at a multiple of 8.
  void finish(Bytes& out) const;

 private:
  std::uint16_t event_index_of(const std::string& event);
  /// The heap's event dictionary, which stands before the rows' strings.
  std::size_t names_bytes() const;

  StreamId stream_;
  StreamRange range_;
  bool more_ = false;
  std::vector<wire::Row> rows_;  // string_ref is relative to strings_ until finish()
  std::vector<std::string> events_;
  std::size_t event_bytes_ = 0;
  std::string strings_;
  std::string json_ = "[";
  Bytes binary_;
};

}  // namespace tidegate
