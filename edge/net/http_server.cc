#include "edge/net/http_server.h"

#include <sys/socket.h>

#include <algorithm>

#include "core/base/limits.h"
#include "edge/net/http_intake.h"
#include "edge/net/relay_server.h"
#include "edge/net/ws_write.h"

namespace tidegate::net {
namespace {

/// One is always possible, however large.
bool fits(std::size_t held, std::size_t bytes, std::size_t bytes_max) {
  return held == 0 || held + bytes <= bytes_max;
}

void arm_deadline(lws* wsi, Duration duration) { lws_set_timer_usecs(wsi, duration.count()); }

/// The library's own timers for a transaction are coarse and start anew with each byte; ours count.
void take_over_timeouts(lws* wsi) { lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); }

bool write_text(lws* wsi, std::string_view text) { return write_framed(wsi, as_bytes(text)); }

/// Into the socket, for callbacks in which the library is not to be called: when a connection may
/// be upgraded, its request is half taken apart. Nothing where earlier words still wait.
void say_past_the_library(lws* wsi, std::string_view text) {
  if (lws_partial_buffered(wsi) == 0) {
    (void)!send(lws_get_socket_fd(wsi), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

/// When the library has a request in a buffer of its own, because it came behind another one or was
/// read by us, it hands out the request's own head as the beginning of its body. No body that the
/// relay understands begins like that.
bool begins_with_own_head(const HttpRequest& request) {
  const std::string head = request.method + " /";
  const std::size_t size = std::min(head.size(), request.body.size());
  return size > 0 && request.body.compare(0, size, head, 0, size) == 0;
}

}  // namespace

void HttpExchange::respond(HttpResponse response) {
  if (wsi_ == nullptr || !std::holds_alternative<Answering>(state_)) {
    return;
  }
  state_ = Answered{std::move(response)};
  if (!inside_dispatch_) {
    lws_callback_on_writable(wsi_);
  }
}

void HttpServer::handle_accepted(lws* wsi) {
  tag_http(wsi, &connections_[wsi]);
  arm_deadline(wsi, options_.header_deadline);
}

void HttpServer::handle_upgraded(lws* wsi) {
  lws_set_timer_usecs(wsi, LWS_SET_TIMER_USEC_CANCEL);
  handle_destroyed(wsi);
  tag_forgotten(wsi);  // until the shard has given it a slot
}

bool HttpServer::handle_destroyed(lws* wsi) {
  const auto found = connections_.find(wsi);
  if (found == connections_.end()) {
    return false;
  }
  if (found->second.exchange != nullptr) {
    found->second.exchange->detach();
  }
  connections_.erase(found);
  return true;
}

void HttpServer::drain() {
  draining_ = true;
  for (auto& [wsi, connection] : connections_) {
    if (connection.exchange == nullptr) {
      lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
  }
}

int HttpServer::handle_upgrade_request(lws* wsi) {
  if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0) {
    return -1;  // the library has refused an upgrade it does not know, and only asks for form's
                // sake
  }
  std::optional<HttpResponse> refusal = refuse_upgrade(wsi);
  if (!refusal.has_value() && draining_) {
    refusal = error_response(503, Error{ErrorCode::Unavailable, "the relay is restarting", 0});
  }
  if (!refusal.has_value()) {
    return 0;
  }
  ++counters_.http_rejected;
  say_past_the_library(wsi, response_head(*refusal, AfterResponse::Close) + refusal->body);
  return -1;
}

int HttpServer::handle_request(lws* wsi) {
  HttpConnection* connection = tagged_http(wsi);
  if (connection == nullptr || connection->exchange != nullptr) {
    return -1;
  }
  ++counters_.http_requests;
  connection->exchange = std::make_shared<HttpExchange>(wsi);
  HttpExchange& exchange = *connection->exchange;
  Intake intake = read_request(wsi, options_.body_bytes_max);
  if (auto* refusal = std::get_if<IntakeRefusal>(&intake)) {
    return refuse(wsi, exchange, std::move(refusal->response));
  }
  auto& [request, body_bytes] = std::get<IntakeRequest>(intake);
  exchange.head_only_ = request.method == "HEAD";
  // The library announces the end of an empty body too, but only for POST.
  if (body_bytes == 0 && request.method != "POST") {
    const auto held = connection->exchange;
    dispatch(wsi, held, std::move(request));
    return answer_if_ready(wsi, *held, after_response());
  }
  const bool keeps_body = body_bytes > 0 && options_.api->wants_body(request);
  if (keeps_body && !has_room_for_body(body_bytes)) {
    return refuse(wsi, exchange,
                  error_response(503, Error{ErrorCode::Busy,
                                            "too many bodies of requests are on their way "
                                            "(http_bodies_bytes_max): repeat a little later",
                                            limits::full_retry_after_ms}));
  }
  if (body_bytes > 0 && expects_continue(wsi) &&
      !write_text(wsi, "HTTP/1.1 100 Continue\r\n\r\n")) {
    return -1;
  }
  exchange.state_ =
      HttpExchange::ReadingBody{std::move(request), body_bytes, keeps_body,
                                HeldBytes(bodies_bytes_, keeps_body ? body_bytes : 0)};
  arm_deadline(wsi, options_.body_deadline);
  return 0;
}

int HttpServer::handle_body(lws* wsi, ByteView part) {
  const auto exchange = exchange_of(wsi);
  if (exchange == nullptr) {
    return -1;
  }
  if (std::holds_alternative<HttpExchange::Discarding>(exchange->state_)) {
    return 0;
  }
  auto* reading = std::get_if<HttpExchange::ReadingBody>(&exchange->state_);
  if (reading == nullptr) {
    return answer_and_close(wsi, *exchange);
  }
  if (part.size() > reading->missing) {
    return -1;
  }
  reading->missing -= part.size();
  if (reading->is_kept) {
    reading->request.body.append(as_text(part));
  }
  return 0;
}

int HttpServer::handle_body_complete(lws* wsi) {
  const auto exchange = exchange_of(wsi);
  if (exchange == nullptr) {
    return -1;
  }
  auto* body = std::get_if<HttpExchange::ReadingBody>(&exchange->state_);
  if (body == nullptr) {
    // The library announces the same end again and again, tens of thousands of times a second, when
    // more bytes stand behind a body that is not answered yet. One end per request: the second one
    // ends the connection.
    return answer_and_close(wsi, *exchange);
  }
  HttpExchange::ReadingBody reading = std::move(*body);
  if (reading.missing > 0 || begins_with_own_head(reading.request)) {
    ++counters_.http_rejected;
    return -1;
  }
  dispatch(wsi, exchange, std::move(reading.request));
  // Answered only when the loop comes round: ending the transaction here would have the library
  // loop forever over bytes that stand behind the body.
  if (std::holds_alternative<HttpExchange::Answered>(exchange->state_)) {
    lws_callback_on_writable(wsi);
  }
  return 0;
}

void HttpServer::dispatch(lws* wsi, const std::shared_ptr<HttpExchange>& exchange,
                          HttpRequest request) {
  take_over_timeouts(wsi);
  arm_deadline(wsi, limits::http_response_deadline);
  exchange->state_ = HttpExchange::Answering{};
  exchange->inside_dispatch_ = true;
  if (exchange->head_only_) {
    request.method = "GET";
  }
  options_.api->handle(worker_, std::move(request), exchange);
  exchange->inside_dispatch_ = false;
}

int HttpServer::answer_if_ready(lws* wsi, HttpExchange& exchange, AfterResponse after) {
  if (auto* answered = std::get_if<HttpExchange::Answered>(&exchange.state_)) {
    return begin_response(wsi, exchange, std::move(answered->response), after);
  }
  return 0;
}

/// No more may be read from the connection, so its one request is answered now: by its response,
/// or, when there is none yet, by the truth that nobody knows. The library keeps what the socket
/// does not take, and flushes it before it closes.
int HttpServer::answer_and_close(lws* wsi, HttpExchange& exchange) {
  if (std::holds_alternative<HttpExchange::Answering>(exchange.state_)) {
    ++counters_.http_rejected;
    exchange.state_ = HttpExchange::Answered{error_response(
        503, Error{ErrorCode::OutcomeUnknown,
                   "further bytes came before this request was answered, and one connection "
                   "carries one request at a time: it may have been carried out or not; repeat it "
                   "with the same idempotency key",
                   0})};
  }
  if (auto* answered = std::get_if<HttpExchange::Answered>(&exchange.state_)) {
    exchange.state_ =
        HttpExchange::Writing{response_bytes(exchange, answered->response, AfterResponse::Close), 0,
                              AfterResponse::Close, HeldBytes()};
  }
  if (auto* writing = std::get_if<HttpExchange::Writing>(&exchange.state_)) {
    write_text(wsi, std::string_view(writing->bytes).substr(writing->written));
  }
  return -1;
}

int HttpServer::refuse(lws* wsi, HttpExchange& exchange, HttpResponse response) {
  ++counters_.http_rejected;
  if (!write_text(wsi, response_head(response, AfterResponse::Close) + response.body) ||
      !library_expects_body(wsi)) {
    return -1;
  }
  // Closing now would reset the connection, because the body stands unread, and the client might
  // never see the refusal. So the body is read and dropped for a moment.
  exchange.state_ = HttpExchange::Discarding{};
  take_over_timeouts(wsi);
  arm_deadline(wsi, limits::http_discard_deadline);
  return 0;
}

int HttpServer::handle_writable(lws* wsi) {
  const auto exchange = exchange_of(wsi);
  if (exchange == nullptr) {
    return 0;
  }
  if (std::holds_alternative<HttpExchange::Writing>(exchange->state_)) {
    return write_on(wsi, *exchange);
  }
  return answer_if_ready(wsi, *exchange, after_response());
}

int HttpServer::begin_response(lws* wsi, HttpExchange& exchange, HttpResponse response,
                               AfterResponse after) {
  if (!has_room_for(response)) {
    ++counters_.http_rejected;
    response = error_response(
        503, Error{ErrorCode::Busy,
                   "too many answers wait for readers who are slow (http_responses_bytes_max): "
                   "read what was asked for, or ask for less at a time",
                   limits::full_retry_after_ms});
  }
  std::string bytes = response_bytes(exchange, response, after);
  HeldBytes held(responses_bytes_, bytes.size());
  exchange.state_ = HttpExchange::Writing{std::move(bytes), 0, after, std::move(held)};
  return write_on(wsi, exchange);
}

/// A reader costs at most what one chunk does, whatever the others do.
bool HttpServer::has_room_for(const HttpResponse& response) const {
  return response.body.size() <= limits::http_write_chunk_bytes ||
         fits(*responses_bytes_, response.body.size(), limits::http_responses_bytes_max);
}

/// Counted as the request's head says, so that what was let in can be read to its end.
bool HttpServer::has_room_for_body(std::size_t bytes) const {
  return fits(*bodies_bytes_, bytes, limits::http_bodies_bytes_max);
}

std::string HttpServer::response_bytes(const HttpExchange& exchange, const HttpResponse& response,
                                       AfterResponse after) {
  std::string bytes = response_head(response, after);
  if (!exchange.head_only_ && response.status != 204 && response.status != 304) {
    bytes.append(response.body);
  }
  return bytes;
}

int HttpServer::write_on(lws* wsi, HttpExchange& exchange) {
  auto& writing = std::get<HttpExchange::Writing>(exchange.state_);
  while (writing.written < writing.bytes.size()) {
    if (lws_partial_buffered(wsi) != 0) {
      lws_callback_on_writable(wsi);
      return 0;
    }
    const std::string_view chunk =
        std::string_view(writing.bytes).substr(writing.written, limits::http_write_chunk_bytes);
    if (!write_text(wsi, chunk)) {
      return -1;
    }
    writing.written += chunk.size();
  }
  return finish(wsi, writing.after);
}

int HttpServer::finish(lws* wsi, AfterResponse after) {
  HttpConnection* connection = tagged_http(wsi);
  if (connection == nullptr) {
    return -1;
  }
  connection->exchange->detach();
  connection->exchange.reset();
  if (after == AfterResponse::Close) {
    return -1;  // the library flushes what is still buffered first
  }
  arm_deadline(wsi, limits::http_keepalive_default);
  return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

int HttpServer::handle_deadline(lws* wsi) {
  const auto exchange = exchange_of(wsi);
  if (exchange != nullptr && std::holds_alternative<HttpExchange::ReadingBody>(exchange->state_)) {
    ++counters_.http_rejected;
    const HttpResponse response = error_response(
        408, Error{ErrorCode::Timeout, "the body did not arrive within the deadline", 0});
    write_text(wsi, response_head(response, AfterResponse::Close) + response.body);
  }
  return -1;
}

std::shared_ptr<HttpExchange> HttpServer::exchange_of(lws* wsi) const {
  const HttpConnection* connection = tagged_http(wsi);
  return connection == nullptr ? nullptr : connection->exchange;
}

AfterResponse HttpServer::after_response() const {
  return draining_ ? AfterResponse::Close : AfterResponse::KeepAlive;
}

}  // namespace tidegate::net
