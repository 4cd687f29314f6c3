#include "edge/relay/connection_writer.h"

#include <utility>

namespace tidegate::relay {

std::string connection_name(const ShardOptions& options, ConnectionHandle handle) {
  // The relay process, the shard, and the connection within it.
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (int shift = 28; shift >= 0; shift -= 4) {
    name += kDigits[(options.incarnation >> shift) & 15U];
  }
  for (const std::uint32_t part : {std::uint32_t{options.shard}, handle.slot, handle.generation}) {
    name += '-';
    name += std::to_string(part);
  }
  return name;
}

void ConnectionWriter::queue(std::uint32_t slot, RelaySession& session) {
  if (session.writing == Writing::Idle) {
    session.writing = Writing::Queued;
    queued_.push_back(slot);
  }
}

void ConnectionWriter::note_control(std::uint32_t slot, RelaySession& session) {
  queue(slot, session);
  if (session.control.size() > limits::control_queue_bytes_kill) {
    session.control.clear();
    disconnect(slot, DisconnectCode::Overloaded,
               "answers wait that the client does not read (control_queue_bytes_kill)");
    return;
  }
  update_reading(slot);
}

void ConnectionWriter::update_reading(std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  // Paused at the limits, resumed at half of them, so that it does not flap.
  const bool over = session.control.size() > limits::control_queue_bytes_max ||
                    session.publishes_in_flight >= limits::publishes_in_flight_per_connection_max;
  const bool relaxed =
      session.control.size() <= limits::control_queue_bytes_max / 2 &&
      session.publishes_in_flight <= limits::publishes_in_flight_per_connection_max / 2;
  const bool pause = session.reading_paused ? !relaxed : over;
  if (pause != session.reading_paused) {
    session.reading_paused = pause;
    context_.emit(PauseReading{sessions_.handle_of(slot), pause});
  }
}

void ConnectionWriter::disconnect(std::uint32_t slot, DisconnectCode code, std::string message,
                                  std::uint32_t retry_after_ms) {
  RelaySession& session = sessions_.at(slot);
  if (std::holds_alternative<Ending>(session.state)) {
    return;
  }
  if (!std::holds_alternative<Active>(session.state) && code != DisconnectCode::Restarting) {
    ++context_.counters.connections_refused;
  }
  message.resize(std::min(message.size(), limits::error_message_bytes_max));
  context_.log(LogLevel::Info,
               "connection " + connection_name(context_.options, sessions_.handle_of(slot)) +
                   " ended by the relay: " + std::string(disconnect_code_name(code)) + ", " +
                   printable(message));
  auto frame = std::make_unique<DisconnectFrame>();
  frame->code = static_cast<std::uint16_t>(code);
  frame->retry_after_ms = retry_after_ms;
  frame->message = std::move(message);
  session.state = Ending{std::move(frame)};
  ending_.push_back(sessions_.handle_of(slot));
}

void ConnectionWriter::mark(std::uint32_t slot, std::uint32_t subscription) {
  RelaySession& session = sessions_.at(slot);
  if (session.writing == Writing::Blocked) {
    return;  // looks at all of them when it can write again
  }
  if (session.dirty.size() >= session.subscriptions.size()) {
    session.dirty.clear();
    session.scan_all = true;
  } else if (!session.scan_all) {
    session.dirty.push_back(subscription);
  }
  queue(slot, session);
}

void ConnectionWriter::mark_all(std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  session.dirty.clear();
  session.scan_all = true;
  queue(slot, session);
}

void ConnectionWriter::handle_blocked(std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  if (session.writing != Writing::Blocked) {
    session.writing = Writing::Blocked;
    ++context_.counters.connections_blocked;
  }
}

void ConnectionWriter::handle_writable(std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  if (session.writing == Writing::Blocked) {
    session.writing = Writing::Idle;
    mark_all(slot);
  }
}

std::optional<std::uint32_t> ConnectionWriter::front() {
  // Those that were blocked, closed or ended meanwhile stand here still; they are passed over.
  while (!queued_.empty()) {
    const RelaySession& session = sessions_.at(queued_.front());
    if (session.open && session.writing == Writing::Queued &&
        !std::holds_alternative<Ending>(session.state)) {
      return queued_.front();
    }
    queued_.pop_front();
  }
  return std::nullopt;
}

std::optional<std::uint32_t> ConnectionWriter::poll_ending() {
  while (!ending_.empty()) {
    const ConnectionHandle handle = ending_.front();
    ending_.pop_front();
    if (sessions_.find(handle) != nullptr) {
      return handle.slot;
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::relay
