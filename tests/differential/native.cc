// Replays scripts of steps against the native core and prints, for every step, what came back: the
// returned number, the output buffer, the row table, and the blocks that rows of this step point
// into. The WebAssembly core is driven by the same scripts from TypeScript; both must say the same
// bytes.
//
// A script is lines of words; texts and bytes are hexadecimal, "-" for none. `session` begins a new
// one.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "core/base/byte_io.h"
#include "wasm/core_session.h"

namespace {

using tidegate::ByteReader;
using tidegate::Bytes;
using tidegate::ByteView;
using tidegate::RowEntry;
using tidegate::wasm::CoreSession;
using tidegate::wasm::RecordKind;

int nibble(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; hex != "-" && at + 1 < hex.size(); at += 2) {
    bytes.push_back(static_cast<char>(nibble(hex[at]) * 16 + nibble(hex[at + 1])));
  }
  return bytes;
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex.empty() ? "-" : hex;
}

/// One line of the script, read word by word.
class Words {
 public:
  explicit Words(const std::string& line) : in_(line) {}
  std::string word() {
    std::string text;
    in_ >> text;
    return text;
  }
  std::string text() { return from_hex(word()); }
  double number() { return std::stod(word()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(std::stoul(word())); }
  /// Two words: the low half, then the high one.
  std::uint64_t u64() {
    const std::uint32_t low = u32();
    return tidegate::wasm::join(low, u32());
  }
  bool truth() { return word() == "1"; }

 private:
  std::istringstream in_;
};

std::unique_ptr<CoreSession> make_session(Words& words) {
  const std::string client = words.text();
  const std::string session_id = words.text();
  const std::uint32_t seed_low = words.u32();
  const std::uint32_t seed_high = words.u32();
  const bool fetch_token = words.truth();
  tidegate::wasm::SessionTuning tuning{};
  for (double* field :
       {&tuning.connect_timeout_ms, &tuning.publish_timeout_ms, &tuning.backoff_base_ms,
        &tuning.backoff_cap_ms, &tuning.unsubscribe_linger_ms, &tuning.batch_delay_ms,
        &tuning.reconnect_attempts_max}) {
    *field = words.number();
  }
  return std::make_unique<CoreSession>(client, session_id, seed_low, seed_high, fetch_token,
                                       tuning);
}

void reserve(CoreSession& session, const std::string& bytes) {
  std::uint8_t* room = session.reserve(static_cast<std::uint32_t>(bytes.size()));
  const std::size_t fitting = std::min<std::size_t>(bytes.size(), CoreSession::reserve_max());
  std::copy_n(bytes.begin(), fitting, room);
}

/// Steps without a time; false when `name` is not one of them.
bool timeless_step(CoreSession& session, const std::string& name, Words& words,
                   std::uint32_t& result) {
  if (name == "add_listener") {
    result = session.add_listener();
  } else if (name == "remove_listener") {
    session.remove_listener(words.u32());
  } else if (name == "admit") {
    const std::uint32_t listener = words.u32();
    const std::string id = words.text();
    reserve(session, id);
    result = session.admit(listener, static_cast<std::uint32_t>(id.size())) ? 1 : 0;
  } else if (name == "position") {
    session.position(words.u32());
  } else if (name == "stats") {
    session.stats();
  } else {
    return false;
  }
  return true;
}

std::uint32_t publish(CoreSession& session, double at, double wall, Words& words) {
  const std::string channel = words.text();
  const std::uint32_t operation = words.u32();
  const std::string key = words.text();
  const std::string event = words.text();
  const std::string event_id = words.text();
  const std::string idempotency_key = words.text();
  const std::string tags = words.text();
  tidegate::wasm::PublishConditions conditions{};
  conditions.conditions = words.u32();
  conditions.if_epoch = words.text();
  conditions.if_version = words.u64();
  conditions.source_epoch = words.text();
  conditions.source_number = words.u64();
  const bool binary = words.truth();
  const std::string payload = words.text();
  reserve(session, payload);
  return session.publish(at, wall, channel, operation, key, event, event_id, idempotency_key, tags,
                         conditions, binary, static_cast<std::uint32_t>(payload.size()));
}

std::uint32_t subscribe(CoreSession& session, double at, double wall, Words& words) {
  const std::string channel = words.text();
  const std::uint32_t history = words.u32();
  const std::string epoch = words.text();
  const std::uint32_t low = words.u32();
  const std::uint32_t high = words.u32();
  const std::uint32_t min_interval_ms = words.u32();
  return session.subscribe(at, wall, channel, history, epoch, low, high, min_interval_ms,
                           words.text());
}

std::uint32_t timed_step(CoreSession& session, const std::string& name, Words& words) {
  const double at = words.number();
  const double wall = words.number();
  if (name == "feed") {
    const std::uint32_t connection = words.u32();
    const std::string bytes = words.text();
    reserve(session, bytes);
    session.feed(at, wall, connection, static_cast<std::uint32_t>(bytes.size()));
  } else if (name == "timeout") {
    session.timeout(at, wall);
  } else if (name == "open") {
    session.handle_open(at, wall, words.u32());
  } else if (name == "close") {
    const std::uint32_t connection = words.u32();
    const std::uint32_t code = words.u32();
    session.handle_close(at, wall, connection, code, words.text());
  } else if (name == "token") {
    const std::uint32_t fetch = words.u32();
    session.handle_token(at, wall, fetch, words.text());
  } else if (name == "token_failure") {
    const std::uint32_t fetch = words.u32();
    const std::string message = words.text();
    session.handle_token_failure(at, wall, fetch, message, words.truth());
  } else if (name == "network") {
    session.handle_network(at, wall, words.truth());
  } else if (name == "resume") {
    session.handle_resume(at, wall);
  } else if (name == "connect") {
    session.connect(at, wall);
  } else if (name == "disconnect") {
    session.disconnect(at, wall);
  } else if (name == "set_token") {
    session.set_token(at, wall, words.text());
  } else if (name == "subscribe") {
    return subscribe(session, at, wall, words);
  } else if (name == "unsubscribe") {
    session.unsubscribe(at, wall, words.u32());
  } else if (name == "publish") {
    return publish(session, at, wall, words);
  } else {
    std::cerr << "unknown step: " << name << "\n";
    std::exit(2);
  }
  return 0;
}

/// The kept blocks that this step's RowsDelivered records name.
std::string sources(const CoreSession& session) {
  std::string text;
  ByteReader reader(session.output());
  while (reader.remaining() > 0) {
    const std::uint32_t kind = reader.u32();
    const std::uint32_t bytes = reader.u32();
    const ByteView body = reader.bytes((bytes + 7) & ~std::uint32_t{7});
    if (kind != static_cast<std::uint32_t>(RecordKind::RowsDelivered)) {
      continue;
    }
    ByteReader fields(body);
    fields.bytes(12);
    if (const std::uint32_t source = fields.u32(); source != 0) {
      text += " " + to_hex(session.source_bytes(source));
    }
  }
  return text;
}

ByteView row_bytes(const CoreSession& session) {
  const std::span<const RowEntry> rows = session.row_table();
  return {reinterpret_cast<const std::uint8_t*>(rows.data()), rows.size_bytes()};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::unique_ptr<CoreSession> session;
  for (std::string line; std::getline(std::cin, line);) {
    Words words(line);
    const std::string name = words.word();
    if (name == "session") {
      session = make_session(words);
      std::cout << "session\n";
      continue;
    }
    std::uint32_t result = 0;
    if (!timeless_step(*session, name, words, result)) {
      result = timed_step(*session, name, words);
    }
    std::cout << result << " " << to_hex(session->output()) << " " << to_hex(row_bytes(*session))
              << sources(*session) << "\n";
  }
  return 0;
}
