// The parts of byte_io.h that are not on a hot path.
#include "core/base/byte_io.h"

namespace tidegate {

void ByteWriter::string16(std::string_view text_value) {
  TIDEGATE_CHECK(text_value.size() <= 0xFFFF);
  u16(static_cast<std::uint16_t>(text_value.size()));
  text(text_value);
}

void ByteWriter::string32(std::string_view text_value) {
  TIDEGATE_CHECK(text_value.size() <= 0xFFFFFFFF);
  u32(static_cast<std::uint32_t>(text_value.size()));
  text(text_value);
}

}  // namespace tidegate
