// Every record says by its field `i` which publish it came from, so that no two versions are alike.
#include "tests/sim/record_intents.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

constexpr std::uint64_t kHotKeys = 3;
constexpr const char* kFieldNames[] = {"a", "b", "c", "d"};

}  // namespace

std::string RecordIntentMaker::key_name(std::uint64_t number) {
  // One that is not ASCII, and neighbours of which one begins like the other.
  return number == 7 ? "k\xC3\xB6" : "k" + std::to_string(number);
}

std::string RecordIntentMaker::pick_key() {
  const auto& workload = context_.options.workload;
  const bool hot = prng_.one_in(workload.hot_key_one_in);
  return key_name(prng_.below(hot ? std::min<std::uint64_t>(kHotKeys, workload.state_keys)
                                  : workload.state_keys));
}

std::string RecordIntentMaker::make_value() {
  switch (prng_.below(5)) {
    case 0:
      return "null";
    case 1:
      return "\"text \xC3\xA9 " + std::to_string(prng_.below(100)) + "\"";
    case 2:
      return R"([1,{"deep":[]}])";
    default:
      return std::to_string(prng_.below(10));
  }
}

RecordFields RecordIntentMaker::make_fields(std::uint64_t number, bool whole) {
  RecordFields fields;
  const auto add = [&](const std::string& name, std::string value) {
    // A name may be spelled in other ways and means the same.
    const bool escaped = name == "a" && prng_.one_in(8);
    fields.push_back({name, escaped ? "\\u0061" : name, std::move(value)});
  };
  add("i", std::to_string(number));
  if (whole || prng_.one_in(3)) add("n", std::to_string(prng_.below(100)));
  for (const char* name : kFieldNames) {
    if (prng_.one_in(whole ? 2 : 3)) add(name, make_value());
  }
  const std::size_t pad_max = context_.options.workload.record_pad_max;
  if (whole || prng_.one_in(4)) {
    add("x", '"' + std::string(prng_.below(pad_max + 1), 'x') + '"');
  }
  return fields;
}

/// As somebody may write it: with or without space.
std::string RecordIntentMaker::render(const RecordFields& fields) {
  const char* space = prng_.one_in(4) ? " " : "";
  std::string text = std::string("{") + space;
  for (const RecordField& field : fields) {
    if (&field != &fields.front()) text += std::string(",") + space;
    text += '"' + field.spelled + "\":" + space + field.value;
  }
  return text + space + "}";
}

void RecordIntentMaker::render_set(Intent& intent) {
  const std::uint64_t number = oracle_.intent_count();
  if (prng_.one_in(24)) {
    intent.payload = "[" + std::to_string(number) + "]";  // a record that is no object
    return;
  }
  if (prng_.one_in(context_.options.workload.binary_one_in * 4)) {
    intent.binary = true;
    intent.payload = std::string("\0\xFF", 2) + std::to_string(number);
    return;
  }
  intent.record.fields = make_fields(number, true);
  intent.payload = render(*intent.record.fields);
}

void RecordIntentMaker::render_merge(Intent& intent) {
  intent.record.fields = make_fields(oracle_.intent_count(), false);
  std::string unset;
  for (const char* name : kFieldNames) {
    if (!prng_.one_in(4)) continue;
    intent.record.unset.push_back(name);
    unset += (unset.empty() ? "\"" : ",\"") + std::string(name) + "\"";
  }
  intent.payload = R"({"set":)" + render(*intent.record.fields);
  if (!unset.empty()) intent.payload += R"(,"unset":[)" + unset + "]";
  intent.payload += "}";
}

void RecordIntentMaker::draft_conditions(Intent& intent) {
  const auto& workload = context_.options.workload;
  RecordIntent& record = intent.record;
  if (prng_.one_in(workload.if_version_one_in)) {
    const RecordBook* book =
        oracle_.find_records(intent.channel, oracle_.current_epoch(intent.channel));
    const RecordState* state = book == nullptr ? nullptr : book->as_of(record.key, UINT64_MAX);
    record.if_version = state != nullptr && state->exists ? state->version : 0;
    if (prng_.one_in(6)) record.if_version = prng_.below(*record.if_version + 3);
  }
  if (prng_.one_in(workload.source_version_one_in)) {
    std::uint64_t& count = counts_[{intent.channel, record.key}];
    ++count;
    const std::uint64_t late = prng_.one_in(3) ? prng_.below(3) : 0;
    record.source = {prng_.one_in(16) ? "other" : "source", count > late ? count - late : 0};
  }
}

void RecordIntentMaker::draft(Intent& intent) {
  const auto& workload = context_.options.workload;
  RecordIntent& record = intent.record;
  record.key = pick_key();
  record.mark = static_cast<std::uint32_t>(prng_.below(4));
  if (prng_.one_in(workload.delete_one_in)) {
    record.action = RecordAction::Delete;
    intent.payload = prng_.one_in(2) ? "null" : "";
  } else if (prng_.one_in(workload.merge_one_in)) {
    record.action = RecordAction::Merge;
    render_merge(intent);
  } else {
    record.action = RecordAction::Set;
    render_set(intent);
  }
  draft_conditions(intent);
  intent.tags = R"({"i":)" + std::to_string(oracle_.intent_count()) + R"(,"t":)" +
                std::to_string(record.mark) + "}";
}

void RecordIntentMaker::draft_delete(Intent& intent, const std::string& key) {
  intent.record.key = key;
  intent.record.action = RecordAction::Delete;
  intent.tags = R"({"i":)" + std::to_string(oracle_.intent_count()) + R"(,"t":0})";
}

void RecordIntentMaker::draft_set(Intent& intent, const std::string& key) {
  intent.record.key = key;
  intent.record.action = RecordAction::Set;
  render_set(intent);
  intent.tags = R"({"i":)" + std::to_string(oracle_.intent_count()) + R"(,"t":0})";
}

}  // namespace tidegate::sim
