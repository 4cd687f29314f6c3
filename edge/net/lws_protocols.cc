#include "edge/net/lws_protocols.h"

#include "core/base/limits.h"
#include "edge/net/http_intake.h"
#include "edge/net/worker.h"

namespace tidegate::net {
namespace {

Worker& worker_of(lws* wsi) {
  return *static_cast<Worker*>(lws_context_user(lws_get_context(wsi)));
}

ByteView bytes_of(void* in, std::size_t size) {
  return in == nullptr ? ByteView() : ByteView(static_cast<const std::uint8_t*>(in), size);
}

int http_callback(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
  switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
      worker_of(wsi).handle_adopted(wsi);
      return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return worker_of(wsi).http().handle_upgrade_request(wsi);
    case LWS_CALLBACK_HTTP:
      return worker_of(wsi).http().handle_request(wsi);
    case LWS_CALLBACK_HTTP_BODY:
      return worker_of(wsi).http().handle_body(wsi, bytes_of(in, size));
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
      return worker_of(wsi).http().handle_body_complete(wsi);
    case LWS_CALLBACK_HTTP_WRITEABLE:
      return worker_of(wsi).http().handle_writable(wsi);
    case LWS_CALLBACK_TIMER:
      return worker_of(wsi).http().handle_deadline(wsi);
    case LWS_CALLBACK_WSI_DESTROY:  // comes here for connections of either protocol
      worker_of(wsi).handle_destroyed(wsi);
      return 0;
    default:
      return 0;
  }
}

int websocket_callback(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      worker_of(wsi).handle_established(wsi);
      return 0;
    case LWS_CALLBACK_RECEIVE:
      worker_of(wsi).websockets().handle_receive(wsi, bytes_of(in, size));
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      worker_of(wsi).websockets().handle_writable(wsi);
      return 0;
    case LWS_CALLBACK_CLOSED:
      worker_of(wsi).websockets().handle_closed(wsi);
      return 0;
    default:
      return 0;
  }
}

lws_protocols protocol(const char* name, lws_callback_function* callback, std::size_t rx_bytes) {
  lws_protocols description{};
  description.name = name;
  description.callback = callback;
  description.rx_buffer_size = rx_bytes;
  description.tx_packet_size = limits::socket_write_bytes_max;
  return description;
}

}  // namespace

const lws_protocols* worker_protocols() {
  // A client picks among these by name. The space keeps the first out of reach: no subprotocol has
  // one.
  static const lws_protocols kProtocols[] = {
      protocol("plain http", http_callback, 0),
      protocol(kWireProtocol, websocket_callback, limits::websocket_rx_buffer_bytes),
      lws_protocols{},
  };
  return kProtocols;
}

}  // namespace tidegate::net
