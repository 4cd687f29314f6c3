// Folding, by the book.
#include "tests/sim/check/record_book.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

const RecordField* find_last(const RecordFields& fields, const std::string& name) {
  const auto found = std::find_if(fields.rbegin(), fields.rend(),
                                  [&](const RecordField& field) { return field.name == name; });
  return found == fields.rend() ? nullptr : &*found;
}

RecordFields merged(const RecordFields& before, const RecordFields& set,
                    const std::vector<std::string>& unset) {
  const auto is_unset = [&](const std::string& name) {
    return std::find(unset.begin(), unset.end(), name) != unset.end();
  };
  RecordFields after;
  for (const RecordField& field : before) {
    if (is_unset(field.name)) continue;
    const RecordField* now = find_last(set, field.name);
    after.push_back({field.name, field.spelled, now == nullptr ? field.value : now->value});
  }
  for (const RecordField& field : set) {
    const bool is_new = find_last(before, field.name) == nullptr;
    if (is_new && !is_unset(field.name) && find_last(set, field.name) == &field) {
      after.push_back(field);
    }
  }
  return after;
}

std::string text_of(const RecordFields& fields) {
  std::string text = "{";
  for (const RecordField& field : fields) {
    if (text.size() > 1) text += ',';
    text += '"' + field.spelled + "\":" + field.value;
  }
  return text + "}";
}

}  // namespace

/// False when the operation cannot be carried out.
bool RecordBook::operate(const RecordIntent& intent, const RecordState* before,
                         RecordState& after) {
  const bool exists = before != nullptr && before->exists;
  if (intent.action == RecordAction::Delete) {
    after.exists = false;
    after.binary = false;
    after.payload.clear();
    return true;
  }
  after.exists = true;
  after.fields = intent.fields;
  if (intent.action != RecordAction::Merge) return true;
  if (exists && !before->fields) return false;
  after.fields = merged(exists ? *before->fields : RecordFields(), *intent.fields, intent.unset);
  after.payload = text_of(*after.fields);
  return true;
}

void RecordBook::note_deletes(const std::string& key, const RecordState* before,
                              const RecordState& after) {
  if (before != nullptr) deleted_.erase(before->version);
  if (!after.exists) deleted_.emplace(after.version, key);
}

bool RecordBook::judge(const RecordIntent& intent, const Turn& turn) {
  const auto known = by_key_.find(intent.key);
  const RecordState* before = known == by_key_.end() ? nullptr : &known->second.back();
  const bool exists = before != nullptr && before->exists;
  if (before != nullptr && is_stale(intent.source, before->source)) return false;
  if (intent.if_version && *intent.if_version != (exists ? before->version : 0)) return false;
  RecordState after;
  after.version = turn.offset;
  after.binary = turn.binary;
  after.payload = turn.payload;
  after.mark = intent.mark;
  after.time_ms = turn.time_ms;
  if (!operate(intent, before, after)) return false;
  if (after.exists && !exists && existing_ >= turn.records_max) return false;
  after.source = intent.source;
  if (!after.source && before != nullptr) after.source = before->source;
  existing_ = existing_ + (after.exists ? 1 : 0) - (exists ? 1 : 0);
  note_deletes(intent.key, before, after);
  by_key_[intent.key].push_back(std::move(after));
  changes_.push_back({turn.offset, intent.key});
  for (; deleted_.size() > turn.deletes_max; deleted_.erase(deleted_.begin())) {
    by_key_.at(deleted_.begin()->second).back().source.reset();
  }
  return true;
}

const std::vector<RecordState>* RecordBook::history(const std::string& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

const RecordState* RecordBook::as_of(const std::string& key, std::uint64_t offset) const {
  const std::vector<RecordState>* states = history(key);
  if (states == nullptr) return nullptr;
  const auto after = std::upper_bound(
      states->begin(), states->end(), offset,
      [](std::uint64_t at, const RecordState& state) { return at < state.version; });
  return after == states->begin() ? nullptr : &*std::prev(after);
}

const RecordState* RecordBook::at(const std::string& key, std::uint64_t version) const {
  const RecordState* state = as_of(key, version);
  return state != nullptr && state->version == version ? state : nullptr;
}

std::size_t RecordBook::first_change_after(std::uint64_t offset) const {
  const auto found =
      std::upper_bound(changes_.begin(), changes_.end(), offset,
                       [](std::uint64_t at, const Change& change) { return at < change.version; });
  return static_cast<std::size_t>(found - changes_.begin());
}

}  // namespace tidegate::sim
