#include "edge/app/position_text.h"

#include <string>

#include "edge/app/quantity.h"

namespace tidegate::app {

Result<StreamPosition> parse_position(std::string_view text, std::string_view what) {
  const std::size_t colon = text.find(':');  // an epoch has none in it
  const auto offset =
      colon == std::string_view::npos ? std::nullopt : parse_count(text.substr(colon + 1));
  auto epoch = Epoch::parse(text.substr(0, colon));
  if (!offset.has_value() || !epoch) {
    return Error{ErrorCode::BadRequest,
                 std::string(what) + " wants EPOCH:OFFSET, as deliveries and answers give it", 0};
  }
  return StreamPosition{std::move(epoch).value(), Offset{*offset}};
}

}  // namespace tidegate::app
