#include "edge/relay/view_digest.h"

#include "core/base/limits.h"
#include "core/merge/record_digest.h"

namespace tidegate::relay {
namespace {

/// 0 where there is nothing to be seen.
std::uint64_t number_of(const PublicationPtr& record, const ViewProgram& program) {
  const PublicationPtr seen = record == nullptr ? nullptr : program.visible(record);
  return seen == nullptr ? 0 : record_digest(seen->key, seen->payload_kind, seen->payload);
}

std::uint64_t change_beyond(Offset offset, const ChannelLog& log, const ViewProgram& program) {
  std::uint64_t change = 0;
  for (std::size_t index = log.first_beyond(offset); index < log.size(); ++index) {
    const LogEntry& entry = log.entry(index).entry;
    change += number_of(entry.after, program) - number_of(entry.before, program);
  }
  return change;
}

std::uint64_t sum_of(const RecordMap& records, const ViewProgram& program) {
  std::uint64_t sum = 0;
  for (const RecordMap::Node* node = records.oldest(); node != nullptr; node = node->newer) {
    if (node->exists()) {
      sum += number_of(node->record, program);
    }
  }
  return sum;
}

}  // namespace

std::optional<std::uint64_t> ViewDigest::at_top(const ChannelLog& log, const ViewProgram& program,
                                                std::uint32_t incarnation) {
  const RecordMap& records = log.records();
  if (program.is_identity()) {
    return records.digest();
  }
  const bool goes_on = sum_.has_value() && incarnation_ == incarnation && log.reaches(at_);
  if (goes_on) {
    *sum_ += change_beyond(at_, log, program);
  } else if (records.size() <= limits::page_records_examined_max) {
    sum_ = sum_of(records, program);
  } else {
    sum_.reset();
  }
  at_ = log.top();
  incarnation_ = incarnation;
  return sum_;
}

}  // namespace tidegate::relay
