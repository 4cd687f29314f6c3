// `tidegate subscribe`: prints what is published on some channels, across reconnects, each
// publication once. What the terminal shows is what a page would have been handed.
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "edge/app/command.h"
#include "edge/app/delivery_text.h"
#include "edge/app/pattern_follower.h"
#include "edge/app/position_text.h"
#include "edge/net/client_connection.h"

namespace tidegate::app {
namespace {

int fail(const Terminal& terminal, const std::string& message) {
  terminal.err << "tidegate subscribe: " << message << std::endl;
  return kExitFailure;
}

class SubscribeRun {
 public:
  SubscribeRun(net::ClientConnection& connection, const SubscribeCommand& command,
               const Terminal& terminal)
      : connection_(connection), command_(command), terminal_(terminal) {}

  Status subscribe_all() {
    SubscribeOptions options{std::nullopt, command_.history};
    options.filter = command_.filter;
    if (!command_.since.empty()) {
      auto position = parse_position(command_.since, "--since");
      if (!position) return position.error();
      options.since = std::move(position).value();
    }
    for (const std::string& name : command_.channels) {
      const Status status = is_pattern(name) ? follow(name) : subscribe_to(name, options);
      if (!status) return status;
    }
    return ok_status();
  }

  void hear(const Event& event) {
    std::visit([this](const auto& one) { hear_one(one); }, event);
  }
  int exit_code() const { return exit_code_; }

 private:
  Status subscribe_to(const std::string& name, const SubscribeOptions& options) {
    const auto channel = ChannelName::parse(name);
    if (!channel) return Error{channel.error().code, name + ": " + channel.error().message, 0};
    const auto id = connection_.session().subscribe(connection_.now(), *channel, options);
    if (!id) return id.error();
    channels_[*id] = name;
    return ok_status();
  }
  Status follow(const std::string& pattern) {
    if (!command_.since.empty()) {
      return Error{ErrorCode::BadRequest,
                   "--since: " + pattern +
                       " is a pattern, and each of its channels has a position "
                       "of its own",
                   0};
    }
    SubscribeOptions options;
    options.filter = pattern_filter(pattern);
    const auto id =
        connection_.session().subscribe(connection_.now(), ChannelName::directory(), options);
    if (!id) return id.error();
    channels_[*id] = pattern;
    followers_[*id];
    return ok_status();
  }
  /// A channel of a pattern: a subscription of its own, whatever else was asked for by name.
  void add(MatchedChannel matched) {
    if (!matched_.insert(matched.name.str()).second) return;  // its own subscription knows
    SubscribeOptions options{std::move(matched.since), command_.history};
    options.filter = command_.filter.empty() ? "{}" : command_.filter;
    const Status status = subscribe_to(matched.name.str(), options);
    if (!status) say(matched.name.str() + ": " + error_line(status.error()));
  }

  void hear_one(const StateChanged& change) {
    say(state_line(change));
    if (change.state == ClientState::Failed) end(kExitFailure);
  }
  void hear_one(const SubscriptionStarted& started) {
    epochs_[started.subscription] = started.start.epoch;
    const bool recovered = started.outcome == SubscribeOutcome::Recovered;
    say(channels_[started.subscription] +
        (recovered
             ? ": recovered from "
             : ": snapshot (" + std::string(snapshot_reason_name(started.reason)) + ") from ") +
        started.start.epoch.token() + ":" + std::to_string(started.start.offset.value));
  }
  void hear_one(const SubscriptionLive& live) {
    say(channels_[live.subscription] + ": live");
    const auto follower = followers_.find(live.subscription);
    if (follower == followers_.end()) return;
    for (MatchedChannel& matched : follower->second.handle_live()) add(std::move(matched));
  }
  void hear_one(const SubscriptionEnded& ended) {
    say(channels_[ended.subscription] + ": " + error_line(ended.error));
    channels_.erase(ended.subscription);
    if (channels_.empty()) end(kExitFailure);
  }
  void hear_one(const GapDetected& gap) {
    say(channels_[gap.subscription] + ": gap, asking for it again");
  }
  void hear_one(const EventNamed& named) { event_names_[named.event] = named.name; }
  void hear_one(const RowsDelivered& rows) {
    if (const auto found = followers_.find(rows.subscription); found != followers_.end()) {
      take_listed(found->second, rows);
      return;
    }
    for (std::uint32_t i = 0; i < rows.row_count && !ended_; ++i) print(rows, i);
    terminal_.out.flush();
    if (!terminal_.out) end(kExitFailure);  // nobody reads any more
  }
  void take_listed(PatternFollower& follower, const RowsDelivered& rows) {
    std::vector<MatchedChannel> found;  // subscribing is for when all rows have been read
    for (std::uint32_t i = 0; i < rows.row_count; ++i) {
      const BlockRow row = delivered_row(connection_.session(), rows, i);
      if (row.operation == Operation::Delete) continue;
      auto matched = follower.handle_record(row.key, as_text(row.payload));
      if (matched) found.push_back(std::move(*matched));
    }
    for (MatchedChannel& matched : found) add(std::move(matched));
  }
  void hear_one(const RecordsRemoved& removed) {
    if (followers_.count(removed.subscription) > 0) return;
    const auto text = command_.client.json ? removal_json : removal_line;
    for (const std::string& key : removed.keys) {
      terminal_.out << text(channels_[removed.subscription], epochs_[removed.subscription], key)
                    << '\n';
    }
    terminal_.out.flush();
  }
  void hear_one(const PublishAcknowledged&) {}
  void hear_one(const PublishConflicted&) {}
  void hear_one(const PublishFailed&) {}

  void print(const RowsDelivered& rows, std::uint32_t index) {
    const ClientSession& session = connection_.session();
    const BlockRow row = delivered_row(session, rows, index);
    const std::uint32_t event = session.row_table()[rows.first_row + index].event;
    const auto named = event_names_.find(event);
    const std::string_view name =
        named == event_names_.end() ? std::string_view() : std::string_view(named->second);
    const auto text = command_.client.json ? delivery_json : delivery_line;
    terminal_.out << text(channels_[rows.subscription], epochs_[rows.subscription], row, name)
                  << '\n';
    if (++printed_ == command_.count) end(kExitOk);
  }
  void say(const std::string& line) { terminal_.err << "# " << line << std::endl; }
  void end(int exit_code) {
    if (ended_) return;
    ended_ = true;
    exit_code_ = exit_code;
    connection_.stop();
  }

  net::ClientConnection& connection_;
  const SubscribeCommand& command_;
  const Terminal& terminal_;
  std::map<SubscriptionId, std::string> channels_;
  std::map<SubscriptionId, PatternFollower> followers_;  // of those that are patterns
  std::set<std::string> matched_;                        // by one of them
  std::map<SubscriptionId, Epoch> epochs_;
  std::map<std::uint32_t, std::string> event_names_;
  std::uint64_t printed_ = 0;
  bool ended_ = false;
  int exit_code_ = kExitFailure;
};

}  // namespace

int run_command(const SubscribeCommand& command, const Terminal& terminal) {
  net::ClientConnectionOptions options{command.client.url, command.client.token, {}};
  options.session.client = "tidegate-cli/" TIDEGATE_VERSION;
  auto created = net::ClientConnection::create(std::move(options));
  if (!created) return fail(terminal, created.error().message);
  net::ClientConnection& connection = **created;
  SubscribeRun run(connection, command, terminal);
  const Status subscribed = run.subscribe_all();
  if (!subscribed) return fail(terminal, error_line(subscribed.error()));
  connection.session().connect(connection.now());
  connection.run([&](const Event& event) { run.hear(event); });
  return run.exit_code();
}

}  // namespace tidegate::app
