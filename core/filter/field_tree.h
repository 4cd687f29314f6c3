// The places of a JSON text that a filter looks at, as a tree of names, so that one walk over the
// text collects all of them: each level is read once, however many tests ask for something in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tidegate::filter {

/// The names from the outermost to the innermost; none for the whole text.
using FieldPath = std::vector<std::string>;

/// RFC 6901. BadRequest, without a position, when `pointer` has an escape other than ~0 and ~1.
Result<FieldPath> parse_json_pointer(std::string_view pointer);
/// The pointer of a path, "" for the whole text.
std::string json_pointer_text(const FieldPath& path);

class FieldTree {
 public:
  /// Slot 0 is the whole text.
  FieldTree() : FieldTree(std::vector<FieldPath>()) {}
  explicit FieldTree(const std::vector<FieldPath>& paths);

  /// How many slots pick() fills: one for each path and for each place above one.
  std::size_t slots() const { return nodes_.size(); }
  /// Where pick() puts what is found at `path`, which is one of those given.
  std::size_t slot(const FieldPath& path) const;
  /// Whether a path leads through this member of the outermost object.
  bool has_top_level(std::string_view name) const;

  /// Puts a slice of `json` into each slot, empty where there is no such place. Of members of one
  /// name the last one counts. A name of digits is also a place in an array (RFC 6901, 4).
  void pick(std::string_view json, std::span<std::string_view> slots) const;

 private:
  struct Node {
    std::string name;
    std::size_t element = 0;  // which element of an array that name is, or kNoElement
    std::size_t children_begin = 0;
    std::size_t children_end = 0;
  };
  static constexpr std::size_t kNoElement = static_cast<std::size_t>(-1);

  static std::size_t element_of(std::string_view name);
  std::size_t child(const Node& node, std::string_view name) const;
  void pick_members(const Node& node, std::string_view object,
                    std::span<std::string_view> slots) const;
  void pick_elements(const Node& node, std::string_view array,
                     std::span<std::string_view> slots) const;

  std::vector<Node> nodes_;  // level by level, siblings side by side and in order of their names
};

}  // namespace tidegate::filter
