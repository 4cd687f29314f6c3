// Publishes that outlive connections: order, keys, bounds, timeouts and refusals.
#include "core/client/outbox.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

std::string payload_of(const PublishFrame& frame) {
  return std::string(as_text(frame.draft.payload));
}

std::vector<std::string> payloads(const ClientShell& shell) {
  std::vector<std::string> all;
  for (const PublishFrame& frame : shell.frames<PublishFrame>()) all.push_back(payload_of(frame));
  return all;
}

RelayMessage refusal(RequestId request, ErrorCode code, std::uint32_t retry_after_ms = 0) {
  return RelayMessage().add(RefusedFrame{request, Error{code, "scripted", retry_after_ms}});
}

RelayMessage acknowledgement(RequestId request) {
  return RelayMessage().add(PublishAckFrame{request, PublishOutcome::Applied, at("e", 9)});
}

TEST(OutboxTest, APublishGetsAKeyAndItsAcknowledgement) {
  ClientShell shell;
  shell.go_live();
  const RequestId request = *shell.publish("a", "{\"x\":1}");
  const auto sent = shell.frames<PublishFrame>();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].request, request);
  EXPECT_EQ(sent[0].draft.idempotency_key,
            "session-1:" + std::to_string(static_cast<std::uint32_t>(request)));
  EXPECT_EQ(shell.session.outbox_size(), 1U);
  shell.receive(acknowledgement(request));
  ASSERT_EQ(shell.events_of<PublishAcknowledged>().size(), 1U);
  EXPECT_EQ(shell.events_of<PublishAcknowledged>()[0].position, at("e", 9));
  EXPECT_EQ(shell.session.outbox_size(), 0U);
  shell.receive(acknowledgement(request));
  EXPECT_EQ(shell.events_of<PublishAcknowledged>().size(), 1U) << "once";
}

TEST(OutboxTest, AKeyOfTheApplicationIsKept) {
  ClientShell shell;
  shell.go_live();
  ASSERT_TRUE(shell.publish("a", "1", "mine").ok());
  EXPECT_EQ(shell.frames<PublishFrame>()[0].draft.idempotency_key, "mine");
}

TEST(OutboxTest, WhatIsUnacknowledgedIsSentAgainInOrderWithTheSameKeys) {
  ClientShell shell;
  ASSERT_TRUE(shell.publish("a", "1").ok());  // queued before there is a connection
  shell.go_live();
  ASSERT_TRUE(shell.publish("a", "2").ok());
  const RequestId third = *shell.publish("b", "3");
  ASSERT_TRUE(shell.publish("a", "4").ok());
  const auto first_time = shell.frames<PublishFrame>();
  ASSERT_EQ(payloads(shell), (std::vector<std::string>{"1", "2", "3", "4"}));
  shell.receive(acknowledgement(third));
  shell.reconnect();
  ASSERT_EQ(payloads(shell), (std::vector<std::string>{"1", "2", "4"}));
  const auto second_time = shell.frames<PublishFrame>();
  EXPECT_EQ(second_time[2].request, first_time[3].request);
  EXPECT_EQ(second_time[2].draft.idempotency_key, first_time[3].draft.idempotency_key);
}

TEST(OutboxTest, PublishesWaitForTheWelcome) {
  ClientShell shell;
  ASSERT_TRUE(shell.publish("a", "1").ok());
  shell.connect();
  shell.open();
  EXPECT_TRUE(shell.frames<PublishFrame>().empty());
  ASSERT_TRUE(shell.publish("a", "2").ok());
  shell.receive(RelayMessage().welcome());
  EXPECT_EQ(payloads(shell), (std::vector<std::string>{"1", "2"}));
}

TEST(OutboxTest, BadInputFailsAtTheCall) {
  ClientShell shell;
  EXPECT_EQ(shell.publish("a", "{broken").error().code, ErrorCode::InvalidPayload);
  PublicationDraft large;
  large.payload_kind = PayloadKind::Binary;
  large.payload.resize(limits::publication_payload_bytes_max + 1);
  EXPECT_EQ(shell.session.publish(shell.now, channel("a"), large).error().code,
            ErrorCode::PayloadTooLarge);
  EXPECT_EQ(shell.session.publish(shell.now, ChannelName(), {}).error().code,
            ErrorCode::InvalidChannel);
  EXPECT_EQ(shell.session.outbox_size(), 0U);
}

TEST(OutboxTest, OverItsCountTheOutboxSaysQueueFullAndKeepsWhatItHas) {
  ClientShell shell;
  for (std::size_t i = 0; i < limits::outbox_commands_max; ++i) {
    ASSERT_TRUE(shell.publish("a", std::to_string(i)).ok());
  }
  EXPECT_EQ(shell.publish("a", "0").error().code, ErrorCode::QueueFull);
  EXPECT_EQ(shell.session.outbox_size(), limits::outbox_commands_max);
  shell.go_live();
  const auto sent = shell.frames<PublishFrame>();
  ASSERT_EQ(sent.size(), limits::outbox_commands_max);
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(payload_of(sent[i]), std::to_string(i));
  for (const PublishFrame& frame : sent) shell.receive(acknowledgement(frame.request));
  EXPECT_EQ(shell.session.outbox_size(), 0U);
  EXPECT_TRUE(shell.publish("a", "0").ok());
}

TEST(OutboxTest, OverItsBytesTheOutboxSaysQueueFull) {
  ClientShell shell;
  PublicationDraft large;
  large.payload_kind = PayloadKind::Binary;
  large.payload.resize(limits::publication_payload_bytes_max);
  std::size_t accepted = 0;
  while (shell.session.publish(shell.now, channel("a"), large).ok()) ++accepted;
  EXPECT_LE(accepted, limits::outbox_bytes_max / limits::publication_payload_bytes_max);
  EXPECT_GE(accepted, limits::outbox_bytes_max / limits::publication_payload_bytes_max - 1);
  EXPECT_EQ(shell.session.publish(shell.now, channel("a"), large).error().code,
            ErrorCode::QueueFull);
}

TEST(OutboxTest, WhatWasNeverSentEndsByTimeoutMeasuredFromTheCall) {
  ClientShell shell;
  const RequestId first = *shell.publish("a", "1");
  shell.advance(10s);
  ASSERT_TRUE(shell.publish("a", "2").ok());
  shell.advance(20s - 1us);
  EXPECT_TRUE(shell.events_of<PublishFailed>().empty());
  shell.advance(1us);
  ASSERT_EQ(shell.events_of<PublishFailed>().size(), 1U);
  EXPECT_EQ(shell.events_of<PublishFailed>()[0].request, first);
  EXPECT_EQ(shell.events_of<PublishFailed>()[0].error.code, ErrorCode::Timeout);
  EXPECT_NE(shell.events_of<PublishFailed>()[0].error.message.find("nothing has happened"),
            std::string::npos);
  EXPECT_EQ(shell.session.outbox_size(), 1U);
  shell.go_live();
  EXPECT_EQ(payloads(shell), (std::vector<std::string>{"2"}));
  shell.receive(acknowledgement(first));  // late
  EXPECT_TRUE(shell.events_of<PublishAcknowledged>().empty());
}

TEST(OutboxTest, WhatMayHaveHappenedEndsAsOutcomeUnknownAlsoWhenItIsQueuedAgain) {
  ClientShell shell;
  shell.go_live();
  ASSERT_TRUE(shell.publish("a", "1").ok());
  shell.advance(10s);
  shell.close();
  ASSERT_TRUE(shell.publish("a", "2").ok());  // while there is no connection
  shell.advance(30s);
  const auto failed = shell.events_of<PublishFailed>();
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[0].error.code, ErrorCode::OutcomeUnknown);
  EXPECT_NE(failed[0].error.message.find("same idempotency key"), std::string::npos);
  EXPECT_EQ(failed[1].error.code, ErrorCode::Timeout);
}

TEST(OutboxTest, ARefusalSettlesItsOwnSendingOnly) {
  for (const bool lost_one_before : {false, true}) {
    for (const ErrorCode code : {ErrorCode::Unavailable, ErrorCode::OutcomeUnknown}) {
      ClientShell shell;
      shell.go_live();
      const RequestId request = *shell.publish("a", "1");
      if (lost_one_before) shell.reconnect();
      shell.receive(refusal(request, code, 60'000));
      shell.advance(30s);
      ASSERT_EQ(shell.events_of<PublishFailed>().size(), 1U);
      const bool open = lost_one_before || code == ErrorCode::OutcomeUnknown;
      EXPECT_EQ(shell.events_of<PublishFailed>()[0].error.code,
                open ? ErrorCode::OutcomeUnknown : ErrorCode::Timeout);
    }
  }
}

TEST(OutboxTest, APermanentRefusalFailsAtOnce) {
  ClientShell shell;
  shell.go_live();
  const RequestId request = *shell.publish("a");
  shell.receive(refusal(request, ErrorCode::Forbidden));
  ASSERT_EQ(shell.events_of<PublishFailed>().size(), 1U);
  EXPECT_EQ(shell.events_of<PublishFailed>()[0].error.code, ErrorCode::Forbidden);
  EXPECT_EQ(shell.session.outbox_size(), 0U);
}

TEST(OutboxTest, ATemporaryRefusalIsRetriedWithTheSameKey) {
  for (const ErrorCode code :
       {ErrorCode::Busy, ErrorCode::Unavailable, ErrorCode::OutcomeUnknown}) {
    ClientShell shell;
    shell.go_live();
    const RequestId request = *shell.publish("a");
    const std::string key = shell.frames<PublishFrame>()[0].draft.idempotency_key;
    shell.forget();
    shell.receive(refusal(request, code));
    shell.advance(limits::backoff_base_default);
    ASSERT_EQ(shell.frames<PublishFrame>().size(), 1U);
    EXPECT_EQ(shell.frames<PublishFrame>()[0].draft.idempotency_key, key);
    EXPECT_TRUE(shell.events_of<PublishFailed>().empty());
  }
}

TEST(OutboxTest, RetryAfterIsObeyedExactlyAndWithinThePublishTimeout) {
  ClientShell shell;
  shell.go_live();
  const RequestId request = *shell.publish("a");
  shell.forget();
  shell.receive(refusal(request, ErrorCode::RateLimited, 2'000));
  shell.advance(2s - 1us);
  EXPECT_TRUE(shell.frames<PublishFrame>().empty());
  shell.advance(1us);
  EXPECT_EQ(shell.frames<PublishFrame>().size(), 1U);
  shell.receive(refusal(request, ErrorCode::RateLimited, 60'000));
  shell.advance(30s);
  ASSERT_EQ(shell.events_of<PublishFailed>().size(), 1U);
  EXPECT_EQ(shell.events_of<PublishFailed>()[0].error.code, ErrorCode::Timeout);
}

TEST(OutboxTest, ARefusedPublishHoldsBackLaterOnesOfItsChannelOnly) {
  ClientShell shell;
  shell.go_live();
  const RequestId first = *shell.publish("a", "1");
  shell.forget();
  shell.receive(refusal(first, ErrorCode::RateLimited, 1'000));
  ASSERT_TRUE(shell.publish("a", "2").ok());
  ASSERT_TRUE(shell.publish("b", "3").ok());
  EXPECT_EQ(payloads(shell), (std::vector<std::string>{"3"}));
  shell.advance(1s);
  EXPECT_EQ(payloads(shell), (std::vector<std::string>{"3", "1", "2"}));
}

TEST(OutboxTest, RefusedCredentialsRenewTheTokenAndKeepThePublish) {
  ClientOptions options = ClientShell::default_options();
  options.fetch_token = true;
  ClientShell shell(options);
  shell.connect();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t1"); });
  shell.open();
  shell.receive(RelayMessage().welcome());
  const RequestId request = *shell.publish("a", "1");
  shell.receive(refusal(request, ErrorCode::TokenExpired));
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  shell.advance(1s);
  shell.forget();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t2"); });
  shell.open();
  shell.receive(RelayMessage().welcome());
  ASSERT_EQ(shell.frames<PublishFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<PublishFrame>()[0].request, request);
}

TEST(OutboxTest, LargerThanTheRelayAcceptsFailsInsteadOfLosingTheConnection) {
  ClientShell shell;
  shell.connect();
  shell.open();
  WelcomeFrame welcome;
  welcome.message_bytes_max = 1'000;
  shell.receive(RelayMessage().add(welcome));
  PublicationDraft large;
  large.payload_kind = PayloadKind::Binary;
  large.payload.resize(2'000);
  shell.call([&] { ASSERT_TRUE(shell.session.publish(shell.now, channel("a"), large).ok()); });
  EXPECT_TRUE(shell.frames<PublishFrame>().empty());
  ASSERT_EQ(shell.events_of<PublishFailed>().size(), 1U);
  EXPECT_EQ(shell.events_of<PublishFailed>()[0].error.code, ErrorCode::PayloadTooLarge);
  for (int i = 0; i < 100; ++i) (void)shell.publish("a", "\"a payload of some length\"");
  for (const Bytes& message : shell.sent) EXPECT_LE(message.size(), 1'000U);
}

TEST(OutboxTest, AFailedSessionFailsEveryPublishAtOnceAndSendsNoneLater) {
  ClientShell shell;
  const RequestId early = *shell.publish("a", "0");
  shell.go_live();
  const RequestId sent = *shell.publish("a", "1");
  shell.close();
  const RequestId queued = *shell.publish("a", "2");
  shell.advance(1s);
  shell.forget();
  shell.close(4503, "this origin may not connect");
  ASSERT_EQ(shell.session.state(), ClientState::Failed);
  const auto failed = shell.events_of<PublishFailed>();
  ASSERT_EQ(failed.size(), 3U);
  EXPECT_EQ(failed[0].request, early);
  EXPECT_EQ(failed[0].error.code, ErrorCode::OutcomeUnknown) << "it was on its way";
  EXPECT_EQ(failed[1].request, sent);
  EXPECT_EQ(failed[1].error.code, ErrorCode::OutcomeUnknown);
  EXPECT_NE(failed[1].error.message.find("same idempotency key"), std::string::npos);
  EXPECT_EQ(failed[2].request, queued);
  EXPECT_EQ(failed[2].error.code, ErrorCode::Forbidden) << "it was never sent";
  EXPECT_NE(failed[2].error.message.find("this origin may not connect"), std::string::npos);
  EXPECT_NE(failed[2].error.message.find("connect()"), std::string::npos);
  EXPECT_EQ(shell.session.outbox_size(), 0U);
  EXPECT_FALSE(shell.session.poll_timeout());
  shell.forget();
  shell.go_live();
  EXPECT_TRUE(shell.frames<PublishFrame>().empty());
}

TEST(OutboxTest, AFailedSessionRefusesToPublishUntilItConnectsAnew) {
  for (const auto& [close_code, error] : {std::pair{std::uint16_t{4502}, ErrorCode::TokenInvalid},
                                          std::pair{std::uint16_t{4999}, ErrorCode::Unavailable}}) {
    ClientShell shell;
    shell.go_live();
    shell.close(close_code, "no");
    const auto refused = shell.publish("a", "1");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, error);
    EXPECT_NE(refused.error().message.find("connect()"), std::string::npos);
    shell.connect();
    EXPECT_TRUE(shell.publish("a", "1").ok());
  }
}

TEST(OutboxTest, AcknowledgementsMayComeInAnyOrder) {
  ClientShell shell;
  shell.go_live();
  std::vector<RequestId> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(*shell.publish("a", std::to_string(i)));
  for (std::size_t i = 0; i < 50; i += 2) shell.receive(acknowledgement(requests[i]));
  EXPECT_EQ(shell.session.outbox_size(), 25U);
  shell.reconnect();
  const auto sent = payloads(shell);
  ASSERT_EQ(sent.size(), 25U);
  for (std::size_t i = 0; i < 25; ++i) EXPECT_EQ(sent[i], std::to_string(2 * i + 1));
}

// ---- operations on records, and what they are on condition of

TEST(OutboxTest, EveryFieldOfADraftIsSent) {
  ClientShell shell;
  shell.go_live();
  PublicationDraft draft;
  draft.operation = Operation::Merge;
  draft.key = "k";
  draft.if_version = Offset{1ULL << 40U};
  draft.source_version = SourceVersion{"db", 7};
  draft.tags = R"({"t":1})";
  const std::string merge = R"({"set":{"a":1}})";
  draft.payload.assign(merge.begin(), merge.end());
  ASSERT_TRUE(shell.session.publish(shell.now, channel("a"), draft).ok());
  shell.poll();
  const PublicationDraft sent = shell.frames<PublishFrame>().at(0).draft;
  EXPECT_EQ(sent.operation, Operation::Merge);
  EXPECT_EQ(sent.key, "k");
  EXPECT_EQ(sent.if_version, Offset{1ULL << 40U});
  EXPECT_EQ(sent.source_version, (SourceVersion{"db", 7}));
  EXPECT_EQ(sent.tags, draft.tags);
}

TEST(OutboxTest, AMergeThatIsNoneFailsAtTheCall) {
  ClientShell shell;
  PublicationDraft draft;
  draft.operation = Operation::Merge;
  draft.key = "k";
  draft.payload = Bytes{'{', '}'};
  EXPECT_TRUE(shell.session.publish(shell.now, channel("a"), draft).ok()) << "changes nothing";
  draft.payload = Bytes{'[', ']'};
  const auto refused = shell.session.publish(shell.now, channel("a"), draft);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidPayload);
}

TEST(OutboxTest, AConflictSettlesWithTheRecordAsItIs) {
  ClientShell shell;
  shell.go_live();
  const RequestId request = *shell.publish("a");
  PublishConflictFrame conflict{request, Offset{5}, PayloadKind::Json, Bytes{'{', '}'}};
  shell.receive(RelayMessage().add(conflict).add(conflict));
  const auto told = shell.events_of<PublishConflicted>();
  ASSERT_EQ(told.size(), 1U) << "once";
  EXPECT_EQ(told[0].request, request);
  EXPECT_EQ(told[0].version, Offset{5});
  EXPECT_EQ(told[0].payload, conflict.payload);
  EXPECT_EQ(shell.session.outbox_size(), 0U);
  shell.reconnect();
  EXPECT_TRUE(shell.frames<PublishFrame>().empty()) << "and not again";
}

TEST(OutboxTest, StaleIsAnOutcome) {
  ClientShell shell;
  shell.go_live();
  const RequestId request = *shell.publish("a");
  shell.receive(RelayMessage().add(PublishAckFrame{request, PublishOutcome::Stale, at("e", 9)}));
  EXPECT_EQ(shell.events_of<PublishAcknowledged>().at(0).outcome, PublishOutcome::Stale);
}

}  // namespace
}  // namespace tidegate::testing
