// The rows of a block, once more: for what takes messages apart on their way.
#pragma once

#include "core/protocol/block_reader.h"
#include "core/protocol/block_writer.h"

namespace tidegate::sim {

void copy_rows(const BlockView& block, BlockWriter& writer);

}  // namespace tidegate::sim
