// `tidegate publish`: the client's outbox, once. It is queued until the connection is there, sent
// again after a lost one under the same key, and over when it is acknowledged.
#include <iostream>
#include <istream>
#include <iterator>
#include <ostream>

#include "edge/app/command.h"
#include "edge/app/delivery_text.h"
#include "edge/app/log.h"
#include "edge/net/client_connection.h"

namespace tidegate::app {
namespace {

/// Keys count within a session. Runs that are given a key by hand are one session, so that the same
/// command may be run again.
constexpr const char* kSharedSession = "tidegate-publish";

int fail(const Terminal& terminal, const std::string& message) {
  terminal.err << "tidegate publish: " << message << std::endl;
  return kExitFailure;
}

/// Standard input up to just over the limit: more would be refused anyway. Of text, without the
/// line's end that shells add: it would be stored, and each reader be given it.
std::string read_input(PayloadKind kind) {
  std::string text;
  char buffer[4096];
  while (text.size() <= limits::publication_payload_bytes_max && std::cin) {
    std::cin.read(buffer, sizeof buffer);
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
  }
  if (kind == PayloadKind::Json && !text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// At most one of --set, --merge and --delete says that it is about a record.
Status choose_operation(const PublishCommand& command, PublicationDraft& draft) {
  const std::pair<Operation, const std::string*> named[] = {{Operation::Set, &command.set},
                                                            {Operation::Merge, &command.merge},
                                                            {Operation::Delete, &command.erase}};
  for (const auto& [operation, key] : named) {
    if (key->empty()) continue;
    if (!draft.key.empty()) {
      return Error{ErrorCode::BadRequest, "one of --set, --merge and --delete, not several", 0};
    }
    draft.operation = operation;
    draft.key = *key;
  }
  if (command.if_version.has_value()) draft.if_version = Offset{*command.if_version};
  return ok_status();
}

Result<PublicationDraft> draft_of(const PublishCommand& command) {
  PublicationDraft draft;
  draft.event = command.event;
  draft.event_id = command.event_id;
  draft.idempotency_key = command.idempotency_key;
  draft.payload_kind = command.binary ? PayloadKind::Binary : PayloadKind::Json;
  if (!command.if_epoch.empty()) {
    auto epoch = Epoch::parse(command.if_epoch);
    if (!epoch) return epoch.error();
    draft.if_epoch = std::move(epoch).value();
  }
  if (const Status status = choose_operation(command, draft); !status) return status.error();
  if (draft.operation == Operation::Delete) return draft;
  const std::string data =
      command.data.has_value() ? *command.data : read_input(draft.payload_kind);
  draft.payload.assign(data.begin(), data.end());
  return draft;
}

std::string receipt_line(const PublishAcknowledged& ack, bool json) {
  const char* outcome = publish_outcome_name(ack.outcome);
  const std::string& epoch = ack.position.epoch.token();
  const std::string offset = std::to_string(ack.position.offset.value);
  if (!json) return epoch + ":" + offset + " " + outcome;
  return "{\"epoch\":" + json_quoted(epoch) + ",\"offset\":\"" + offset + "\",\"outcome\":\"" +
         outcome + "\"}";
}

std::string conflict_line(const PublishConflicted& conflict) {
  const std::string name(error_code_name(ErrorCode::VersionMismatch));
  if (conflict.version.value == 0) return name + ": there is no such record";
  const bool is_json = conflict.payload_kind == PayloadKind::Json;
  return name + ": the record is of version " + std::to_string(conflict.version.value) +
         (is_json ? ": " + std::string(as_text(conflict.payload)) : std::string());
}

/// Listens until the publish is settled.
class PublishRun {
 public:
  PublishRun(net::ClientConnection& connection, const PublishCommand& command,
             const Terminal& terminal)
      : connection_(connection), command_(command), terminal_(terminal) {}

  void hear(const Event& event) {
    if (ended_) return;  // what a failed client fails with is said by then
    if (const auto* ack = std::get_if<PublishAcknowledged>(&event)) {
      terminal_.out << receipt_line(*ack, command_.client.json) << std::endl;
      end(kExitOk);
    } else if (const auto* conflict = std::get_if<PublishConflicted>(&event)) {
      end(fail(terminal_, conflict_line(*conflict)));
    } else if (const auto* failed = std::get_if<PublishFailed>(&event)) {
      end(fail(terminal_, error_line(failed->error)));
    } else if (const auto* change = std::get_if<StateChanged>(&event)) {
      hear_state(*change);
    }
  }
  int exit_code() const { return exit_code_; }

 private:
  void hear_state(const StateChanged& change) {
    if (change.state == ClientState::Reconnecting) {
      terminal_.err << "tidegate publish: " << state_line(change) << std::endl;
    } else if (change.state == ClientState::Failed) {
      end(fail(terminal_, state_line(change)));
    }
  }
  void end(int exit_code) {
    if (ended_) return;
    ended_ = true;
    exit_code_ = exit_code;
    connection_.stop();
  }

  net::ClientConnection& connection_;
  const PublishCommand& command_;
  const Terminal& terminal_;
  bool ended_ = false;
  int exit_code_ = kExitFailure;
};

}  // namespace

int run_command(const PublishCommand& command, const Terminal& terminal) {
  const auto channel = ChannelName::parse(command.channel);
  if (!channel) return fail(terminal, channel.error().message);
  auto draft = draft_of(command);
  if (!draft) return fail(terminal, draft.error().message);
  net::ClientConnectionOptions options{command.client.url, command.client.token, {}};
  options.session.client = "tidegate-cli/" TIDEGATE_VERSION;
  options.session.publish_timeout = command.timeout;
  if (!command.idempotency_key.empty()) {
    options.session.session_id = kSharedSession;
  }
  auto created = net::ClientConnection::create(std::move(options));
  if (!created) return fail(terminal, created.error().message);
  net::ClientConnection& connection = **created;
  connection.session().connect(connection.now());
  const auto request =
      connection.session().publish(connection.now(), *channel, std::move(draft).value());
  if (!request) return fail(terminal, error_line(request.error()));
  PublishRun run(connection, command, terminal);
  connection.run([&](const Event& event) { run.hear(event); });
  return run.exit_code();
}

}  // namespace tidegate::app
