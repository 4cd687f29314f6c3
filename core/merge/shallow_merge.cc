#include "core/merge/shallow_merge.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/base/json_slice.h"

namespace tidegate {
namespace {

/// What a merge says of one name.
struct Change {
  std::optional<std::string_view> value;  // the last that is set
  bool unsets = false;
  bool in_record = false;
};

/// What a merge asks for, by the texts that its names mean. Ordered and not hashed: who publishes
/// chooses the names, and could choose such as fall together under any hash without a secret.
class Patch {
 public:
  explicit Patch(std::string_view payload);
  /// nullptr where the merge says nothing of that name.
  Change* find(std::string_view raw_name);
  struct Setting {
    std::string_view name;  // as it stands between its quotes
    std::string_view value;
    const Change* change;
  };
  /// All that is set, in the order of the text, equal names included.
  const std::vector<Setting>& settings() const { return settings_; }

 private:
  Change& change_of(std::string_view raw_name) { return changes_[json_unescaped(raw_name)]; }

  std::map<std::string, Change, std::less<>> changes_;
  std::vector<Setting> settings_;
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

Patch::Patch(std::string_view payload) {
  JsonObjectCursor members(json_trimmed(payload));
  for (std::string_view member, value; members.next(member, value);) {
    if (!json_same_text(member, "set")) {
      JsonArrayCursor names(value);
      for (std::string_view name; names.next(name);) {
        change_of(name.substr(1, name.size() - 2)).unsets = true;
      }
      continue;
    }
    JsonObjectCursor fields(value);
    for (std::string_view name, field; fields.next(name, field);) {
      Change& change = change_of(name);
      change.value = field;
      settings_.push_back({name, field, &change});
    }
  }
}

Change* Patch::find(std::string_view raw_name) {
  const bool escaped = raw_name.find('\\') != std::string_view::npos;
  const auto found = escaped ? changes_.find(json_unescaped(raw_name)) : changes_.find(raw_name);
  return found == changes_.end() ? nullptr : &found->second;
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
  Patch patch(payload);
  ObjectText merged;
  if (!record.empty()) {
    JsonObjectCursor fields(json_trimmed(record));
    for (std::string_view name, value; fields.next(name, value);) {
      Change* change = patch.find(name);
      if (change == nullptr) {
        merged.add(name, value);
        continue;
      }
      change->in_record = true;
      if (!change->unsets) merged.add(name, change->value.value_or(value));
    }
  }
  for (const Patch::Setting& setting : patch.settings()) {
    const Change& change = *setting.change;
    const bool is_last = change.value->data() == setting.value.data();
    if (is_last && !change.in_record && !change.unsets) merged.add(setting.name, setting.value);
  }
  return std::move(merged).finish();
}

}  // namespace tidegate
