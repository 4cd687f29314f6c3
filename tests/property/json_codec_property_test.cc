// The two encodings say the same: whatever frame is written as JSON and read back is the frame it
// was, byte for byte in its binary form; and whatever text is read at all, however it was damaged,
// is written and read again as the same.
// A failing case prints its seed; RC_PARAMS="seed=N" replays it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/json_slice.h"
#include "core/protocol_json/json_decoder.h"
#include "core/protocol_json/json_encoder.h"
#include "tests/property/block_generators.h"

namespace tidegate::test {
namespace {

Bytes trimmed(const Bytes& json) {
  const ByteView text = as_bytes(json_trimmed(as_text(json)));
  return Bytes(text.begin(), text.end());
}

Bytes random_merge() {
  const auto text = *rc::gen::element<std::string>(
      R"({"set":{"a":1.0},"unset":["b"]})", R"({"set":{ "a" : null }})", R"({"unset":["\u00e9"]})",
      R"({"set":{"n":12345678901234567890}})");
  return Bytes(text.begin(), text.end());
}

/// What a relay has accepted, without the space around it, which JSON does not keep.
template <typename Published>
void accept(Published& published) {
  if (published.payload_kind == PayloadKind::Binary) return;
  published.payload =
      published.operation == Operation::Merge ? random_merge() : trimmed(random_json());
}

void accept(PublicationDraft& draft) {
  accept<PublicationDraft>(draft);
  draft.tags = *rc::gen::element<std::string>("", R"({"vip":true})", R"({"a":"\"","b":-1e3})");
  const bool is_json = draft.payload_kind == PayloadKind::Json;
  if (draft.operation == Operation::Delete && is_json) {
    draft.payload = *rc::gen::arbitrary<bool>() ? Bytes() : Bytes{'n', 'u', 'l', 'l'};
  }
}

/// A random frame whose contents are what they say they are.
Frame random_sound_frame() {
  Frame frame = random_control_frame();
  if (auto* subscribe = std::get_if<SubscribeFrame>(&frame)) {
    subscribe->filter = *rc::gen::element<std::string>("", R"({"price":{"lt":10}})", "[]");
    if (*rc::gen::inRange(0, 4) == 0) subscribe->history = kHistoryAll;
  } else if (auto* publish = std::get_if<PublishFrame>(&frame)) {
    accept(publish->draft);
  } else if (auto* conflict = std::get_if<PublishConflictFrame>(&frame)) {
    const bool is_json = conflict->payload_kind == PayloadKind::Json;
    if (conflict->version.value == 0) {
      conflict->payload_kind = PayloadKind::Json;  // of nothing
    } else if (is_json) {
      conflict->payload = trimmed(random_json());
    }
  }
  return frame;
}

/// A random block as relays send them, as a binary frame.
Bytes random_sound_block() {
  const Bytes drawn = random_block();
  const auto frame = FrameDecoder(drawn).next();
  const auto& block = std::get<BlockFrame>(frame->value());
  std::vector<Placed> rows = rows_of(block.block);
  for (Placed& row : rows) accept(row.publication);
  Bytes out;
  write_block(block, rows, out);
  return out;
}

void append_text(const Frame& frame, std::string& text) {
  Bytes out;
  std::visit(
      [&](const auto& one) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, InvalidCommand>) {
          encode_json(one, out);
        }
      },
      frame);
  text += (text.empty() || out.empty() ? "" : ",") + std::string(as_text(out));
}

/// The frames of a message as one text, an array.
std::string text_of(const Bytes& message) {
  std::string text;
  FrameDecoder decoder(message);
  while (const auto frame = decoder.next()) append_text(frame->value(), text);
  return "[" + text + "]";
}

/// What is read of a text up to its end or its first fault, in its binary form.
struct Read {
  Bytes message;
  std::string text;
  bool complete = true;
};
Read read(const std::string& text) {
  const std::vector<char> exact(text.begin(), text.end());  // a sanitizer sees every read beyond
  JsonDecoder decoder(as_bytes(std::string_view(exact.data(), exact.size())));
  Read read;
  while (const auto frame = decoder.next()) {
    if (!frame->ok()) {
      RC_ASSERT(!frame->error().message.empty());
      const ErrorCode code = frame->error().code;
      RC_ASSERT(code == ErrorCode::MalformedFrame || code == ErrorCode::UnknownFrameType);
      RC_ASSERT(!decoder.next().has_value());
      read.complete = false;
      break;
    }
    const Bytes bytes = encoded(frame->value());
    read.message.insert(read.message.end(), bytes.begin(), bytes.end());
    append_text(frame->value(), read.text);
  }
  read.text = "[" + read.text + "]";
  return read;
}

Bytes random_sound_message() {
  Bytes message;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    const Bytes frame =
        *rc::gen::inRange(0, 3) == 0 ? random_sound_block() : encoded(random_sound_frame());
    message.insert(message.end(), frame.begin(), frame.end());
  }
  return message;
}

RC_GTEST_PROP(JsonCodec, MessagesSurviveTheWayThroughJson, ()) {
  const Bytes message = random_sound_message();
  const std::string text = text_of(message);
  RC_LOG() << text;
  const Read back = read(text);
  RC_ASSERT(back.complete);
  RC_ASSERT(back.message == message);
  RC_ASSERT(back.text == text);
}

void damage(std::string& text) {
  static const std::vector<std::string> kPieces = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\"",
                                                   "\\",
                                                   "null",
                                                   "0",
                                                   "-1",
                                                   "1e9",
                                                   "true",
                                                   "\"type\"",
                                                   "{\"type\":\"ping\"}",
                                                   "\x1f",
                                                   "\xC3",
                                                   " ",
                                                   "18446744073709551616",
                                                   "\"data\":1,",
                                                   "\"offset\":\"0\",",
                                                   "\"records\":true,",
                                                   "\"more\":true,",
                                                   "\"unset\":[],"};
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
        break;
      case 1:
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 12));
        break;
      case 2:
        text[at] = static_cast<char>(text[at] + 1);  // the next digit, or letter
        break;
      default:
        text.insert(at, *rc::gen::elementOf(kPieces));
        break;
    }
  }
}

RC_GTEST_PROP(JsonCodec, DamagedTextsFailOrReadAsWhatTheyAre, ()) {
  std::string text = text_of(random_sound_message());
  damage(text);
  RC_LOG() << text;
  const Read once = read(text);
  RC_CLASSIFY(once.complete, "still a message");
  if (once.text == "[]") return;
  const Read again = read(once.text);
  RC_ASSERT(again.complete);
  RC_ASSERT(again.message == once.message);
  RC_ASSERT(again.text == once.text);
}

/// Digits changed within sound JSON: what is read then is led to the rules of blocks, not to the
/// first bracket that is missing.
RC_GTEST_PROP(JsonCodec, BlocksWithOtherNumbersKeepTheirRulesOrFail, ()) {
  std::string text = text_of(random_sound_block());
  std::vector<std::size_t> digits;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] >= '0' && text[at] <= '9') digits.push_back(at);
  }
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    text[*rc::gen::elementOf(digits)] = static_cast<char>('0' + *rc::gen::inRange(0, 10));
  }
  RC_LOG() << text;
  const Read once = read(text);  // a rule that is not checked would stop BlockWriter
  RC_CLASSIFY(once.complete, "still sound");
  if (!once.complete) return;
  FrameDecoder decoder(once.message);
  const auto frame = decoder.next();
  RC_ASSERT(frame.has_value() && frame->ok());
  RC_ASSERT(read(once.text).message == once.message);
}

}  // namespace
}  // namespace tidegate::test
