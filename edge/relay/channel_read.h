// Reads from outside a connection (HTTP): a part of a channel's history, or of its records, as they
// are once this shard's mirror stands where its owner does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/stream/publication.h"
#include "core/stream/stream_position.h"
#include "edge/relay/claims.h"
#include "edge/relay/log_record.h"

namespace tidegate::relay {

/// What was published after a position, oldest first; without one, the latest.
struct HistoryRange {
  std::optional<StreamPosition> since;
  std::uint32_t limit = 0;
};
/// The records with keys above `after_key`, in the order of their keys.
struct RecordsRange {
  std::string after_key;
  std::uint32_t limit = 0;
};

/// Where a read came from, opaque to the shard.
enum class ReadTicket : std::uint64_t { None = 0 };

/// The caller has checked that whoever asks may read the channel.
struct ReadRequest {
  ReadTicket ticket = ReadTicket::None;
  std::string tenant;
  ChannelName channel;
  ClaimsPtr claims;  // of the reader; nullptr: a server, that sees everything
  std::variant<HistoryRange, RecordsRange> range;
};

struct ReadRow {
  Offset offset;  // of a record: its version
  PublicationPtr publication;
};

/// Rows within (from, to]. Of records: as they are at `to`, whatever their versions.
struct ReadPage {
  ChannelKind kind = ChannelKind::Log;
  Epoch epoch;
  Offset from;
  Offset to;
  Offset top;
  std::vector<ReadRow> rows;
  bool more = false;
};

/// HistoryExceeded and EpochMismatch say from where history can be read.
using ReadResult = Result<ReadPage>;

}  // namespace tidegate::relay
