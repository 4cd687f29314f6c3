// Builds one block frame. Rows are added in offset order, or, of records, in key order; finish()
// appends the frame.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/protocol/block_reader.h"
#include "core/protocol/wire_format.h"
#include "core/stream/publication.h"

namespace tidegate {

class BlockWriter {
 public:
  BlockWriter(StreamId stream, StreamRange range);

  /// Offsets strictly increase within the range; the publication must be within its limits (it has
  /// passed check_draft). Before more than limits::block_rows_max rows the caller cuts the block.
  /// Of records, after set_records(), the keys strictly increase instead.
  void add(Offset offset, const Publication& publication);
  void set_more(bool more) { more_ = more; }
  /// The rows are records: each is a set or a delete, and its offset is its version.
  void set_records() { shape_.records = true; }
  /// … and all that there are above the key `after` and up to `until` (empty: without a bound), as
  /// they were at `read_at`, which is neither below the block's end nor below a row's version. May
  /// follow the rows, since where a page ends is known only then.
  void set_sweep(std::string after, std::string until, Offset read_at);
  /// Of the state at the end of the block.
  void set_digest(std::uint64_t digest) { digest_ = digest; }
  std::uint32_t row_count() const { return static_cast<std::uint32_t>(rows_.size()); }
  /// Bytes the frame will have, for deciding where to cut.
  std::size_t frame_bytes() const;
  /// Appends the frame (header, body, padding) to `out`, which ends at a multiple of 8.
  void finish(Bytes& out) const;

 private:
  std::uint16_t event_index_of(const std::string& event);
  void check_place(Offset offset, const Publication& publication) const;
  void check_shape() const;
  std::string_view key_of(const wire::Row& row) const;
  /// What stands in the heap before the rows' strings: the event dictionary and the sweep.
  std::size_t names_bytes() const;
  std::uint8_t flags() const;

  StreamId stream_;
  StreamRange range_;
  bool more_ = false;
  BlockShape shape_;
  std::string sweep_after_;
  std::string sweep_until_;
  Offset sweep_read_at_;
  std::optional<std::uint64_t> digest_;
  bool has_delete_ = false;
  std::vector<wire::Row> rows_;  // string_ref is relative to strings_ until finish()
  std::vector<std::string> events_;
  std::unordered_map<std::string, std::uint16_t> event_indexes_;  // once there are many
  std::size_t event_bytes_ = 0;
  std::string strings_;
  std::string json_ = "[";
  Bytes binary_;
};

}  // namespace tidegate
