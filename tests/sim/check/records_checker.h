// I2: a reader of a state channel holds its records. One view for each subscription: what a page
// would show that takes every row it is given and removes what it is told to.
//
// In between: every row is the record as it was at exactly the version that it names, and no record
// goes back to a version before the one that was shown. At every quiet point (a position, and no
// pass under way) what is held is the accepted history folded at that position, through the filter.
// In the end it is the fold at the top, and the session holds the same.
//
// Whatever has changed since the last quiet point, here or in the book, is compared, and nothing
// else, so a run with thousands of records stays cheap; behind a pass everything is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/client/event.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/check/record_filters.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

/// A row of a state channel as the application reads it.
struct SeenRecord {
  std::string key;
  std::uint64_t version = 0;
  bool is_delete = false;
  bool binary = false;
  std::string_view payload;
};

struct RecordsView {
  ChannelRef channel;
  RecordSight sight;
  std::string who;  // for messages
  bool may_subscribe = true;
  bool bogus_since = false;
  bool live = false;
  bool ended = false;
  bool is_whole = false;    // all there is was given once
  bool is_tainted = false;  // a fault has changed bytes on their way here
  std::optional<std::string> epoch;
  std::uint64_t start = 0;
  std::uint64_t position = 0;
  struct Held {
    std::uint64_t version = 0;
    bool is_former = false;  // of another epoch
    bool binary = false;
    std::string payload;
  };
  std::map<std::string, Held> rows;
  std::map<std::string, std::uint64_t> gone;  // the version up to which the record is known
  std::set<std::string> touched;              // since the last quiet point
  std::uint64_t quiet_at = 0;
  std::uint64_t read_until = 0;  // sweeps were read here at the latest: beyond the position
  bool compares_all = false;
};

class RecordsChecker {
 public:
  RecordsChecker(SimContext& context, const Oracle& oracle) : context_(context), oracle_(oracle) {}

  void started(RecordsView& view, const SubscriptionStarted& started);
  /// `in_pages`: the message had pages, whose rows may be ahead of the position.
  void row(RecordsView& view, const SeenRecord& row, const std::optional<StreamPosition>& position,
           bool in_pages);
  void removed(RecordsView& view, const std::vector<std::string>& keys);
  void ended(RecordsView& view, const Error& error);
  /// What the frames of the message at hand say.
  struct Pages {
    bool in_pass = false;    // the last block was a page, with more to come
    bool has_sweep = false;  // there was a page that says what is absent
  };
  /// All events have been handled.
  void drained(RecordsView& view, const std::optional<StreamPosition>& position,
               const Pages& pages);
  void digests_differ(const std::string& who);
  /// After the last fault: a reason when the view is not what the channel is.
  std::optional<std::string> missing(const RecordsView& view) const;

  std::uint64_t rows_seen() const { return rows_seen_; }
  std::uint64_t quiet_points() const { return quiet_points_; }
  std::uint64_t swept() const { return swept_; }

 private:
  void fail(const RecordsView& view, const std::string& what);
  const RecordBook* book_of(const RecordsView& view) const;
  void check_reason(const RecordsView& view, const SubscriptionStarted& started);
  void check_content(const RecordsView& view, const SeenRecord& row, const RecordState& state);
  void check_delete(const RecordsView& view, const SeenRecord& row);
  void compare(RecordsView& view, const RecordBook& book);
  /// Why the record under `key` is not what it was at the position; empty when it is.
  static bool was_absent(const RecordsView& view, const RecordBook& book, const std::string& key);
  static std::string difference(const RecordsView& view, const RecordBook& book,
                                const std::string& key);

  SimContext& context_;
  const Oracle& oracle_;
  std::uint64_t rows_seen_ = 0;
  std::uint64_t quiet_points_ = 0;
  std::uint64_t swept_ = 0;
};

/// An epoch token without the filter that may stand behind it.
std::string stream_epoch_of(const std::string& token);

}  // namespace tidegate::sim
