// A block of the JSON encoding becomes a binary block, of which the frame is a view: so there is
// one model, and one law for both. What BlockWriter takes for granted is checked here, row by row.
#include "core/base/json_slice.h"
#include "core/base/limits.h"
#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol_json/json_fields.h"
#include "core/protocol_json/json_frames.h"
#include "core/protocol_json/json_names.h"

namespace tidegate::json {
namespace {

/// What is read of a block before its rows.
struct Head {
  StreamId stream = StreamId::None;
  StreamRange range;
  bool more = false;
  BlockShape shape;
  std::string after;
  std::string until;
  Offset read_at;
  std::optional<std::uint64_t> digest;
};

/// The row before, which the next one must be above.
struct Place {
  Offset offset;
  std::string key;
};

void read_sweep(Fields& fields, Head& head) {
  if (!fields.has("sweep")) return;
  head.shape.sweep = true;
  Fields sweep = fields.object("sweep", {"after", "until", "readAt"});
  head.after = sweep.text("after", limits::record_key_bytes_max);
  head.until = sweep.text("until", limits::record_key_bytes_max);
  if (!head.until.empty() && head.until <= head.after) {
    sweep.fault({}, "has keys that run backwards");
  }
  if (!head.shape.records) sweep.fault({}, "is of records only");
  head.read_at = Offset{sweep.required_wide("readAt")};
  if (head.read_at < head.range.offset) sweep.fault("readAt", "is below the block's offset");
}

Head read_head(Fields& fields) {
  Head head;
  head.stream = fields.stream();
  head.range.previous = Offset{fields.required_wide("previous")};
  head.range.offset = Offset{fields.required_wide("offset")};
  if (!head.range.valid()) fields.fault("offset", "is below previous");
  head.shape.records = fields.truth("records");
  head.more = fields.truth("more");
  if (head.more && !head.shape.records) fields.fault("more", "is of records only");
  read_sweep(fields, head);
  if (fields.has("digest")) head.digest = fields.wide("digest");
  return head;
}

Publication read_row(Fields& row) {
  Publication publication;
  const auto time_ms = row.required_number<std::uint64_t>("time");
  publication.time = wall_from_ms(static_cast<std::int64_t>(time_ms));
  publication.operation = row.named("operation", kOperations, Operation::Append);
  publication.key = row.text("key", limits::record_key_bytes_max);
  publication.event = row.text("event", limits::event_name_bytes_max);
  publication.event_id = row.text("eventId", limits::event_id_bytes_max);
  if (publication.operation == Operation::Delete) {
    if (row.has("data") && row.value("data") != "null") row.fault("data", "of a delete is null");
    if (row.has("dataBase64")) row.fault("dataBase64", "is nothing that a delete has");
    if (row.has("unset")) row.fault("unset", "is nothing that a delete has");
    return publication;
  }
  auto payload = payload_of(publication.operation,
                            {row.value("data"), row.value("dataBase64"), row.value("unset")});
  if (!payload.ok()) {
    row.fault({}, "has no payload: " + payload.error().message);
    return publication;
  }
  publication.payload_kind = payload->kind;
  publication.payload = std::move(payload->bytes);
  return publication;
}

/// Records stand in the order of their keys, publications in that of their offsets.
void check_place(Fields& row, const Head& head, const Place& last, Offset offset,
                 const Publication& publication) {
  if (!head.shape.records) {
    if (offset <= last.offset) row.fault("offset", "is not above the last");
    if (offset > head.range.offset) row.fault("offset", "is beyond the block");
    return;
  }
  const bool is_set = publication.operation == Operation::Set;
  const bool is_delete = publication.operation == Operation::Delete;
  if (offset.value == 0) row.fault("offset", "of a record is its version, which is not 0");
  if (head.shape.sweep && offset > head.read_at) row.fault("offset", "is newer than the sweep");
  if (publication.key <= last.key) row.fault("key", "is missing, or not above the last");
  if (!is_set && (!is_delete || head.shape.sweep)) {
    row.fault("operation", "is none of a record's");
  }
  if (!head.until.empty() && publication.key > head.until) {
    row.fault("key", "is outside the sweep");
  }
}

void read_rows(Fields& fields, const Head& head, Fault& fault, BlockWriter& writer) {
  fields.require("rows");
  const std::string_view list = fields.value("rows");
  if (json_kind(list) != JsonKind::Array) fields.fault("rows", "must be an array");
  Place last{head.range.previous, head.after};
  JsonArrayCursor elements(list);
  std::size_t index = 0;
  for (std::string_view element; !fault.any() && elements.next(element); ++index) {
    if (index == limits::block_rows_max) {
      fields.fault("rows", "has too many rows");
      return;
    }
    Fields row(
        element, fields.pointer_to("rows") + "/" + std::to_string(index),
        {"offset", "time", "operation", "key", "event", "eventId", "data", "dataBase64", "unset"},
        fault);
    const Offset offset{row.required_wide("offset")};
    const Publication publication = read_row(row);
    check_place(row, head, last, offset, publication);
    if (fault.any()) return;
    writer.add(offset, publication);
    last = Place{offset, publication.key};
  }
}

}  // namespace

Result<Frame> read_block(const FrameSource& source) {
  Fault fault("block");
  Fields fields(
      source.object, source.pointer,
      {"type", "stream", "previous", "offset", "records", "more", "sweep", "digest", "rows"},
      fault);
  const Head head = read_head(fields);
  if (fault.any()) return fault.error();
  BlockWriter writer(head.stream, head.range);
  if (head.shape.records) writer.set_records();
  if (head.shape.sweep) writer.set_sweep(head.after, head.until, head.read_at);
  writer.set_more(head.more);
  if (head.digest.has_value()) writer.set_digest(*head.digest);
  read_rows(fields, head, fault, writer);
  if (fault.any()) return fault.error();
  writer.finish(source.block);
  auto frame = FrameDecoder(source.block).next();
  TIDEGATE_CHECK(frame.has_value());
  return *std::move(frame);
}

}  // namespace tidegate::json
