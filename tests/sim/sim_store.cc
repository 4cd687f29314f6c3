// Streams in plain vectors, and the many ways in which an append can end.
#include "tests/sim/sim_store.h"

#include <algorithm>
#include <cstdlib>

#include "edge/relay/apply.h"
#include "tests/sim/check/listing_checker.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

/// The tags name the intent: {"i":12,"t":3}.
std::optional<std::uint64_t> intent_named(const std::string& tags) {
  constexpr std::string_view kBegin = R"({"i":)";
  if (tags.compare(0, kBegin.size(), kBegin) != 0) return std::nullopt;
  return std::strtoull(tags.c_str() + kBegin.size(), nullptr, 10);
}

void add_record_facts(const relay::LogRecord& record, RecordFacts& facts) {
  facts.is_record = true;
  facts.by_relay = record.producer == "relay:expiry";
  facts.intent = intent_named(record.publication->tags);
  facts.record_key = record.publication->key;
  if (record.if_version) facts.if_version = record.if_version->value;
  facts.binary = record.publication->payload_kind == PayloadKind::Binary;
  facts.records_max = record.record_limits.count;
}

Error unavailable(const char* what) { return {ErrorCode::Unavailable, what, 0}; }

}  // namespace

SimStore::SimStore(SimContext& context, Oracle& oracle, const SimDirectory& directory)
    : context_(context), oracle_(oracle), directory_(directory), prng_(context.prng("store")) {}

// ---- open

Result<relay::StoreOpened> SimStore::open_now(const relay::ChannelKey& key) {
  const bool is_directory = key.channel.is_directory();
  const auto channel = is_directory ? ChannelRef{} : directory_.find(key);
  if (!channel) {
    context_.fail("I3", "the store was asked for a channel of nobody: " + key.tenant + " " +
                            key.channel.str());
    return unavailable("no such channel in this run");
  }
  auto& stream = streams_[key];
  if (stream == nullptr) {
    stream = std::make_unique<Stream>();
    stream->channel = *channel;
    stream->top.epoch = Epoch::from_entropy(prng_.next());
    stream->is_directory = is_directory;
    if (!is_directory) oracle_.stream_created(*channel, stream->top.epoch.token());
    context_.note("store.create", channel->tenant, channel->channel);
  }
  sync(*stream);
  stream->reported = stream->top.offset;
  return relay::StoreOpened{stream->top, stream->floor, stream->changes_floor, stream->remembered,
                            stream->source_version};
}

void SimStore::open(relay::StoreOpen request,
                    std::function<void(Result<relay::StoreOpened>)> done) {
  const auto& store = context_.options.store;
  if (context_.strikes(prng_, store.open_fails_one_in)) {
    if (prng_.one_in(2)) return;  // No answer at all.
    context_.queue.after(latency(), [done] { done(unavailable("the store cannot be opened")); });
    return;
  }
  context_.queue.after(latency(), [this, key = request.key, done] { done(open_now(*key)); });
}

// ---- append

SimStore::Fate SimStore::draw_fate() {
  if (next_fate_) {
    const Fate fate = *next_fate_;
    next_fate_.reset();
    return fate;
  }
  const auto& store = context_.options.store;
  if (context_.strikes(prng_, store.refused_one_in)) return Fate::Refused;
  if (context_.strikes(prng_, store.unknown_one_in)) {
    return prng_.one_in(2) ? Fate::UnknownApplied : Fate::UnknownLost;
  }
  if (context_.strikes(prng_, store.silent_one_in)) {
    return prng_.one_in(2) ? Fate::SilentApplied : Fate::SilentLost;
  }
  if (context_.strikes(prng_, store.late_one_in)) return Fate::Late;
  return Fate::Normal;
}

void SimStore::check_listed(const relay::StoreAppend& request) {
  const auto* rules = directory_.config()->namespace_of(request.key->channel);
  if (rules == nullptr || !rules->listed) return;
  const auto found = streams_.find({request.key->tenant, ChannelName::directory()});
  if (found == streams_.end()) {
    return context_.fail("I1", "appended to a listed channel before there is a directory");
  }
  const Stream& directory = *found->second;
  const auto fault = listing_fault({directory.kept, directory.records}, request);
  if (fault) context_.fail("I1", *fault);
}

void SimStore::append(relay::StoreAppend request, std::function<void(relay::AppendResult)> done) {
  check_listed(request);
  const Fate fate = draw_fate();
  auto shared = std::make_shared<relay::StoreAppend>(std::move(request));
  context_.note("store.append", static_cast<std::uint64_t>(fate), shared->records.size(),
                shared->expected_top.offset.value);
  const Duration arrives = latency();
  const Duration reported = arrives + latency();
  switch (fate) {
    case Fate::Refused:
      context_.queue.after(reported, [done] {
        done(relay::AppendRefused{unavailable("the store refuses for now")});
      });
      return;
    case Fate::UnknownApplied:
      land_after(arrives, shared);
      [[fallthrough]];
    case Fate::UnknownLost:
      context_.queue.after(reported, [done] { done(relay::AppendUnknown{}); });
      return;
    case Fate::SilentApplied:
      land_after(arrives, shared);
      return;
    case Fate::SilentLost:
      return;
    case Fate::Late:
      land_after(arrives + prng_.duration_up_to(15s), shared);
      return;
    case Fate::Normal:
      break;
  }
  context_.queue.after(arrives, [this, shared, done, in = incarnation_, back = reported - arrives] {
    if (in != incarnation_) return;
    auto result = std::make_shared<relay::AppendResult>(land(*shared));
    context_.queue.after(back, [this, shared, result, done] {
      if (const auto* durable = std::get_if<relay::AppendDurable>(result.get())) {
        const auto stream = streams_.find(*shared->key);
        if (stream != streams_.end() && !durable->ranges.empty()) {
          Offset& top = stream->second->reported;
          top = std::max(top, durable->ranges.back().offset);
        }
      }
      done(std::move(*result));
    });
  });
}

void SimStore::land_after(Duration delay, std::shared_ptr<relay::StoreAppend> request) {
  context_.queue.after(delay, [this, request, in = incarnation_] {
    if (in == incarnation_) land(*request);
  });
}

relay::AppendResult SimStore::land(const relay::StoreAppend& request) {
  const auto found = streams_.find(*request.key);
  if (found == streams_.end() || found->second->top != request.expected_top) {
    context_.note("store.top_mismatch", request.expected_top.offset.value);
    return relay::AppendUnknown{};
  }
  Stream& stream = *found->second;
  sync(stream);
  relay::AppendDurable durable;
  for (const auto& record : request.records) {
    const std::uint64_t step = context_.options.store.sparse_offsets ? 1 + prng_.below(4) : 1;
    const StreamRange range{stream.top.offset, Offset{stream.top.offset.value + step}};
    stream.top.offset = range.offset;
    stream.records.push_back({range, record});
    durable.ranges.push_back(range);
    tell_oracle(stream, stream.records.back());
  }
  context_.note("store.landed", request.records.size(), stream.top.offset.value);
  return durable;
}

void SimStore::tell_oracle(const Stream& stream, const relay::AppendedRecord& appended) {
  if (stream.is_directory) return;  // of the relay's own making
  const relay::LogRecord& record = *appended.record;
  RecordFacts facts;
  facts.offset = appended.range.offset.value;
  facts.producer = record.producer;
  facts.key = record.idempotency_key;
  facts.event_id = record.publication->event_id;
  if (record.if_epoch) facts.if_epoch = record.if_epoch->token();
  facts.payload = std::string(as_text(record.publication->payload));
  const auto& source = record.publication->source_version;
  if (source) facts.source = {source->epoch, source->number};
  facts.time_ms = wall_ms(record.publication->time);
  facts.window_ms =
      std::chrono::floor<std::chrono::milliseconds>(directory_.config()->idempotency_window_age)
          .count();
  if (record.publication->operation != Operation::Append) add_record_facts(record, facts);
  facts.deletes_max = directory_.deletes_max();
  facts.ttl_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(directory_.record_ttl()).count();
  const auto wrong = oracle_.record_landed(stream.channel, stream.top.epoch.token(), facts);
  if (wrong) context_.fail("I1", *wrong);
}

// ---- read, trim, release

Result<relay::StoreReadResult> SimStore::read_now(const relay::StoreRead& request) {
  const auto found = streams_.find(*request.key);
  if (found == streams_.end() || found->second->top.epoch != request.after.epoch) {
    return Error{ErrorCode::EpochMismatch, "the stream is another one", 0};
  }
  Stream& stream = *found->second;
  sync(stream);
  relay::StoreReadResult result;
  result.top = stream.top;
  for (const auto& record : stream.records) {
    if (record.range.offset <= request.after.offset) continue;
    if (result.records.size() >= request.entries_max) break;
    result.records.push_back(record);
  }
  stream.reported = stream.top.offset;
  return result;
}

void SimStore::read(relay::StoreRead request,
                    std::function<void(Result<relay::StoreReadResult>)> done) {
  context_.note("store.read", request.after.offset.value);
  if (context_.strikes(prng_, context_.options.store.read_fails_one_in)) {
    if (prng_.one_in(2)) return;  // No answer at all.
    context_.queue.after(latency(), [done] { done(unavailable("the store cannot be read")); });
    return;
  }
  auto shared = std::make_shared<relay::StoreRead>(std::move(request));
  context_.queue.after(latency(), [this, shared, done] { done(read_now(*shared)); });
}

Result<relay::StoreRecordsResult> SimStore::read_records_now(
    const relay::StoreReadRecords& request) {
  const auto found = streams_.find(*request.key);
  if (found == streams_.end()) return unavailable("the stream does not exist");
  Stream& stream = *found->second;
  sync(stream);
  relay::StoreRecordsResult result;
  result.floor = {stream.top.epoch, stream.floor};
  for (auto next = stream.kept.upper_bound(request.after_key); next != stream.kept.end(); ++next) {
    if (result.records.size() == kStorePageRecords) {
      result.more = true;
      break;
    }
    result.records.push_back(next->second);
  }
  return result;
}

void SimStore::read_records(relay::StoreReadRecords request,
                            std::function<void(Result<relay::StoreRecordsResult>)> done) {
  context_.note("store.read_records");
  if (context_.strikes(prng_, context_.options.store.read_fails_one_in)) {
    if (prng_.one_in(2)) return;  // No answer at all.
    context_.queue.after(latency(), [done] { done(unavailable("the store cannot be read")); });
    return;
  }
  auto shared = std::make_shared<relay::StoreReadRecords>(std::move(request));
  context_.queue.after(latency(), [this, shared, done] { done(read_records_now(*shared)); });
}

/// What the next process judges repetitions by, and the records as they are at the new floor. (No
/// key is forgotten here: a store may keep them for longer than the window reaches.)
void SimStore::keep_for_later(Stream& stream, const relay::StoreTrim& request) const {
  for (const relay::AppendedRecord& one : stream.records) {
    const auto place =
        std::find_if(request.remembered.begin(), request.remembered.end(),
                     [&](const auto& each) { return each.offset == one.range.offset; });
    if (place == request.remembered.end()) continue;
    stream.remembered.push_back(relay::remembered_keys(*one.record, *place));
  }
  for (const relay::RecordVersion& version : request.records) {
    stream.kept[version.record->key] = version;
  }
  stream.source_version = request.source_version;
  stream.changes_floor =
      context_.options.store.keeps_deletes ? request.changes_floor : request.floor;
  std::erase_if(stream.kept, [&stream](const auto& entry) {
    return entry.second.record->operation == Operation::Delete &&
           entry.second.version <= stream.changes_floor;
  });
}

void SimStore::carry_out(Stream& stream, const relay::StoreTrim& request) const {
  keep_for_later(stream, request);
  stream.floor = std::max(stream.floor, request.floor);
  const auto kept = std::find_if(stream.records.begin(), stream.records.end(),
                                 [&](const auto& r) { return r.range.offset > stream.floor; });
  stream.records.erase(stream.records.begin(), kept);
}

/// Requests keep their order, so whatever is answered comes after the trims before it.
void SimStore::sync(Stream& stream) const {
  for (const relay::StoreTrim& trim : std::exchange(stream.unsynced, {})) carry_out(stream, trim);
}

void SimStore::trim(const relay::StoreTrim& request) {
  const auto found = streams_.find(*request.key);
  if (found == streams_.end()) return;
  context_.note("store.trim", request.floor.value, request.records.size());
  found->second->unsynced.push_back(request);
  if (!context_.strikes(prng_, context_.options.store.trim_lost_one_in)) sync(*found->second);
}

void SimStore::release(const relay::StoreRelease& request) {
  const auto found = streams_.find(*request.key);
  if (found == streams_.end()) return;
  if (found->second->top.offset.value == 0 && prng_.one_in(2)) streams_.erase(found);
}

// ---- crash

void SimStore::crash() {
  if (!context_.options.store.durable) {
    ++incarnation_;
    streams_.clear();
    return;
  }
  // An append that was on its way to a durable store may still land there later.
  for (auto& [key, stream] : streams_) {
    stream->unsynced.clear();
    forget_unreported(*stream);
  }
}

void SimStore::forget_unreported(Stream& stream) {
  if (stream.top.offset <= stream.reported || prng_.one_in(2)) return;
  while (!stream.records.empty() && stream.records.back().range.offset > stream.reported) {
    stream.records.pop_back();
  }
  stream.top.offset = stream.reported;
  if (!stream.is_directory)
    oracle_.records_lost(stream.channel, stream.top.epoch.token(), stream.top.offset.value);
  context_.note("store.forgot", stream.top.offset.value);
}

}  // namespace tidegate::sim
