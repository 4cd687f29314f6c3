// What a worker remembers at each connection of the library: one word, so that no connection needs
// an allocation of ours. It is either nothing (not ours yet), the connection while it speaks HTTP,
// the shard's slot once it speaks WebSocket, or the fact that the shard has forgotten it already.
#pragma once

#include <libwebsockets.h>

#include <cstdint>
#include <optional>

namespace tidegate::net {

struct HttpConnection;  // aligned, so the lowest bits of its address are 0

inline constexpr std::uintptr_t kTagForgotten = 3;
inline constexpr std::uintptr_t kTagSlot = 1;

inline std::uintptr_t tag_of(lws* wsi) {
  return reinterpret_cast<std::uintptr_t>(lws_get_opaque_user_data(wsi));
}
inline void set_tag(lws* wsi, std::uintptr_t tag) {
  lws_set_opaque_user_data(wsi, reinterpret_cast<void*>(tag));
}

inline void tag_slot(lws* wsi, std::uint32_t slot) {
  set_tag(wsi, (static_cast<std::uintptr_t>(slot) << 2) | kTagSlot);
}
inline void tag_forgotten(lws* wsi) { set_tag(wsi, kTagForgotten); }
inline std::optional<std::uint32_t> tagged_slot(lws* wsi) {
  const std::uintptr_t tag = tag_of(wsi);
  if ((tag & 3) != kTagSlot) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(tag >> 2);
}

inline void tag_http(lws* wsi, HttpConnection* connection) {
  lws_set_opaque_user_data(wsi, connection);
}
inline HttpConnection* tagged_http(lws* wsi) {
  const std::uintptr_t tag = tag_of(wsi);
  return (tag & 3) == 0 ? reinterpret_cast<HttpConnection*>(tag) : nullptr;
}

}  // namespace tidegate::net
