// check_draft: what may be published, each limit at its edge and one over.
#include "core/stream/publication.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

PublicationDraft json_draft(std::string_view json) {
  PublicationDraft draft;
  draft.payload.assign(json.begin(), json.end());
  return draft;
}

void expect_refused(const PublicationDraft& draft, ErrorCode code, std::string_view message_part) {
  const Status status = check_draft(draft);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, code);
  EXPECT_NE(status.error().message.find(message_part), std::string::npos) << status.error().message;
}

TEST(CheckDraft, AcceptsOneJsonValueOrAnyBytes) {
  EXPECT_TRUE(check_draft(json_draft(R"( {"delay": 12} )")).ok());
  PublicationDraft binary;
  binary.payload_kind = PayloadKind::Binary;
  EXPECT_TRUE(check_draft(binary).ok());
  binary.payload = {0x00, 0xFF, 0xFE};
  EXPECT_TRUE(check_draft(binary).ok());
}

TEST(CheckDraft, RefusesWhatIsNotOneJsonValue) {
  expect_refused(json_draft(""), ErrorCode::InvalidPayload, "payload: ");
  expect_refused(json_draft("{} {}"), ErrorCode::InvalidPayload, "byte 3");
  expect_refused(json_draft("\"\xFF\""), ErrorCode::InvalidPayload, "UTF-8");
  expect_refused(json_draft(std::string(limits::json_depth_max + 1, '[')),
                 ErrorCode::InvalidPayload, "nested");
}

TEST(CheckDraft, LimitsThePayload) {
  const std::string longest =
      "\"" + std::string(limits::publication_payload_bytes_max - 2, 'x') + "\"";
  EXPECT_TRUE(check_draft(json_draft(longest)).ok());
  expect_refused(json_draft(longest + " "), ErrorCode::PayloadTooLarge, "65537 bytes");
  PublicationDraft binary;
  binary.payload_kind = PayloadKind::Binary;
  binary.payload.resize(limits::publication_payload_bytes_max + 1);
  expect_refused(binary, ErrorCode::PayloadTooLarge, "65537 bytes");
}

TEST(CheckDraft, LimitsEveryTextAndNamesIt) {
  const struct {
    std::string PublicationDraft::*field;
    const char* name;
    std::size_t bytes_max;
  } texts[] = {
      {&PublicationDraft::event, "event ", limits::event_name_bytes_max},
      {&PublicationDraft::event_id, "event_id ", limits::event_id_bytes_max},
      {&PublicationDraft::key, "key ", limits::record_key_bytes_max},
      {&PublicationDraft::idempotency_key, "idempotency_key ", limits::idempotency_key_bytes_max}};
  for (const auto& [field, name, bytes_max] : texts) {
    PublicationDraft draft = json_draft("1");
    draft.operation = Operation::Set;
    draft.key = "k";
    draft.*field = std::string(bytes_max, 'x');
    EXPECT_TRUE(check_draft(draft).ok()) << name;
    draft.*field += 'x';
    expect_refused(draft, ErrorCode::BadRequest, name);
    draft.*field = "\xC3";
    expect_refused(draft, ErrorCode::BadRequest, name);
  }
}

// The epoch was once looked at after the copy it stood in was gone.
TEST(CheckDraft, LimitsTheEpochOfASourceVersion) {
  PublicationDraft draft = json_draft("1");
  draft.source_version = SourceVersion{std::string(limits::source_epoch_bytes_max, 'e'), 1};
  EXPECT_TRUE(check_draft(draft).ok());
  draft.source_version->epoch += 'e';
  expect_refused(draft, ErrorCode::BadRequest, "source_version.epoch has 65 bytes");
  draft.source_version->epoch = std::string(40, 'e') + "\xC3";
  expect_refused(draft, ErrorCode::BadRequest, "source_version.epoch is not valid UTF-8");
}

TEST(CheckDraft, TagsAreOneFlatObject) {
  PublicationDraft draft = json_draft("1");
  for (const char* tags : {"", "{}", R"( {"a":1,"b":"x","c":true} )"}) {
    draft.tags = tags;
    EXPECT_TRUE(check_draft(draft).ok()) << tags;
  }
  for (const char* tags : {"1", "[]", R"({"a":{}})", R"({"a":[1]})", "{", "{} {}"}) {
    draft.tags = tags;
    expect_refused(draft, ErrorCode::BadRequest, "tags ");
  }
  draft.tags = R"({"a":")" + std::string(limits::tags_bytes_max, 'x') + "\"}";
  expect_refused(draft, ErrorCode::BadRequest, "tags has ");
}

TEST(CheckDraft, AConditionOnAVersionIsOneOnARecord) {
  PublicationDraft draft = json_draft("1");
  draft.if_version = Offset{0};
  expect_refused(draft, ErrorCode::BadRequest, "if_version ");
  draft.operation = Operation::Set;
  draft.key = "k";
  EXPECT_TRUE(check_draft(draft).ok());
}

TEST(CheckDraft, KeysBelongToRecordOperations) {
  PublicationDraft draft = json_draft("1");
  draft.key = "k";
  expect_refused(draft, ErrorCode::BadRequest, "key");
  for (const Operation operation : {Operation::Set, Operation::Merge, Operation::Delete}) {
    draft = json_draft("null");
    draft.operation = operation;
    expect_refused(draft, ErrorCode::BadRequest, "key");
    draft.key = "k";
    EXPECT_TRUE(check_draft(draft).ok());
  }
}

TEST(CheckDraft, ADeleteCarriesNothing) {
  PublicationDraft draft;
  draft.operation = Operation::Delete;
  draft.key = "k";
  EXPECT_TRUE(check_draft(draft).ok());
  draft.payload = {'1'};
  expect_refused(draft, ErrorCode::InvalidPayload, "delete");
}

TEST(CheckDraft, OnlyAppendAndSetMayBeBinary) {
  PublicationDraft draft;
  draft.payload_kind = PayloadKind::Binary;
  draft.key = "k";
  draft.operation = Operation::Set;
  EXPECT_TRUE(check_draft(draft).ok());
  draft.operation = Operation::Merge;
  expect_refused(draft, ErrorCode::BadRequest, "binary");
  draft.operation = Operation::Delete;
  expect_refused(draft, ErrorCode::BadRequest, "binary");
}

}  // namespace
}  // namespace tidegate
