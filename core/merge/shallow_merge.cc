#include "core/merge/shallow_merge.h"

#include <algorithm>
#include <vector>

#include "core/base/json_slice.h"

namespace tidegate {
namespace {

struct Field {
  std::string_view name;  // as it stands between its quotes
  std::string_view value;
};

/// What a merge asks for.
struct Patch {
  std::vector<Field> set;
  std::vector<std::string_view> unset;
};

Error not_a_merge(std::string_view what) {
  return Error{ErrorCode::InvalidPayload,
               "merge: " + std::string(what) +
                   R"(; a merge is {"set":{...},"unset":["name"]}, either of which may be missing)",
               0};
}

bool is_array_of_strings(std::string_view value) {
  if (json_kind(value) != JsonKind::Array) return false;
  JsonArrayCursor elements(value);
  for (std::string_view element; elements.next(element);) {
    if (json_kind(element) != JsonKind::String) return false;
  }
  return true;
}

std::vector<Field> fields_of(std::string_view object) {
  std::vector<Field> fields;
  JsonObjectCursor members(object);
  for (Field field; members.next(field.name, field.value);) fields.push_back(field);
  return fields;
}

Patch patch_of(std::string_view payload) {
  Patch patch;
  JsonObjectCursor members(json_trimmed(payload));
  for (std::string_view name, value; members.next(name, value);) {
    if (json_same_text(name, "set")) {
      patch.set = fields_of(value);
      continue;
    }
    JsonArrayCursor names(value);
    for (std::string_view unset; names.next(unset);) {
      patch.unset.push_back(unset.substr(1, unset.size() - 2));
    }
  }
  return patch;
}

/// The last field of that name; end when there is none.
auto find_last(const std::vector<Field>& fields, std::string_view name) {
  return std::find_if(fields.rbegin(), fields.rend(),
                      [name](const Field& field) { return json_same_text(field.name, name); });
}

bool is_unset(const Patch& patch, std::string_view name) {
  return std::any_of(patch.unset.begin(), patch.unset.end(),
                     [name](std::string_view unset) { return json_same_text(unset, name); });
}

class ObjectText {
 public:
  void add(std::string_view name, std::string_view value) {
    if (text_.size() > 1) text_ += ',';
    text_.append("\"").append(name).append("\":").append(value);
  }
  std::string finish() && { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

}  // namespace

Status check_merge(std::string_view payload) {
  const std::string_view object = json_trimmed(payload);
  if (json_kind(object) != JsonKind::Object) return not_a_merge("the payload is not an object");
  bool has_set = false;
  bool has_unset = false;
  JsonObjectCursor members(object);
  for (std::string_view name, value; members.next(name, value);) {
    const bool set = json_same_text(name, "set");
    if (!set && !json_same_text(name, "unset")) {
      return not_a_merge("unknown member \"" + std::string(name) + "\"");
    }
    bool& seen = set ? has_set : has_unset;
    if (seen) return not_a_merge("\"" + std::string(name) + "\" stands twice");
    seen = true;
    if (set && json_kind(value) != JsonKind::Object) return not_a_merge("set is not an object");
    if (!set && !is_array_of_strings(value)) {
      return not_a_merge("unset is not an array of strings");
    }
  }
  return ok_status();
}

bool is_mergeable(std::string_view record) {
  return json_kind(json_trimmed(record)) == JsonKind::Object;
}

std::string shallow_merge(std::string_view record, std::string_view payload) {
  const Patch patch = patch_of(payload);
  const std::vector<Field> fields =
      record.empty() ? std::vector<Field>() : fields_of(json_trimmed(record));
  ObjectText merged;
  for (const Field& field : fields) {
    if (is_unset(patch, field.name)) continue;
    const auto replaced = find_last(patch.set, field.name);
    merged.add(field.name, replaced == patch.set.rend() ? field.value : replaced->value);
  }
  for (auto field = patch.set.begin(); field != patch.set.end(); ++field) {
    const bool is_last = &*find_last(patch.set, field->name) == &*field;
    const bool is_new = find_last(fields, field->name) == fields.rend();
    if (is_last && is_new && !is_unset(patch, field->name)) merged.add(field->name, field->value);
  }
  return std::move(merged).finish();
}

}  // namespace tidegate
