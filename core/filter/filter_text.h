// The text of a filter while it is read: its objects, and errors that say at which byte they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tidegate::filter {

/// A member of an object within the filter.
struct FilterMember {
  std::string_view raw_name;  // a slice of the filter's text: its place is the error's place
  std::string name;
  std::string_view value;
};

class FilterText {
 public:
  /// `text` is valid JSON and outlives this.
  explicit FilterText(std::string_view text) : text_(text) {}

  /// BadRequest when two have the same name: which of them was meant?
  Result<std::vector<FilterMember>> members(std::string_view object) const;
  /// BadRequest; `place` is a slice of the text.
  Error error(std::string_view place, const std::string& message) const;
  /// LimitExceeded: more `things` than the limit allows.
  Error over(std::string_view place, std::string_view things, std::string_view limit_name,
             std::size_t limit) const;

 private:
  std::string located(std::string_view place, const std::string& message) const;

  std::string_view text_;
};

/// A name for an error message, cut when it is long.
std::string in_quotes(std::string_view name);

}  // namespace tidegate::filter
