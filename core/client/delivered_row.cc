#include "core/client/delivered_row.h"

#include <cstring>

#include "core/base/check.h"

namespace tidegate {

BlockRow delivered_row(const ClientSession& session, const RowsDelivered& rows,
                       std::uint32_t index) {
  TIDEGATE_CHECK(index < rows.row_count);
  const RowEntry& entry = session.row_table()[rows.first_row + index];
  const ByteView source = session.source_bytes(rows.source);
  wire::Row on_wire;
  std::memcpy(&on_wire, source.subspan(entry.row_at, wire::kRowBytes).data(), wire::kRowBytes);

  const std::string_view strings = as_text(source.subspan(entry.heap_at + on_wire.string_ref));
  BlockRow row;
  row.offset = Offset{on_wire.offset};
  row.time = wall_from_ms(static_cast<std::int64_t>(on_wire.time_ms));
  row.operation = static_cast<Operation>(on_wire.operation);
  row.payload_kind =
      (on_wire.flags & wire::kRowFlagBinary) != 0 ? PayloadKind::Binary : PayloadKind::Json;
  row.event_index = on_wire.event_index;
  row.key = strings.substr(0, on_wire.key_len);
  row.event_id = strings.substr(on_wire.key_len, on_wire.event_id_len);
  row.payload = source.subspan(entry.payload_at, on_wire.payload_len);
  row.row_at = entry.row_at;
  row.payload_at = entry.payload_at;
  return row;
}

}  // namespace tidegate
