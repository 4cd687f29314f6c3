#include "edge/net/client_connection.h"

#include <libwebsockets.h>

#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

#include "core/base/limits.h"
#include "edge/net/client_url.h"
#include "edge/net/clock.h"
#include "edge/net/close_frame.h"
#include "edge/net/lws_log.h"
#include "edge/net/uv_loop.h"
#include "edge/net/ws_write.h"

namespace tidegate::net {
namespace {

constexpr std::uint16_t kAbnormalClosure = 1006;
constexpr std::uint16_t kMessageTooBig = 1009;
constexpr std::size_t kClientRxBufferBytes = 64 * 1024;

int client_callback(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size);

const lws_protocols* client_protocols() {
  static const lws_protocols kProtocols[] = {
      {"tidegate.v1", client_callback, 0, kClientRxBufferBytes, 0, nullptr,
       limits::socket_write_bytes_max},
      lws_protocols{},
  };
  return kProtocols;
}

class NativeClient final : public ClientConnection {
 public:
  NativeClient(ClientUrl url, ClientConnectionOptions options)
      : log_scope_([](const relay::LogLine&) {}),
        url_(std::move(url)),
        token_(std::move(options.token)),
        session_(options.session) {}
  ~NativeClient() override { context_.destroy(); }

  Status set_up();

  ClientSession& session() override { return session_; }
  Now now() const override { return real_now(); }
  void run(std::function<void(const Event&)> on_event) override;
  void pump() override;
  void stop() override { uv_stop(loop_.get()); }

  // ---- libwebsockets speaks
  void handle_open(lws* wsi);
  void handle_receive(lws* wsi, ByteView fragment);
  void handle_closed(lws* wsi, std::uint16_t code, std::string_view reason);
  void handle_writable(lws* wsi);
  /// Why there is no connection. `detail` is the library's word for it, or empty.
  std::string unreachable(std::string_view detail = {}) const;

 private:
  /// One socket's life, as far as the session still cares about it.
  struct Link {
    ConnectionId connection = ConnectionId::None;
    lws* wsi = nullptr;
    bool open = false;
    Bytes partial;
  };
  struct Ended {
    ConnectionId connection = ConnectionId::None;
    std::string reason;
  };

  bool is_current(lws* wsi) const;
  bool pump_once();
  bool pump_transmit();
  void carry_out(const OpenConnection& effect);
  void carry_out(const CloseConnection& effect);
  void carry_out(const FetchToken& effect);
  bool send(const Bytes& message);
  void release_link(std::uint16_t code, std::string_view reason);
  void arm_timer();

  uv_timer_t timer_{};
  UvLoop loop_;
  LwsContext context_;
  LwsLogScope log_scope_;
  ClientUrl url_;
  std::string token_;
  ClientSession session_;
  std::function<void(const Event&)> on_event_;
  Link link_;
  bool opening_ = false;  // within the library's connect call, which may fail before it returns
  std::deque<Ended> ended_;
  bool pumping_ = false;
  std::vector<unsigned char> send_buffer_;
};

NativeClient& client_of(lws* wsi) {
  return *static_cast<NativeClient*>(lws_context_user(lws_get_context(wsi)));
}

int client_callback(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(in);
  switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      client_of(wsi).handle_open(wsi);
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      client_of(wsi).handle_receive(wsi, in == nullptr ? ByteView() : ByteView(bytes, size));
      return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      client_of(wsi).handle_writable(wsi);
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      if (in != nullptr && size >= 2) {
        client_of(wsi).handle_closed(wsi, static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]),
                                     as_text(ByteView(bytes + 2, size - 2)));
      }
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      client_of(wsi).handle_closed(
          wsi, kAbnormalClosure,
          client_of(wsi).unreachable(in == nullptr ? "" : as_text(ByteView(bytes, size))));
      return 0;
    // The relay died between the request and its answer: of that nothing else is said.
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:  // whatever was said or not: `wsi` is no more
      client_of(wsi).handle_closed(wsi, kAbnormalClosure, "the connection was lost");
      return 0;
    default:
      return 0;
  }
}

Status NativeClient::set_up() {
  lws_context_creation_info creation = base_creation();
  creation.protocols = client_protocols();
  creation.user = this;
  creation.timeout_secs = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::seconds>(limits::connect_timeout_default).count());
  const Status status = context_.create(loop_, creation);
  if (!status) {
    return status;
  }
  uv_timer_init(loop_.get(), &timer_);
  timer_.data = this;
  session_.set_token(now(), token_);
  return ok_status();
}

void NativeClient::run(std::function<void(const Event&)> on_event) {
  on_event_ = std::move(on_event);
  pump();
  uv_run(loop_.get(), UV_RUN_DEFAULT);
  on_event_ = nullptr;
}

void NativeClient::pump() {
  if (pumping_) {
    return;  // the call that is already at it goes on until nothing is left
  }
  pumping_ = true;
  while (pump_once()) {
  }
  pumping_ = false;
  arm_timer();
}

bool NativeClient::pump_once() {
  bool active = false;
  while (const auto effect = session_.poll_effect()) {
    active = true;
    std::visit([this](const auto& one) { carry_out(one); }, *effect);
  }
  active |= pump_transmit();
  while (on_event_) {
    const auto event = session_.poll_event();
    if (!event.has_value()) {
      break;
    }
    active = true;
    on_event_(*event);
  }
  while (!ended_.empty()) {
    active = true;
    const Ended ended = std::move(ended_.front());
    ended_.pop_front();
    session_.handle_close(now(), ended.connection, kAbnormalClosure, ended.reason);
  }
  return active;
}

/// As long as the socket takes them; the rest waits in the session, where it is bounded.
bool NativeClient::pump_transmit() {
  bool active = false;
  while (link_.open && lws_partial_buffered(link_.wsi) == 0) {
    const auto message = session_.poll_transmit(now());
    if (!message.has_value()) {
      break;
    }
    active = true;
    if (!send(*message)) {
      ended_.push_back(Ended{link_.connection, "the connection was lost while sending"});
      release_link(0, {});
    }
  }
  return active;
}

bool NativeClient::send(const Bytes& message) {
  send_buffer_.resize(LWS_PRE + message.size());
  std::memcpy(send_buffer_.data() + LWS_PRE, message.data(), message.size());
  const int written =
      lws_write(link_.wsi, send_buffer_.data() + LWS_PRE, message.size(), LWS_WRITE_BINARY);
  if (written >= 0 && lws_partial_buffered(link_.wsi) != 0) {
    lws_callback_on_writable(link_.wsi);
  }
  return written >= 0;
}

void NativeClient::carry_out(const OpenConnection& effect) {
  release_link(1000, {});
  link_.connection = effect.connection;
  const std::string authority = url_.authority();
  lws_client_connect_info target{};
  target.context = context_.get();
  target.address = url_.host.c_str();
  target.port = url_.port;
  target.path = url_.path.c_str();
  target.host = authority.c_str();
  target.protocol = client_protocols()[0].name;
  target.local_protocol_name = client_protocols()[0].name;
  target.ietf_version_or_minus_one = -1;
  opening_ = true;
  lws* wsi = lws_client_connect_via_info(&target);
  opening_ = false;
  if (wsi == nullptr) {
    link_ = Link{};
    ended_.push_back(Ended{effect.connection, unreachable()});
    return;
  }
  link_.wsi = wsi;
  lws_cancel_service(context_.get());
}

void NativeClient::carry_out(const CloseConnection& effect) {
  if (effect.connection == link_.connection) {
    release_link(effect.code, effect.reason);
  }
}

void NativeClient::carry_out(const FetchToken& effect) {
  session_.handle_token(now(), effect.fetch, token_);
}

/// Nothing that the socket still says reaches the session after this. Code 0: no farewell.
void NativeClient::release_link(std::uint16_t code, std::string_view reason) {
  const Link link = std::exchange(link_, Link{});
  if (link.wsi == nullptr) {
    return;
  }
  const std::uint64_t bits = entropy64();
  std::array<std::uint8_t, 4> mask{};
  std::memcpy(mask.data(), &bits, mask.size());
  const bool told =
      link.open && code != 0 && write_framed(link.wsi, masked_close_frame(code, reason, mask));
  if (told) {
    lws_set_timeout(link.wsi, PENDING_TIMEOUT_CLOSE_ACK, 1);
  } else {
    lws_set_timeout(link.wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
  }
  lws_cancel_service(context_.get());
}

bool NativeClient::is_current(lws* wsi) const { return link_.wsi == wsi && wsi != nullptr; }

void NativeClient::handle_open(lws* wsi) {
  if (!is_current(wsi)) {
    return;
  }
  link_.open = true;
  session_.handle_open(now(), link_.connection);
  pump();
}

void NativeClient::handle_receive(lws* wsi, ByteView fragment) {
  if (!is_current(wsi) || !link_.open) {
    return;
  }
  const bool complete = lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0;
  if (complete && link_.partial.empty()) {
    session_.handle_message(now(), link_.connection, fragment);
    pump();
    return;
  }
  if (link_.partial.size() + fragment.size() > limits::relay_message_bytes_max) {
    const ConnectionId connection = link_.connection;
    release_link(kMessageTooBig, "message over the limit");
    session_.handle_close(now(), connection, kMessageTooBig, "the relay sent too large a message");
    pump();
    return;
  }
  link_.partial.insert(link_.partial.end(), fragment.begin(), fragment.end());
  if (complete) {
    const Bytes message = std::move(link_.partial);
    link_.partial = Bytes();
    session_.handle_message(now(), link_.connection, message);
    pump();  // before `message` goes: its events point into it
  }
}

std::string NativeClient::unreachable(std::string_view detail) const {
  std::string reason = "cannot connect to " + url_.authority();
  if (!detail.empty()) reason.append(": ").append(detail);
  return reason;
}

void NativeClient::handle_closed(lws* wsi, std::uint16_t code, std::string_view reason) {
  if (opening_ || !is_current(wsi)) {
    return;  // carry_out(OpenConnection) reports it, or the session has done with it
  }
  const ConnectionId connection = link_.connection;
  link_ = Link{};
  session_.handle_close(now(), connection, code, reason);
  pump();
}

void NativeClient::handle_writable(lws* wsi) {
  if (is_current(wsi)) {
    pump();
  }
}

void NativeClient::arm_timer() {
  const auto timeout = session_.poll_timeout();
  if (!timeout.has_value()) {
    uv_timer_stop(&timer_);
    return;
  }
  const Duration wait = std::max(*timeout - now().monotonic, Duration{0});
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_update_time(loop_.get());
  uv_timer_start(
      &timer_,
      [](uv_timer_t* timer) {
        auto& client = *static_cast<NativeClient*>(timer->data);
        client.session_.handle_timeout(client.now());
        client.pump();
      },
      static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)), 0);
}

}  // namespace

Result<std::unique_ptr<ClientConnection>> ClientConnection::create(
    ClientConnectionOptions options) {
  auto url = parse_client_url(options.url);
  if (!url) {
    return url.error();
  }
  if (options.session.session_id.empty()) {
    options.session.session_id = entropy_text();
  }
  if (options.session.seed == 0) {
    options.session.seed = entropy64();
  }
  auto client = std::make_unique<NativeClient>(std::move(*url), std::move(options));
  const Status status = client->set_up();
  if (!status) {
    return status.error();
  }
  return std::unique_ptr<ClientConnection>(std::move(client));
}

}  // namespace tidegate::net
