// The JSON values that can be compared: null, booleans, numbers and strings. A ScalarView is read
// from a payload without building anything; a Scalar is what a filter keeps.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/filter/decimal.h"

namespace tidegate::filter {

using ScalarView = std::variant<std::monostate, bool, Decimal, std::string_view>;
using Scalar = std::variant<std::monostate, bool, Number, std::string>;

/// Nothing for an object, an array, and for no value (an empty view). `unescaped` is where the text
/// of a string with escapes is put, and must outlive the answer; other values do not touch it.
std::optional<ScalarView> read_scalar(std::string_view value, std::string& unescaped);

/// null, then booleans, numbers by value and strings by the bytes of their UTF-8. Only the order
/// within one kind means anything to people; the rest makes sets searchable.
std::strong_ordering order_scalars(const ScalarView& left, const ScalarView& right);

Scalar scalar_of(const ScalarView& view);
ScalarView view_of(const Scalar& scalar);

/// As JSON, in the one spelling of this value.
std::string scalar_text(const Scalar& scalar);
/// A JSON string of UTF-8 text, escaped only where JSON demands it.
std::string quoted(std::string_view text);

}  // namespace tidegate::filter
