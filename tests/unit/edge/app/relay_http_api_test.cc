// The routes against a worker that records what it is asked to publish and answers as it is told.
#include "edge/app/relay_http_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge/app/dev_mode.h"
#include "tests/unit/edge/app/temporary_folder.h"

namespace tidegate::app {
namespace {

using nlohmann::json;
using Receipts = std::vector<Result<relay::PublishReceipt>>;

class FakeWorker final : public net::WorkerAccess {
 public:
  Now now() const override { return {{}, wall_from_ms(1'767'225'600'000)}; }
  void publish(std::vector<relay::PublishRequest> requests, PublishDone done) override {
    for (auto& request : requests) published.push_back(std::move(request));
    waiting = std::move(done);
    if (answers.has_value()) std::exchange(waiting, nullptr)(std::move(*answers));
  }

  void read(relay::ReadRequest request, ReadDone done) override {
    reads.push_back(std::move(request));
    done(page);
  }
  Result<relay::ClaimsPtr> verify_token(std::string_view token) override {
    if (token != "reader-token") return Error{ErrorCode::TokenInvalid, "no such token", 0};
    auto claims = std::make_shared<relay::Claims>();
    claims->tenant = "acme";
    claims->capabilities = {
        {{ChannelPattern::parse("open:*").value()}, static_cast<std::uint8_t>(Action::History)},
        {{ChannelPattern::parse("live:*").value()}, static_cast<std::uint8_t>(Action::Subscribe)}};
    return relay::ClaimsPtr(std::move(claims));
  }

  std::vector<relay::ReadRequest> reads;
  relay::ReadResult page = relay::ReadPage{};
  std::vector<relay::PublishRequest> published;
  std::optional<Receipts> answers;  // nullopt: later, through `waiting`
  PublishDone waiting;
};

class FakeResponder final : public net::HttpResponder {
 public:
  void respond(net::HttpResponse answer) override {
    ++count;
    response = std::move(answer);
  }
  int count = 0;
  net::HttpResponse response;
};

relay::PublishReceipt receipt(std::uint64_t offset,
                              PublishOutcome outcome = PublishOutcome::Applied) {
  return {outcome, {Epoch::parse("epoch-1").value(), Offset{offset}}};
}

auth::ApiKeys keys() {
  return auth::ApiKeys(
      {auth::ApiKey::make("flights", auth::Secret("flights-secret-01"), "acme",
                          {ChannelPattern::parse("airport:*:departures").value()})});
}

struct Routes {
  explicit Routes(std::optional<DevRoutes> dev = std::nullopt)
      : api(keys(), status, std::move(dev)) {}

  net::HttpResponse call(net::HttpRequest request) {
    auto responder = std::make_shared<FakeResponder>();
    api.handle(worker, std::move(request), responder);
    EXPECT_EQ(responder->count, 1);
    return responder->response;
  }
  net::HttpResponse get(const std::string& path, const std::string& method = "GET") {
    net::HttpRequest request;
    request.method = method;
    request.path = path;
    request.host = "127.0.0.1:8480";
    return call(std::move(request));
  }
  net::HttpResponse read(const std::string& path, std::vector<std::string> query = {},
                         const std::string& authorization = "Bearer flights-secret-01") {
    net::HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    request.authorization = authorization;
    return call(std::move(request));
  }
  net::HttpResponse publish(const std::string& body,
                            const std::string& authorization = "Bearer flights-secret-01") {
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/v1/publish";
    request.authorization = authorization;
    request.idempotency_key = "idem";
    request.body = body;
    return call(std::move(request));
  }

  std::shared_ptr<RelayStatus> status =
      std::make_shared<RelayStatus>(std::make_shared<ReloadCounters>());
  FakeWorker worker;
  RelayHttpApi api;
};

constexpr const char* kMessage =
    R"({"channel":"airport:SFO:departures","event":"e","data":{"n":12345678901234567890}})";

std::string header(const net::HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

/// The name of the error in a response of this status.
std::string error_name(const net::HttpResponse& response, int status) {
  EXPECT_EQ(response.status, status) << response.body;
  const json body = json::parse(response.body);
  EXPECT_FALSE(body["error"]["message"].get<std::string>().empty());
  EXPECT_TRUE(body["error"]["code"].is_number());
  EXPECT_TRUE(body["error"]["temporary"].is_boolean());
  return body["error"]["name"];
}

TEST(RelayHttpApi, WantsTheBodiesOfThoseWhoMayPublishAndNoOthers) {
  const Routes routes;
  const auto wants = [&](const std::string& method, const std::string& path,
                         const std::string& authorization) {
    net::HttpRequest head;
    head.method = method;
    head.path = path;
    head.authorization = authorization;
    return routes.api.wants_body(head);
  };
  EXPECT_TRUE(wants("POST", "/v1/publish", "Bearer flights-secret-01"));
  EXPECT_FALSE(wants("POST", "/v1/publish", "Bearer another"));
  EXPECT_FALSE(wants("POST", "/v1/publish", ""));
  EXPECT_FALSE(wants("GET", "/v1/publish", "Bearer flights-secret-01"));
  EXPECT_FALSE(wants("POST", "/healthz", "Bearer flights-secret-01"));
}

TEST(PublishRoute, PublishesAsTheKey) {
  Routes routes;
  routes.worker.answers = Receipts{receipt(18446744073709551615ULL)};
  const net::HttpResponse response = routes.publish(kMessage);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      json::parse(response.body),
      json({{"epoch", "epoch-1"}, {"offset", "18446744073709551615"}, {"outcome", "applied"}}));
  ASSERT_EQ(routes.worker.published.size(), 1U);
  const relay::PublishRequest& request = routes.worker.published[0];
  EXPECT_EQ(request.tenant, "acme");
  EXPECT_EQ(request.producer, "key:flights");
  EXPECT_EQ(request.channel.str(), "airport:SFO:departures");
  EXPECT_EQ(request.draft.idempotency_key, "idem");
  EXPECT_EQ(as_text(request.draft.payload), R"({"n":12345678901234567890})");
}

TEST(PublishRoute, AnswersWhenTheRelayDoes) {
  Routes routes;
  auto responder = std::make_shared<FakeResponder>();
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/v1/publish";
  request.authorization = "Bearer flights-secret-01";
  request.body = kMessage;
  routes.api.handle(routes.worker, std::move(request), responder);
  EXPECT_EQ(responder->count, 0);
  routes.worker.waiting({receipt(1, PublishOutcome::Duplicate)});
  EXPECT_EQ(responder->count, 1);
  EXPECT_EQ(json::parse(responder->response.body)["outcome"], "duplicate");
}

TEST(PublishRoute, WithoutAKeyOrWithAnother) {
  Routes routes;
  EXPECT_EQ(error_name(routes.publish(kMessage, ""), 401), "token_required");
  const net::HttpResponse wrong = routes.publish(kMessage, "Bearer flights-secret-02");
  EXPECT_EQ(error_name(wrong, 401), "token_invalid");
  EXPECT_EQ(wrong.body.find("flights-secret"), std::string::npos);
  EXPECT_EQ(header(wrong, "www-authenticate"), "Bearer");
  EXPECT_TRUE(routes.worker.published.empty());
}

TEST(PublishRoute, OutsideTheKeysPatterns) {
  Routes routes;
  const auto response = routes.publish(R"({"channel":"chat:1","data":1})");
  EXPECT_EQ(error_name(response, 403), "forbidden");
  EXPECT_TRUE(routes.worker.published.empty());
}

TEST(PublishRoute, BadBodies) {
  Routes routes;
  EXPECT_EQ(error_name(routes.publish("{"), 400), "invalid_payload");
  EXPECT_EQ(error_name(routes.publish("{}"), 400), "bad_request");
  EXPECT_EQ(error_name(routes.publish(R"({"channel":"a b","data":1})"), 400), "invalid_channel");
  std::string many = "{\"messages\":[0";
  for (std::size_t i = 0; i < limits::publish_batch_entries_max; ++i) many += ",0";
  EXPECT_EQ(error_name(routes.publish(many + "]}"), 413), "limit_exceeded");
  EXPECT_TRUE(routes.worker.published.empty());
}

TEST(PublishRoute, TheRelaysRefusalsHaveTheirStatus) {
  const std::tuple<ErrorCode, int, const char*> cases[] = {
      {ErrorCode::UnknownNamespace, 404, "unknown_namespace"},
      {ErrorCode::EpochMismatch, 409, "epoch_mismatch"},
      {ErrorCode::IdempotencyConflict, 409, "idempotency_conflict"},
      {ErrorCode::PayloadTooLarge, 413, "payload_too_large"},
      {ErrorCode::InvalidPayload, 400, "invalid_payload"},
      {ErrorCode::LimitExceeded, 422, "limit_exceeded"},
      {ErrorCode::Busy, 429, "busy"},
      {ErrorCode::RateLimited, 429, "rate_limited"},
      {ErrorCode::Unavailable, 503, "unavailable"},
      {ErrorCode::OutcomeUnknown, 503, "outcome_unknown"},
      {ErrorCode::Timeout, 503, "timeout"},
      {ErrorCode::Internal, 500, "internal"},
  };
  for (const auto& [code, status, name] : cases) {
    Routes routes;
    routes.worker.answers = Receipts{Error{code, "because", 2500}};
    const net::HttpResponse response = routes.publish(kMessage);
    EXPECT_EQ(error_name(response, status), name);
    EXPECT_EQ(json::parse(response.body)["error"]["temporary"], is_temporary(code)) << name;
    EXPECT_EQ(header(response, "retry-after"), status == 429 || status == 503 ? "3" : "") << name;
  }
}

TEST(PublishRoute, ABatchAnswersEachMessageInItsPlace) {
  Routes routes;
  routes.worker.answers = Receipts{receipt(1), Error{ErrorCode::EpochMismatch, "another epoch", 0}};
  const net::HttpResponse response = routes.publish(
      R"({"messages":[{"channel":"chat:1","data":0},{"channel":"airport:A:departures","data":1},)"
      R"({"channel":"airport:B:departures"},{"channel":"airport:C:departures","data":3}]})");
  EXPECT_EQ(response.status, 200);
  const json results = json::parse(response.body)["results"];
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[0]["error"]["name"], "forbidden");
  EXPECT_EQ(results[1]["offset"], "1");
  EXPECT_EQ(results[2]["error"]["name"], "bad_request");
  EXPECT_EQ(results[3]["error"]["name"], "epoch_mismatch");
  ASSERT_EQ(routes.worker.published.size(), 2U);
  EXPECT_EQ(routes.worker.published[1].draft.idempotency_key, "idem#3");
}

TEST(PublishRoute, ABatchOfRefusedMessagesAsksNothingOfTheRelay) {
  Routes routes;
  const net::HttpResponse response =
      routes.publish(R"({"messages":[{"channel":"chat:1","data":0}]})");
  EXPECT_EQ(json::parse(response.body)["results"][0]["error"]["name"], "forbidden");
  EXPECT_TRUE(routes.worker.published.empty());
}

TEST(RelayHttpApi, Health) {
  Routes routes;
  EXPECT_EQ(routes.get("/healthz").status, 200);
  EXPECT_EQ(routes.get("/healthz", "HEAD").status, 200);
  routes.status->set_draining();
  const net::HttpResponse draining = routes.get("/healthz");
  EXPECT_EQ(error_name(draining, 503), "unavailable");
  EXPECT_EQ(header(draining, "retry-after"), "1");
}

TEST(RelayHttpApi, Metrics) {
  Routes routes;
  const net::HttpResponse response = routes.get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type.substr(0, 10), "text/plain");
  EXPECT_NE(response.body.find("tidegate_connections_opened_total 0"), std::string::npos);
}

TEST(RelayHttpApi, OtherPathsAndMethods) {
  Routes routes;
  EXPECT_EQ(error_name(routes.get("/"), 404), "not_found");
  EXPECT_EQ(error_name(routes.get("/v1/dev/token"), 404), "not_found");
  EXPECT_EQ(error_name(routes.get("/v1/publish"), 405), "unsupported");
  EXPECT_EQ(header(routes.get("/v1/publish"), "allow"), "POST");
  EXPECT_EQ(error_name(routes.get("/healthz", "POST"), 405), "unsupported");
  EXPECT_EQ(error_name(routes.get("/metrics", "DELETE"), 405), "unsupported");
  EXPECT_EQ(error_name(routes.get("/nothing", "OPTIONS"), 404), "not_found");
}

// ---- development mode

DevRoutes dev_routes() {
  return DevRoutes{
      [](WallTime now) { return Result<std::string>("token-" + std::to_string(wall_ms(now))); },
      std::nullopt};
}

TEST(DevRoutes, AFreshToken) {
  Routes routes(dev_routes());
  const net::HttpResponse response = routes.get("/v1/dev/token");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "token-1767225600000");
  EXPECT_EQ(header(response, "cache-control"), "no-store");
  EXPECT_EQ(error_name(routes.get("/v1/dev/token", "POST"), 405), "unsupported");
}

TEST(DevRoutes, NoTokenUnderAForeignName) {
  // DNS rebinding: a page of evil.example whose name now leads here would be same-origin with us.
  Routes routes(dev_routes());
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/v1/dev/token";
  request.host = "evil.example:8480";
  EXPECT_EQ(error_name(routes.call(request), 403), "forbidden");
  request.host = "";
  EXPECT_EQ(error_name(routes.call(request), 403), "forbidden");
}

TEST(DevRoutes, CorsForLoopbackOnly) {
  Routes routes(dev_routes());
  net::HttpRequest request;
  request.method = "OPTIONS";
  request.path = "/v1/publish";
  request.origin = "http://localhost:5173";
  const net::HttpResponse preflight = routes.call(request);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(header(preflight, "access-control-allow-origin"), "http://localhost:5173");
  EXPECT_NE(header(preflight, "access-control-allow-headers").find("authorization"),
            std::string::npos);
  request.method = "GET";
  request.path = "/healthz";
  EXPECT_EQ(header(routes.call(request), "access-control-allow-origin"), "http://localhost:5173");
  request.origin = "http://localhost.evil.example";
  EXPECT_EQ(header(routes.call(request), "access-control-allow-origin"), "");
  Routes production;
  request.origin = "http://localhost:5173";
  EXPECT_EQ(header(production.call(request), "access-control-allow-origin"), "");
}

TEST(DevRoutes, StaticFiles) {
  const test::TemporaryFolder folder;
  folder.write("index.html", "<h1>hello</h1>");
  DevRoutes dev = dev_routes();
  dev.files = StaticFiles::open(folder.path().string()).value();
  Routes routes(std::move(dev));
  EXPECT_EQ(routes.get("/").body, "<h1>hello</h1>");
  EXPECT_EQ(routes.get("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(error_name(routes.get("/none.html"), 404), "not_found");
  EXPECT_EQ(error_name(routes.get("/", "POST"), 404), "not_found");
  EXPECT_EQ(routes.get("/healthz").body, R"({"status":"ok"})");
}

// ---- reading

constexpr const char* kDepartures = "/v1/channels/airport:SFO:departures/history";

relay::ReadRow row(std::uint64_t offset, Operation operation, std::string key,
                   std::string payload) {
  auto publication = std::make_shared<Publication>();
  publication->time = wall_from_ms(7);
  publication->operation = operation;
  publication->key = std::move(key);
  publication->payload.assign(payload.begin(), payload.end());
  return {Offset{offset}, std::move(publication)};
}

TEST(RelayHttpApi, HistoryIsAnsweredAsItWasPublished) {
  Routes routes;
  relay::ReadPage page;
  page.epoch = Epoch::parse("e").value();
  page.from = Offset{3};
  page.to = Offset{5};
  page.top = Offset{9};
  page.more = true;
  page.rows = {row(4, Operation::Append, "", "1.0"), row(5, Operation::Delete, "k\"", ""),
               row(5, Operation::Merge, "k", R"({"set":{"n":1.0},"unset":["m"]})")};
  routes.worker.page = page;
  const auto answer = routes.read(kDepartures, {"since=e:3", "limit=2"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"channel":"airport:SFO:departures","epoch":"e","from":"3","to":"5","top":"9",)"
            R"("more":true,"publications":[{"offset":"4","time":7,"data":1.0},)"
            R"({"offset":"5","time":7,"operation":"delete","key":"k\""},)"
            R"({"offset":"5","time":7,"operation":"merge","key":"k","data":{"n":1.0},)"
            R"("unset":["m"]}]})");
  ASSERT_EQ(routes.worker.reads.size(), 1U);
  const relay::ReadRequest& asked = routes.worker.reads[0];
  EXPECT_EQ(asked.tenant, "acme");
  const auto& range = std::get<relay::HistoryRange>(asked.range);
  EXPECT_EQ(range.since, (StreamPosition{page.epoch, Offset{3}}));
  EXPECT_EQ(range.limit, 2U);
}

TEST(RelayHttpApi, ASnapshotIsAPageOfRecords) {
  Routes routes;
  relay::ReadPage page;
  page.kind = ChannelKind::State;
  page.epoch = Epoch::parse("e").value();
  page.to = page.top = Offset{9};
  page.rows = {row(4, Operation::Set, "a", R"({"x":1})")};
  routes.worker.page = page;
  const auto answer =
      routes.read("/v1/channels/open:a/snapshot", {"after=é&b"}, "bearer reader-token");
  EXPECT_EQ(answer.body, R"({"channel":"open:a","epoch":"e","offset":"9","more":false,)"
                         R"("records":[{"key":"a","version":"4","time":7,"data":{"x":1}}]})");
  ASSERT_EQ(routes.worker.reads.size(), 1U);
  const auto& range = std::get<relay::RecordsRange>(routes.worker.reads[0].range);
  EXPECT_EQ(range.after_key, "é&b");
  EXPECT_EQ(range.limit, 100U);
}

TEST(RelayHttpApi, OnlyWhoMayReadsAChannel) {
  Routes routes;
  EXPECT_EQ(routes.read(kDepartures, {}, "").status, 401);
  EXPECT_EQ(routes.read(kDepartures, {}, "Bearer guess").status, 401);
  EXPECT_EQ(routes.read("/v1/channels/airport:SFO:arrivals/history").status, 403);
  EXPECT_EQ(routes.read(kDepartures, {}, "Bearer reader-token").status, 403);
  EXPECT_EQ(routes.read("/v1/channels/live:a/history", {}, "Bearer reader-token").status, 403)
      << "subscribing is not reading";
  EXPECT_TRUE(routes.worker.reads.empty());
  EXPECT_EQ(routes.read("/v1/channels/open:a/history", {}, "Bearer reader-token").status, 200);
}

TEST(RelayHttpApi, AReadThatIsWrongIsToldWhatIsWrong) {
  Routes routes;
  const auto refusal = [&](const std::string& path, std::vector<std::string> query) {
    const auto answer = routes.read(path, std::move(query));
    EXPECT_EQ(answer.status, 400);
    return json::parse(answer.body)["error"]["message"].get<std::string>();
  };
  EXPECT_NE(refusal(kDepartures, {"since=4"}).find("since wants EPOCH:OFFSET"), std::string::npos);
  EXPECT_NE(refusal(kDepartures, {"limit=0"}).find("1 to 1000"), std::string::npos);
  EXPECT_NE(refusal(kDepartures, {"limit=1001"}).find("1 to 1000"), std::string::npos);
  EXPECT_NE(refusal(kDepartures, {"form=e:1"}).find("form=e:1"), std::string::npos);
  refusal("/v1/channels/airport::departures/history", {});
  EXPECT_EQ(routes.get("/v1/channels/a/history", "POST").status, 405);
  EXPECT_EQ(routes.get("/v1/channels/a").status, 404);
  EXPECT_EQ(routes.get("/v1/channels/history").status, 404);
  routes.worker.page = Error{ErrorCode::HistoryExceeded, "gone", 0};
  EXPECT_EQ(routes.read(kDepartures).status, 410);
}

}  // namespace
}  // namespace tidegate::app
