// What the records that a view shows sum up to (core/merge/record_digest.h). All records keep their
// own sum; a program's is kept here, and brought up to date from the log when it is asked for, so
// that publications do not pay for it one by one.
#pragma once

#include <cstdint>
#include <optional>

#include "edge/relay/channel_log.h"
#include "edge/relay/view_program.h"

namespace tidegate::relay {

class ViewDigest {
 public:
  /// At the log's top, of a mirror that stands where its owner does. nullopt: through a program,
  /// when all records would have to be looked at and are more than
  /// limits::page_records_examined_max. `incarnation` is the mirror's.
  std::optional<std::uint64_t> at_top(const ChannelLog& log, const ViewProgram& program,
                                      std::uint32_t incarnation);

 private:
  std::optional<std::uint64_t> sum_;
  Offset at_;
  std::uint32_t incarnation_ = 0;
};

}  // namespace tidegate::relay
