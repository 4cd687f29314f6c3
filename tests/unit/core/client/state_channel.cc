#include "tests/unit/core/client/state_channel.h"

namespace tidegate::testing {

Bytes state_block(std::uint32_t stream, std::uint64_t previous, std::uint64_t offset,
                  const std::vector<StateRow>& rows, const Page& page) {
  BlockWriter writer(StreamId{stream}, StreamRange{Offset{previous}, Offset{offset}});
  if (page.kind != kReplay) writer.set_records();
  if (page.kind == kSweep) {
    std::uint64_t read_at = std::max(offset, page.read_at);
    for (const StateRow& row : rows) read_at = std::max(read_at, row.version);
    writer.set_sweep(page.after, page.until, Offset{read_at});
  }
  if (page.digest) writer.set_digest(*page.digest);
  writer.set_more(page.more);
  for (const StateRow& row : rows) {
    Publication publication;
    publication.operation = row.operation;
    publication.key = row.key;
    const bool is_json = row.payload.empty() || row.payload.front() == '{';
    publication.payload_kind = is_json ? PayloadKind::Json : PayloadKind::Binary;
    publication.payload.assign(row.payload.begin(), row.payload.end());
    writer.add(Offset{row.version}, publication);
  }
  Bytes bytes;
  writer.finish(bytes);
  return bytes;
}

SubscribedFrame state_answer(RequestId request, std::uint32_t stream, std::string_view name,
                             SnapshotReason reason, StreamPosition start, std::uint64_t target,
                             CatchUp catch_up) {
  SubscribedFrame frame;
  frame.request = request;
  frame.stream = StreamId{stream};
  frame.outcome =
      reason == SnapshotReason::None ? SubscribeOutcome::Recovered : SubscribeOutcome::Snapshot;
  frame.reason = reason;
  frame.start = std::move(start);
  frame.target = Offset{target};
  frame.channel = channel(name);
  frame.kind = ChannelKind::State;
  frame.catch_up = catch_up;
  return frame;
}

}  // namespace tidegate::testing
