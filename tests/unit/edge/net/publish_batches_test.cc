// Batches of publishes and their answers.
#include "edge/net/publish_batches.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

relay::PublishReceipt receipt(std::uint64_t offset) {
  relay::PublishReceipt made;
  made.position.offset.value = offset;
  return made;
}

TEST(PublishBatches, CompletesWithTheLastAnswerInTheOrderOfRequests) {
  PublishBatches batches;
  const std::uint64_t id = batches.open(3, {});
  EXPECT_NE(id, 0U);
  EXPECT_FALSE(batches.settle({id, 2}, receipt(7)).has_value());
  EXPECT_FALSE(batches.settle({id, 0}, Error{ErrorCode::Busy, "later", 0}).has_value());
  const auto completed = batches.settle({id, 1}, receipt(6));
  ASSERT_TRUE(completed.has_value());
  ASSERT_EQ(completed->results.size(), 3U);
  EXPECT_EQ(completed->results[0].error().code, ErrorCode::Busy);
  EXPECT_EQ(completed->results[1]->position.offset.value, 6U);
  EXPECT_EQ(completed->results[2]->position.offset.value, 7U);
  EXPECT_EQ(batches.size(), 0U);
}

TEST(PublishBatches, IgnoresAnswersNobodyWaitsFor) {
  PublishBatches batches;
  const std::uint64_t id = batches.open(2, {});
  EXPECT_FALSE(batches.settle({id + 1, 0}, receipt(1)).has_value());
  EXPECT_FALSE(batches.settle({id, 9}, receipt(1)).has_value());
  EXPECT_FALSE(batches.settle({id, 0}, receipt(1)).has_value());
  EXPECT_FALSE(batches.settle({id, 0}, receipt(2)).has_value()) << "the same ticket twice";
  EXPECT_TRUE(batches.settle({id, 1}, receipt(3)).has_value());
}

}  // namespace
}  // namespace tidegate::net
