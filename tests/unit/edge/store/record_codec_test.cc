// What a durable store writes can be read back, field by field, and nothing else can.
#include "edge/store/record_codec.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/base/prng.h"

namespace tidegate::store {
namespace {

using relay::LogRecord;
using relay::LogRecordPtr;
using relay::RememberedKeys;

class Random {
 public:
  explicit Random(std::uint64_t seed) : prng_(seed) {}

  std::string text(std::size_t bytes_max) {
    std::string text;
    for (std::size_t n = prng_.below(bytes_max + 1); n > 0; --n) {
      text.push_back(static_cast<char>(prng_.below(256)));
    }
    return text;
  }
  LogRecordPtr record() {
    auto made = std::make_shared<LogRecord>();
    auto publication = std::make_shared<Publication>();
    made->id = {prng_.next(), prng_.next()};
    made->payload_hash = {prng_.next(), prng_.next()};
    made->producer = text(300);
    made->idempotency_key = text(limits::idempotency_key_bytes_max);
    if (prng_.one_in(2)) made->if_epoch = Epoch::from_entropy(prng_.next());
    if (prng_.one_in(2)) made->if_version = Offset{prng_.next()};
    made->record_limits = {prng_.next(), prng_.next()};
    publication->time = wall_from_ms(static_cast<std::int64_t>(prng_.next()));
    publication->operation = Operation{static_cast<std::uint8_t>(prng_.below(4))};
    publication->payload_kind = PayloadKind{static_cast<std::uint8_t>(prng_.below(2))};
    publication->event = text(limits::event_name_bytes_max);
    publication->event_id = text(limits::event_id_bytes_max);
    publication->key = text(limits::record_key_bytes_max);
    publication->tags = text(limits::tags_bytes_max);
    const std::string payload =
        text(prng_.one_in(10) ? limits::publication_payload_bytes_max : 100);
    publication->payload.assign(payload.begin(), payload.end());
    if (prng_.one_in(2)) {
      publication->source_version =
          SourceVersion{text(limits::source_epoch_bytes_max), prng_.next()};
    }
    made->publication = std::move(publication);
    return made;
  }
  std::vector<LogRecordPtr> records() {
    std::vector<LogRecordPtr> all;
    for (std::uint64_t n = prng_.below(6); n > 0; --n) all.push_back(record());
    return all;
  }
  RememberedKeys keys() {
    return {Offset{prng_.next()},
            relay::FirstAnswer{static_cast<std::uint8_t>(prng_.below(6))},
            wall_from_ms(static_cast<std::int64_t>(prng_.next())),
            text(300),
            text(128),
            text(128),
            {prng_.next(), prng_.next()}};
  }

 private:
  Prng prng_;
};

void expect_equal(const Publication& read, const Publication& written) {
  EXPECT_EQ(read.time, written.time);
  EXPECT_EQ(read.operation, written.operation);
  EXPECT_EQ(read.payload_kind, written.payload_kind);
  EXPECT_EQ(read.event, written.event);
  EXPECT_EQ(read.event_id, written.event_id);
  EXPECT_EQ(read.key, written.key);
  EXPECT_EQ(read.tags, written.tags);
  EXPECT_EQ(read.payload, written.payload);
  EXPECT_EQ(read.source_version, written.source_version);
}

void expect_equal(const LogRecord& read, const LogRecord& written) {
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.producer, written.producer);
  EXPECT_EQ(read.idempotency_key, written.idempotency_key);
  EXPECT_EQ(read.if_epoch, written.if_epoch);
  EXPECT_EQ(read.if_version, written.if_version);
  EXPECT_EQ(read.record_limits.count, written.record_limits.count);
  EXPECT_EQ(read.record_limits.bytes, written.record_limits.bytes);
  EXPECT_EQ(read.payload_hash, written.payload_hash);
  expect_equal(*read.publication, *written.publication);
}

TEST(RecordCodec, WhatIsWrittenIsReadBack) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const auto records = random.records();
    const auto read = decode_log(encode_log(records));
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) expect_equal(*(*read)[i], *records[i]);

    const LogRecordPtr one = random.record();
    const auto publication = decode_publication(encode_publication(*one->publication));
    ASSERT_TRUE(publication.ok());
    expect_equal(**publication, *one->publication);

    const std::vector<RememberedKeys> keys = {random.keys(), random.keys()};
    const auto keys_read = decode_keys(encode_keys(keys));
    ASSERT_TRUE(keys_read.ok());
    ASSERT_EQ(keys_read->size(), 2U);
    EXPECT_EQ((*keys_read)[1].offset, keys[1].offset);
    EXPECT_EQ((*keys_read)[1].answer, keys[1].answer);
    EXPECT_EQ((*keys_read)[1].time, keys[1].time);
    EXPECT_EQ((*keys_read)[1].producer, keys[1].producer);
    EXPECT_EQ((*keys_read)[1].idempotency_key, keys[1].idempotency_key);
    EXPECT_EQ((*keys_read)[1].event_id, keys[1].event_id);
    EXPECT_EQ((*keys_read)[1].payload_hash, keys[1].payload_hash);
  }
}

TEST(RecordCodec, EveryTruncationIsAnError) {
  Random random(7);
  const Bytes log = encode_log(std::vector{random.record(), random.record()});
  const Bytes keys = encode_keys({random.keys()});
  for (std::size_t size = 0; size < std::min<std::size_t>(log.size(), 3000); ++size) {
    EXPECT_FALSE(decode_log(ByteView(log).first(size)).ok()) << size;
  }
  for (std::size_t size = 0; size < keys.size(); ++size) {
    EXPECT_FALSE(decode_keys(ByteView(keys).first(size)).ok()) << size;
  }
}

TEST(RecordCodec, AFlippedBitIsAnError) {
  Random random(8);
  const Bytes written = encode_log(std::vector{random.record()});
  Prng prng(9);
  for (int n = 0; n < 500; ++n) {
    Bytes flipped = written;
    flipped[prng.below(flipped.size())] ^= static_cast<std::uint8_t>(1U << prng.below(8));
    EXPECT_FALSE(decode_log(flipped).ok());
  }
}

TEST(RecordCodec, OneKindIsNotReadAsAnother) {
  Random random(10);
  const LogRecordPtr record = random.record();
  EXPECT_FALSE(decode_publication(encode_log(std::vector{record})).ok());
  EXPECT_FALSE(decode_log(encode_publication(*record->publication)).ok());
  EXPECT_FALSE(decode_keys(encode_log(std::vector<LogRecordPtr>{})).ok());
}

/// Bytes whose checksum fits and whose content does not: as a defect of ours might write.
Bytes sealed(Bytes bytes) {
  const std::uint64_t sum = checksum(bytes);
  for (int shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<std::uint8_t>(sum >> shift));
  }
  return bytes;
}

TEST(RecordCodec, BytesWithAFittingChecksumAreStillChecked) {
  Random random(11);
  const Bytes written = encode_log(std::vector{random.record()});
  const Bytes body(written.begin(), written.end() - 8);
  ASSERT_TRUE(decode_log(sealed(body)).ok());
  for (std::size_t size = 8; size < std::min<std::size_t>(body.size(), 2000); ++size) {
    EXPECT_FALSE(decode_log(sealed(Bytes(body.begin(), body.begin() + std::ptrdiff_t(size)))).ok());
  }
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_FALSE(decode_log(sealed(longer)).ok()) << "something behind";
  Bytes later = body;
  later[0] = 2;
  EXPECT_NE(decode_log(sealed(later)).error().message.find("version"), std::string::npos);
  Bytes many = body;
  many[7] = 0xFF;  // a count that would need more memory than there is
  EXPECT_FALSE(decode_log(sealed(many)).ok());
}

}  // namespace
}  // namespace tidegate::store
