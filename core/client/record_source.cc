#include "core/client/record_source.h"

#include "core/base/byte_io.h"

namespace tidegate {

void RecordSource::add(const BlockRow& row, const wire::Row& on_wire, const RecordView* record,
                       std::uint32_t event) {
  const bool binary = record != nullptr && record->payload_kind == PayloadKind::Binary;
  const std::string_view json =
      record == nullptr || binary ? std::string_view("null") : as_text(record->payload);
  if (!rows_.empty()) {
    json_ += ',';
  }
  Entry entry;
  entry.event = event;
  entry.payload_at = static_cast<std::uint32_t>(binary ? binary_.size() : json_.size());
  entries_.push_back(entry);

  wire::Row made = on_wire;
  made.payload_len = static_cast<std::uint32_t>(binary ? record->payload.size() : json.size());
  made.string_ref = static_cast<std::uint32_t>(heap_.size());
  made.flags = binary ? wire::kRowFlagBinary : std::uint8_t{0};
  rows_.push_back(made);

  heap_.append(row.key).append(row.event_id);
  json_ += json;
  if (binary) {
    binary_.insert(binary_.end(), record->payload.begin(), record->payload.end());
  }
}

RecordSource::Finished RecordSource::finish(std::vector<RowEntry>& table) const {
  Finished finished;
  ByteWriter writer(finished.bytes);
  for (const wire::Row& row : rows_) {
    writer.bytes({reinterpret_cast<const std::uint8_t*>(&row), wire::kRowBytes});
  }
  const auto heap_at = static_cast<std::uint32_t>(writer.size());
  writer.text(heap_);
  finished.json_at = static_cast<std::uint32_t>(writer.size());
  writer.text(json_);
  writer.u8(']');
  finished.json_bytes = static_cast<std::uint32_t>(writer.size()) - finished.json_at;
  const auto binary_at = static_cast<std::uint32_t>(writer.size());
  writer.bytes(binary_);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const bool binary = (rows_[i].flags & wire::kRowFlagBinary) != 0;
    table.push_back({static_cast<std::uint32_t>(i * wire::kRowBytes),
                     (binary ? binary_at : finished.json_at) + entries_[i].payload_at,
                     entries_[i].event, heap_at});
  }
  return finished;
}

}  // namespace tidegate
