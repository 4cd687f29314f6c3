// A row as native callers read it: the row table resolved into typed fields. (JavaScript does the
// same with typed arrays.)
#pragma once

#include "core/client/client_session.h"
#include "core/protocol/block_reader.h"

namespace tidegate {

/// Row `index` (0 ≤ index < rows.row_count) of a RowsDelivered event; views into the source bytes.
BlockRow delivered_row(const ClientSession& session, const RowsDelivered& rows,
                       std::uint32_t index);

}  // namespace tidegate
