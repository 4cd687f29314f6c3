// Streams that no relay holds, found by walking over all of them little by little: what is left in
// them of an earlier process grows old without an owner who would trim it.
#include <algorithm>
#include <chrono>

#include "edge/store/record_codec.h"
#include "edge/store/sqlite/stream_table.h"

namespace tidegate::store {

std::int64_t StreamTable::sweep(std::int64_t after, std::size_t count, const SweepRules& rules,
                                WallTime now) {
  const std::vector<Swept> some = next_to_sweep(after, count);
  for (const Swept& swept : some) {
    if (!streams_.contains(swept.key)) sweep_one(swept, rules, now);
    if (broken_.has_value()) return 0;
  }
  return some.size() < count ? 0 : some.back().id;
}

std::vector<StreamTable::Swept> StreamTable::next_to_sweep(std::int64_t after, std::size_t count) {
  std::vector<Swept> some;
  Query query = database_.query(sweep_);
  query.bind(after).bind(std::uint64_t{count});
  while (query.step()) {
    auto channel = ChannelName::parse(query.text(2));
    if (!channel) continue;
    Swept swept;
    swept.id = query.integer(0);
    swept.key = {std::string(query.text(1)), std::move(*channel)};
    swept.touched = wall_from_ms(query.integer(3));
    swept.top = std::max(Offset{query.number(4)}, log_.tail_end(swept.id).value_or(Offset{}));
    some.push_back(std::move(swept));
  }
  return some;
}

void StreamTable::sweep_one(const Swept& swept, const SweepRules& rules, WallTime now) {
  const auto age = rules.history_age ? rules.history_age(swept.key.channel) : std::nullopt;
  if (age.has_value()) sweep_log(swept, std::max(*age, remembered_.age), now);
  if (broken_.has_value()) return;
  prune_remembered(swept.id, horizon(swept.id, now));
  const Duration unused = now - swept.touched;
  if (!broken_.has_value() && unused > rules.empty_age && !holds_anything(swept.id)) {
    delete_stream(swept.id);
  }
}

/// A log that is older as a whole than history, and than any key that is remembered, can be dropped
/// unjudged. A part of it could not: what is left might be repetitions of what is gone.
void StreamTable::sweep_log(const Swept& swept, Duration age, WallTime now) {
  const std::optional<WallTime> newest = log_.newest_time(swept.id);
  if (!newest.has_value() || now - *newest <= age) return;
  sweep_source_version(swept.id);
  if (broken_.has_value()) return;
  if (!wrote(log_.drop(swept.id, swept.top), "cannot be trimmed")) return;
  Query query = database_.query(sweep_stream_);
  query.bind(swept.top.value).bind(swept.id);
  wrote(query, "cannot be trimmed");
}

/// The latest source version of a log that is being dropped, which stays: what was stale or of
/// another epoch is told from the records alone. A repetition is not, but says what its first did.
void StreamTable::sweep_source_version(std::int64_t stream) {
  std::optional<SourceVersion> latest;
  std::string epoch;
  {
    Query query = database_.query(source_version_);
    query.bind(stream);
    if (!query.step()) return;
    if (!query.is_null(0)) latest = SourceVersion{std::string(query.text(0)), query.number(1)};
    epoch = query.text(2);
  }
  const std::optional<SourceVersion> before = latest;
  const auto look_at = [&](const relay::LogRecord& record) {
    const auto& offered = record.publication->source_version;
    const bool is_refused = record.if_epoch.has_value() && record.if_epoch->token() != epoch;
    if (!offered.has_value() || is_refused) return;
    const bool is_stale =
        latest.has_value() && latest->epoch == offered->epoch && latest->number >= offered->number;
    if (!is_stale) latest = offered;
  };
  const bool was_read = log_.read(stream, Offset{}, [&](const LogTable::Row& row) {
    if (const auto records = decode_log(row.records)) {
      for (const relay::LogRecordPtr& record : *records) look_at(*record);
    }
    return true;
  });
  if (!wrote(was_read, "cannot be read")) return;
  if (latest.has_value() && latest != before) put_source_version(stream, *latest);
}

bool StreamTable::holds_anything(std::int64_t stream) {
  if (log_.tail_end(stream).has_value()) return true;
  Query query = database_.query(holds_);
  query.bind(stream);
  return !query.step() || query.integer(0) != 0;
}

}  // namespace tidegate::store
