// What some readers may not see: taken from live blocks, replays, pages, reads over HTTP and
// answers to publishers, and never told of by a filter, a delete or a bound of a page.
#include "edge/relay/redaction.h"

#include <algorithm>

#include "core/base/limits.h"
#include "core/merge/shallow_merge.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

/// Takes the member `grade`; what is tagged as secret is hidden as a whole.
class WithoutGrades final : public Redaction {
 public:
  explicit WithoutGrades(bool hides)
      : hides_(hides), canonical_(hides ? "-grade -secret" : "-grade") {}
  PublicationPtr visible(const PublicationPtr& publication) const override {
    if (hides_ && publication->tags.find("secret") != std::string::npos) return nullptr;
    auto seen = std::make_shared<Publication>(*publication);
    const std::string text = shallow_merge(as_text(seen->payload), R"({"unset":["grade"]})");
    seen->payload.assign(text.begin(), text.end());
    return seen;
  }
  bool hides_publications() const override { return hides_; }
  const std::string& canonical() const override { return canonical_; }

 private:
  bool hides_;
  std::string canonical_;
};

/// Teachers see everything.
class ForTeachers final : public RedactionRules {
 public:
  explicit ForTeachers(bool hides) : hides_(hides) {}
  RedactionPtr redaction_for(const Claims& claims) const override {
    const bool is_teacher = claims.subject.starts_with("teacher");
    return is_teacher ? nullptr : std::make_shared<const WithoutGrades>(hides_);
  }

 private:
  bool hides_;
};

RelayConfig school() {
  RelayConfig config;
  Namespace log{pattern("log:**"), ChannelKind::Log, {}, PublishRight::Capability};
  log.redaction = std::make_shared<const ForTeachers>(true);
  Namespace state{pattern("state:**"), ChannelKind::State, {}, PublishRight::Capability};
  state.history.count = 5;
  state.redaction = std::make_shared<const ForTeachers>(true);
  Namespace fields{pattern("fields:**"), ChannelKind::State, {}, PublishRight::Capability};
  fields.history.count = 5;
  fields.redaction = std::make_shared<const ForTeachers>(false);
  config.namespaces = {log, state, fields};
  return config;
}

class RedactionTest : public testing::Test {
 protected:
  TestClient& connect(const char* subject) { return world.connect(0, subject); }
  StreamPosition publish(std::string_view channel, PublicationDraft made, bool secret = false) {
    if (secret) made.tags = R"({"secret":true})";
    const auto receipt = world.answer(world.publish(channel, std::move(made)));
    EXPECT_TRUE(receipt.ok());
    return receipt.ok() ? receipt->position : StreamPosition{};
  }
  StreamPosition set(const std::string& key, std::string json, bool secret = false) {
    return publish("state:a", operation(Operation::Set, key, std::move(json)), secret);
  }
  static std::vector<std::string> keys(const TestClient& client) {
    std::vector<std::string> all;
    for (const HeardBlock& block : client.all<HeardBlock>()) {
      for (const Row& row : block.rows) all.push_back(row.key);
    }
    return all;
  }
  static bool mentions(const TestClient& client, std::string_view key) {
    const auto all = client.all<HeardBlock>();
    return std::any_of(all.begin(), all.end(), [&](const HeardBlock& block) {
      return block.after == key || block.until == key ||
             std::any_of(block.rows.begin(), block.rows.end(),
                         [&](const Row& row) { return row.key == key; });
    });
  }
  RelayWorld world{1, school()};
};

TEST_F(RedactionTest, LiveAndReplayedPublicationsAreRedactedAlike) {
  TestClient& teacher = connect("teacher");
  TestClient& student = connect("student");
  teacher.subscribe("log:a");
  student.subscribe("log:a");
  publish("log:a", draft(R"({"n":1,"grade":5})"));
  publish("log:a", draft(R"({"n":2,"grade":4})"), true);
  publish("log:a", draft(R"({"n":3})"));
  EXPECT_EQ(teacher.read(), R"({"n":1,"grade":5} {"n":2,"grade":4} {"n":3})");
  EXPECT_EQ(student.read(), R"({"n":1} {"n":3})");
  TestClient& late = connect("student");
  late.subscribe("log:a", {}, 10);
  EXPECT_EQ(late.read(), student.read());
}

TEST_F(RedactionTest, WhoeverIsShownTheSameSharesTheFrame) {
  TestClient& one = connect("student");
  TestClient& other = connect("another");
  TestClient& teacher = connect("teacher");
  for (TestClient* client : {&one, &other, &teacher}) client->subscribe("log:a");
  publish("log:a", draft(R"({"n":1,"grade":5})"));
  EXPECT_EQ(one.last<HeardBlock>().message, other.last<HeardBlock>().message);
  EXPECT_NE(one.last<HeardBlock>().message, teacher.last<HeardBlock>().message);
}

TEST_F(RedactionTest, APositionOfAnotherViewIsNotGoneOnFrom) {
  set("a", R"({"grade":1})");
  TestClient& student = connect("student");
  student.subscribe("state:a");
  const Epoch redacted = student.last<SubscribedFrame>().start.epoch;
  TestClient& teacher = connect("teacher");
  teacher.subscribe("state:a", StreamPosition{redacted, Offset{1}});
  EXPECT_EQ(teacher.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(teacher.records(), R"(a={"grade":1})");
  TestClient& promoted = connect("student");
  const Epoch whole = teacher.last<SubscribedFrame>().start.epoch;
  promoted.subscribe("state:a", StreamPosition{whole, Offset{1}});
  EXPECT_EQ(promoted.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(promoted.records(), "a={}");
}

TEST_F(RedactionTest, AFilterJudgesWhatItsReaderSees) {
  TestClient& student = connect("student");
  student.subscribe_filtered("log:a", R"({"grade":{"gte":5}})");
  TestClient& teacher = connect("teacher");
  teacher.subscribe_filtered("log:a", R"({"grade":{"gte":5}})");
  publish("log:a", draft(R"({"n":1,"grade":5})"));
  EXPECT_EQ(student.read(), "");
  EXPECT_EQ(teacher.read(), R"({"n":1,"grade":5})");
}

TEST_F(RedactionTest, OfRecordsOnlyWhatIsVisibleComesAndGoes) {
  TestClient& student = connect("student");
  student.subscribe("state:a");
  set("a", R"({"n":1,"grade":5})");
  publish("state:a", operation(Operation::Merge, "a", R"({"set":{"m":2,"grade":6}})"));
  EXPECT_EQ(student.records(), R"(a={"n":1,"m":2})");
  EXPECT_EQ(student.last<HeardBlock>().rows.back().operation, Operation::Set);
  set("hidden", R"({"n":1})", true);
  publish("state:a", operation(Operation::Delete, "hidden"));
  EXPECT_FALSE(mentions(student, "hidden"));
  set("a", R"({"n":2})", true);
  EXPECT_EQ(student.records(), "");
  set("a", R"({"n":3})");
  EXPECT_EQ(student.records(), R"(a={"n":3})");
}

TEST_F(RedactionTest, WhoWasAwayForLongIsNotToldOfWhatItNeverSaw) {
  TestClient& student = connect("student");
  student.subscribe("state:a");
  set("seen", R"({"n":1})");
  const HeardBlock last = student.last<HeardBlock>();
  const Epoch epoch = student.last<SubscribedFrame>().start.epoch;
  student.disconnect();
  set("hidden", "{}", true);
  set("hidden-and-gone", "{}", true);
  publish("state:a", operation(Operation::Delete, "hidden-and-gone"));
  publish("state:a", operation(Operation::Delete, "seen"));
  for (int i = 0; i < 10; ++i) set("b", R"({"n":)" + std::to_string(i) + "}");
  TestClient& back = connect("student");
  back.subscribe("state:a", StreamPosition{epoch, last.range.offset});
  EXPECT_EQ(back.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(back.last<SubscribedFrame>().catch_up, CatchUp::Records);
  EXPECT_EQ(keys(back), (std::vector<std::string>{"b"}));
  EXPECT_TRUE(back.last<HeardBlock>().shape.sweep) << "or `seen` would stay";
}

TEST_F(RedactionTest, WhereOnlyFieldsAreTakenChangesAreStillTheCheapWay) {
  TestClient& student = connect("student");
  student.subscribe("fields:a");
  for (int i = 0; i < 40; ++i) {
    publish("fields:a", operation(Operation::Set, "k" + std::to_string(i), R"({"grade":1})"));
  }
  const Offset seen = student.last<HeardBlock>().range.offset;
  const Epoch epoch = student.last<SubscribedFrame>().start.epoch;
  student.disconnect();
  for (int i = 0; i < 10; ++i) {
    publish("fields:a", operation(Operation::Set, "k1", R"({"n":)" + std::to_string(i) + "}"));
  }
  TestClient& back = connect("student");
  back.subscribe("fields:a", StreamPosition{epoch, seen});
  EXPECT_EQ(back.last<SubscribedFrame>().catch_up, CatchUp::Changes);
  EXPECT_EQ(keys(back), (std::vector<std::string>{"k1"}));
}

TEST_F(RedactionTest, PagesEndAtKeysThatTheirReaderIsShown) {
  const std::string pad(limits::block_bytes_target / 4, 'x');
  for (int i = 0; i < 12; ++i) {
    const std::string number = std::to_string(100 + i);
    set("a" + number, R"({"pad":")" + pad + "\"}");
    set("a" + number + "-hidden", "{}", true);
  }
  TestClient& student = connect("student");
  student.subscribe("state:a");
  const auto blocks = student.all<HeardBlock>();
  ASSERT_GT(blocks.size(), 2U);
  for (const HeardBlock& block : blocks) {
    EXPECT_EQ(block.until.find("hidden"), std::string::npos) << block.until;
  }
  EXPECT_EQ(keys(student).size(), 12U);
}

TEST_F(RedactionTest, ReadsOverHttpAreRedactedForTokensAndNotForServers) {
  set("a", R"({"n":1,"grade":5})");
  set("hidden", R"({"n":2})", true);
  const auto read = [&](std::uint64_t ticket, const char* subject,
                        std::variant<HistoryRange, RecordsRange> range) {
    ReadRequest request;
    request.ticket = ReadTicket{ticket};
    request.tenant = "t";
    request.channel = channel("state:a");
    request.range = std::move(range);
    if (subject != nullptr) request.claims = full_claims(subject);
    world.shard().handle_read(world.now, std::move(request));
    world.run();
    std::string all;
    for (const ReadRow& row : world.reads.at(ticket)->rows) {
      all += row.publication->key + "=" + std::string(as_text(row.publication->payload)) + " ";
    }
    return all;
  };
  const std::string whole = R"(a={"n":1,"grade":5} hidden={"n":2} )";
  EXPECT_EQ(read(1, nullptr, RecordsRange{"", 10}), whole);
  EXPECT_EQ(read(2, "teacher", RecordsRange{"", 10}), whole);
  EXPECT_EQ(read(3, "student", RecordsRange{"", 10}), R"(a={"n":1} )");
  EXPECT_EQ(read(4, "student", HistoryRange{std::nullopt, 10}), R"(a={"n":1} )");
}

TEST_F(RedactionTest, AConflictDoesNotTellTheRecordToWhomItIsNotShownWhole) {
  set("a", R"({"n":1,"grade":5})");
  PublicationDraft conditional = operation(Operation::Set, "a", "{}");
  conditional.if_version = Offset{7};
  TestClient& student = connect("student");
  student.publish("state:a", conditional);
  EXPECT_TRUE(student.all<PublishConflictFrame>().empty());
  EXPECT_EQ(student.last<RefusedFrame>().error.code, ErrorCode::VersionMismatch);
  TestClient& teacher = connect("teacher");
  teacher.publish("state:a", conditional);
  EXPECT_EQ(as_text(teacher.last<PublishConflictFrame>().payload), R"({"n":1,"grade":5})");
}

}  // namespace
}  // namespace tidegate::relay
