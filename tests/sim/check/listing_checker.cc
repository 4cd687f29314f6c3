// Folds the directory by rules of its own: a set counts when its condition holds, a delete always.
#include "tests/sim/check/listing_checker.h"

namespace tidegate::sim {
namespace {

struct Listed {
  std::uint64_t version = 0;
  std::string payload;
};

std::optional<Listed> record_in(const StoredDirectory& directory, const std::string& channel) {
  std::optional<Listed> found;
  const auto take = [&found](std::uint64_t version, const Publication& record) {
    found.reset();
    if (record.operation != Operation::Delete) {
      found = Listed{version, std::string(as_text(record.payload))};
    }
  };
  const auto kept = directory.kept.find(channel);
  if (kept != directory.kept.end()) take(kept->second.version.value, *kept->second.record);
  for (const relay::AppendedRecord& one : directory.appended) {
    const relay::LogRecord& record = *one.record;
    if (record.publication->key != channel) continue;
    const std::uint64_t version = found ? found->version : 0;
    if (record.if_version && record.if_version->value != version) continue;
    take(one.range.offset.value, *record.publication);
  }
  return found;
}

std::string member(const std::string& payload, const std::string& name) {
  const std::string begin = '"' + name + "\":\"";
  const std::size_t at = payload.find(begin);
  if (at == std::string::npos) return "";
  const std::size_t from = at + begin.size();
  return payload.substr(from, payload.find('"', from) - from);
}

}  // namespace

std::optional<std::string> listing_fault(const StoredDirectory& directory,
                                         const relay::StoreAppend& append) {
  const std::string& channel = append.key->channel.str();
  const std::optional<Listed> listed = record_in(directory, channel);
  if (!listed) return channel + " is appended to and is not listed";
  if (member(listed->payload, "epoch") != append.expected_top.epoch.token()) {
    return channel + " is appended to, and another stream of it is listed";
  }
  if (std::stoull(member(listed->payload, "offset")) > append.expected_top.offset.value) {
    return channel + " is listed from beyond what is appended";
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
