// A node's slot is its number, and a parent's number is below those of its children. So walking the
// nodes by number fills every slot before it is read, without recursion.
#include "core/filter/field_tree.h"

#include <algorithm>

#include "core/base/json_slice.h"

namespace tidegate::filter {
namespace {

/// Level by level, then by name.
bool before(const FieldPath& left, const FieldPath& right) {
  if (left.size() != right.size()) return left.size() < right.size();
  return left < right;
}

/// The paths and everything above them, each once.
std::vector<FieldPath> with_places_above(const std::vector<FieldPath>& paths) {
  std::vector<FieldPath> all = {FieldPath()};
  for (const FieldPath& path : paths) {
    for (std::size_t depth = 1; depth <= path.size(); ++depth) {
      all.emplace_back(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
    }
  }
  std::sort(all.begin(), all.end(), before);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

bool is_parent(const FieldPath& parent, const FieldPath& child) {
  return child.size() == parent.size() + 1 &&
         std::equal(parent.begin(), parent.end(), child.begin());
}

}  // namespace

Result<FieldPath> parse_json_pointer(std::string_view pointer) {
  FieldPath path;
  for (const char c : pointer) {
    if (c == '/') {
      path.emplace_back();
    } else {
      path.back() += c;  // a pointer that is not empty begins with a slash
    }
  }
  for (std::string& name : path) {
    for (std::size_t at = name.find('~'); at != std::string::npos; at = name.find('~', at + 1)) {
      const char escaped = at + 1 < name.size() ? name[at + 1] : '\0';
      if (escaped != '0' && escaped != '1') {
        return Error{ErrorCode::BadRequest, "`~` is written `~0` in a pointer, and `/` as `~1`", 0};
      }
      name.replace(at, 2, escaped == '0' ? "~" : "/");
    }
  }
  return path;
}

std::string json_pointer_text(const FieldPath& path) {
  std::string text;
  for (const std::string& name : path) {
    text += '/';
    for (const char c : name) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
  }
  return text;
}

FieldTree::FieldTree(const std::vector<FieldPath>& paths) {
  const std::vector<FieldPath> places = with_places_above(paths);
  std::size_t next = 1;  // the children of one node follow those of the node before it
  for (const FieldPath& place : places) {
    Node node;
    if (!place.empty()) node.name = place.back();
    node.element = element_of(node.name);
    node.children_begin = next;
    while (next < places.size() && is_parent(place, places[next])) ++next;
    node.children_end = next;
    nodes_.push_back(std::move(node));
  }
}

/// RFC 6901, 4: digits without a leading zero. More digits than any array has elements are none.
std::size_t FieldTree::element_of(std::string_view name) {
  constexpr std::size_t kDigitsMax = 9;
  if (name.empty() || name.size() > kDigitsMax) return kNoElement;
  if (name.size() > 1 && name.front() == '0') return kNoElement;
  std::size_t element = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return kNoElement;
    element = element * 10 + static_cast<std::size_t>(c - '0');
  }
  return element;
}

/// 0, which is nobody's child, when there is none.
std::size_t FieldTree::child(const Node& node, std::string_view name) const {
  const auto begin = nodes_.begin() + static_cast<std::ptrdiff_t>(node.children_begin);
  const auto end = nodes_.begin() + static_cast<std::ptrdiff_t>(node.children_end);
  const auto found = std::lower_bound(
      begin, end, name, [](const Node& one, std::string_view wanted) { return one.name < wanted; });
  if (found == end || found->name != name) return 0;
  return static_cast<std::size_t>(found - nodes_.begin());
}

std::size_t FieldTree::slot(const FieldPath& path) const {
  std::size_t at = 0;
  for (const std::string& name : path) at = child(nodes_[at], name);
  return at;
}

bool FieldTree::has_top_level(std::string_view name) const {
  return child(nodes_.front(), name) != 0;
}

void FieldTree::pick(std::string_view json, std::span<std::string_view> slots) const {
  std::fill(slots.begin(), slots.end(), std::string_view());
  slots[0] = json_trimmed(json);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.children_begin == node.children_end || slots[i].empty()) continue;
    const JsonKind kind = json_kind(slots[i]);
    if (kind == JsonKind::Object) pick_members(node, slots[i], slots);
    if (kind == JsonKind::Array) pick_elements(node, slots[i], slots);
  }
}

void FieldTree::pick_members(const Node& node, std::string_view object,
                             std::span<std::string_view> slots) const {
  JsonObjectCursor members(object);
  std::string_view name;
  std::string_view value;
  while (members.next(name, value)) {
    const bool escaped = name.find('\\') != std::string_view::npos;
    const std::size_t found = escaped ? child(node, json_unescaped(name)) : child(node, name);
    if (found != 0) slots[found] = value;
  }
}

void FieldTree::pick_elements(const Node& node, std::string_view array,
                              std::span<std::string_view> slots) const {
  JsonArrayCursor elements(array);
  std::string_view element;
  for (std::size_t number = 0; elements.next(element); ++number) {
    for (std::size_t i = node.children_begin; i < node.children_end; ++i) {
      if (nodes_[i].element == number) slots[i] = element;
    }
  }
}

}  // namespace tidegate::filter
