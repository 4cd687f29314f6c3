// What JavaScript can call: one bound class for the control plane, and plain exports for what runs
// once for every message. No logic here: each line names one method of CoreSession. The TypeScript
// twin of these names is sdk-js/src/core/core_module.ts; a test compares the two.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>

#include "wasm/core_session.h"

/// Embind's one use of printf is a type's name in an error about unbound types, of which there are
/// none. Standing here, it keeps five kilobytes of formatting out of the module.
extern "C" int siprintf(char* out, const char*, ...) {
  *out = '\0';
  return 0;
}

namespace tidegate::wasm {
namespace {

/// Embind's constructors take at most a few arguments comfortably, so tuning is a flat list.
CoreSession* create(const std::string& client, const std::string& session_id,
                    std::uint32_t seed_low, std::uint32_t seed_high, bool fetch_token,
                    double connect_timeout_ms, double publish_timeout_ms, double backoff_base_ms,
                    double backoff_cap_ms, double unsubscribe_linger_ms, double batch_delay_ms,
                    double reconnect_attempts_max) {
  return new CoreSession(client, session_id, seed_low, seed_high, fetch_token,
                         {connect_timeout_ms, publish_timeout_ms, backoff_base_ms, backoff_cap_ms,
                          unsubscribe_linger_ms, batch_delay_ms, reconnect_attempts_max});
}

/// 64-bit numbers come as two halves; what belongs together is put together here.
std::uint32_t publish(CoreSession& session, double monotonic_ms, double wall_ms,
                      const std::string& channel, std::uint32_t operation, const std::string& key,
                      const std::string& event, const std::string& event_id,
                      const std::string& idempotency_key, const std::string& tags,
                      std::uint32_t conditions, const std::string& if_epoch,
                      std::uint32_t if_version_low, std::uint32_t if_version_high,
                      const std::string& source_epoch, std::uint32_t source_low,
                      std::uint32_t source_high, bool binary, std::uint32_t payload_bytes) {
  return session.publish(monotonic_ms, wall_ms, channel, operation, key, event, event_id,
                         idempotency_key, tags,
                         {conditions, if_epoch, join(if_version_low, if_version_high), source_epoch,
                          join(source_low, source_high)},
                         binary, payload_bytes);
}

/// What the raw exports below take as their first argument.
std::uint32_t address(const CoreSession& session) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&session));
}

}  // namespace

EMSCRIPTEN_BINDINGS(tidegate) {
  emscripten::class_<CoreSession>("CoreSession")
      .constructor(&create, emscripten::allow_raw_pointers())
      .function("address", &address)
      .function("handleOpen", &CoreSession::handle_open)
      .function("handleClose", &CoreSession::handle_close)
      .function("handleToken", &CoreSession::handle_token)
      .function("handleTokenFailure", &CoreSession::handle_token_failure)
      .function("handleNetwork", &CoreSession::handle_network)
      .function("handleResume", &CoreSession::handle_resume)
      .function("connect", &CoreSession::connect)
      .function("disconnect", &CoreSession::disconnect)
      .function("setToken", &CoreSession::set_token)
      .function("subscribe", &CoreSession::subscribe)
      .function("unsubscribe", &CoreSession::unsubscribe)
      .function("publish", &publish)
      .function("addListener", &CoreSession::add_listener)
      .function("removeListener", &CoreSession::remove_listener)
      .function("position", &CoreSession::position)
      .function("stats", &CoreSession::stats);
}

extern "C" {

EMSCRIPTEN_KEEPALIVE std::uint32_t tg_abi() { return kAbiVersion; }
EMSCRIPTEN_KEEPALIVE std::uint32_t tg_reserve_max() { return CoreSession::reserve_max(); }
EMSCRIPTEN_KEEPALIVE std::uint8_t* tg_reserve(CoreSession* session, std::uint32_t bytes) {
  return session->reserve(bytes);
}
EMSCRIPTEN_KEEPALIVE void tg_feed(CoreSession* session, double monotonic_ms, double wall_ms,
                                  std::uint32_t connection, std::uint32_t bytes) {
  session->feed(monotonic_ms, wall_ms, connection, bytes);
}
EMSCRIPTEN_KEEPALIVE void tg_timeout(CoreSession* session, double monotonic_ms, double wall_ms) {
  session->timeout(monotonic_ms, wall_ms);
}
EMSCRIPTEN_KEEPALIVE bool tg_admit(CoreSession* session, std::uint32_t listener,
                                   std::uint32_t bytes) {
  return session->admit(listener, bytes);
}
EMSCRIPTEN_KEEPALIVE const std::uint8_t* tg_output(const CoreSession* session) {
  return session->output().data();
}
EMSCRIPTEN_KEEPALIVE std::size_t tg_output_bytes(const CoreSession* session) {
  return session->output().size();
}
EMSCRIPTEN_KEEPALIVE const RowEntry* tg_rows(const CoreSession* session) {
  return session->row_table().data();
}
EMSCRIPTEN_KEEPALIVE std::size_t tg_row_count(const CoreSession* session) {
  return session->row_table().size();
}
EMSCRIPTEN_KEEPALIVE const std::uint8_t* tg_source(const CoreSession* session,
                                                   std::uint32_t source) {
  return session->source_bytes(source).data();
}
EMSCRIPTEN_KEEPALIVE std::size_t tg_source_bytes(const CoreSession* session, std::uint32_t source) {
  return session->source_bytes(source).size();
}

}  // extern "C"

}  // namespace tidegate::wasm
