#include "edge/app/publish_route.h"

#include <optional>

#include "core/base/limits.h"
#include "edge/app/http_answers.h"
#include "edge/app/publish_body.h"

namespace tidegate::app {
namespace {

using Receipts = std::vector<Result<relay::PublishReceipt>>;

std::string receipt_json(const relay::PublishReceipt& receipt) {
  // The offset is a string: it has 64 bits, and many languages' numbers do not.
  return json_text({{"epoch", receipt.position.epoch.token()},
                    {"offset", std::to_string(receipt.position.offset.value)},
                    {"outcome", publish_outcome_name(receipt.outcome)}});
}

std::string result_json(const Result<relay::PublishReceipt>& result) {
  if (result) return receipt_json(*result);
  return "{\"error\":" + error_json(result.error()) + "}";
}

net::HttpResponse single_answer(const Result<relay::PublishReceipt>& result) {
  return result ? json_answer(receipt_json(*result)) : error_answer(result.error());
}

/// The messages of one request on their way: those refused here keep their place among the answers.
struct Publishing {
  bool is_batch = false;
  std::vector<std::optional<Error>> refusals;  // one for each message; nullopt: sent on
  std::shared_ptr<net::HttpResponder> responder;

  void answer(const Receipts& receipts) const;
};

void Publishing::answer(const Receipts& receipts) const {
  std::string results;
  std::size_t sent = 0;
  for (const std::optional<Error>& refusal : refusals) {
    if (!refusal.has_value() && sent >= receipts.size()) {
      return responder->respond(
          error_answer(Error{ErrorCode::Internal, "a message was not answered", 0}));
    }
    const Result<relay::PublishReceipt> result =
        refusal.has_value() ? Result<relay::PublishReceipt>(*refusal) : receipts[sent++];
    if (!is_batch) return responder->respond(single_answer(result));
    if (!results.empty()) results += ',';
    results += result_json(result);
  }
  responder->respond(json_answer("{\"results\":[" + results + "]}"));
}

std::optional<Error> refusal_of(const Result<PublishMessage>& message, const auth::ApiKey& key) {
  if (!message) return message.error();
  if (key.covers(message->channel)) return std::nullopt;
  return Error{ErrorCode::Forbidden,
               "the API key \"" + key.name +
                   "\" may not publish on this channel: its patterns do "
                   "not match",
               0};
}

net::HttpResponse body_refusal(const Error& error) {
  // A batch that is too long is too large, as far as HTTP has words for it.
  return error.code == ErrorCode::LimitExceeded ? error_answer(413, error) : error_answer(error);
}

}  // namespace

void PublishRoute::handle(net::WorkerAccess& worker, const net::HttpRequest& request,
                          std::shared_ptr<net::HttpResponder> responder) const {
  const auto authenticated = keys_.authenticate(request.authorization);
  if (!authenticated) return responder->respond(error_answer(authenticated.error()));
  const auth::ApiKey& key = **authenticated;
  auto body = parse_publish_body(request.body, request.idempotency_key);
  if (!body) return responder->respond(body_refusal(body.error()));
  Publishing publishing{body->is_batch, {}, std::move(responder)};
  std::vector<relay::PublishRequest> requests;
  for (Result<PublishMessage>& message : body->messages) {
    publishing.refusals.push_back(refusal_of(message, key));
    if (publishing.refusals.back().has_value()) continue;
    requests.push_back(relay::PublishRequest{
        {}, key.tenant, "key:" + key.name, std::move(message->channel), std::move(message->draft)});
  }
  if (requests.empty()) return publishing.answer({});
  worker.publish(std::move(requests),
                 [publishing = std::move(publishing)](const Receipts& receipts) {
                   publishing.answer(receipts);
                 });
}

}  // namespace tidegate::app
