// Any bytes as a message of tidegate.v1.json: every frame is decoded, and what a command asks for
// is judged as a relay would judge it. What is read and may be sent on is written as JSON again,
// and must be read as the same.
#include "core/base/json_scan.h"
#include "core/base/limits.h"
#include "core/protocol/frame_encoder.h"
#include "core/protocol_json/json_decoder.h"
#include "core/protocol_json/json_encoder.h"

namespace {

using namespace tidegate;

struct Encode {
  Bytes& out;
  template <typename FrameT>
  void operator()(const FrameT& frame) const {
    encode_json(frame, out);
  }
  void operator()(const InvalidCommand&) const {}
};

Bytes text_of(const Frame& frame) {
  Bytes text;
  std::visit(Encode{text}, frame);
  return text;
}

/// An invalid merge says less in JSON than it does in binary: no relay accepts one.
bool may_be_sent_on(const Frame& frame) {
  if (std::holds_alternative<InvalidCommand>(frame)) return false;
  const auto* publish = std::get_if<PublishFrame>(&frame);
  if (publish == nullptr) return true;
  TIDEGATE_CHECK(!publish->channel.empty());
  return check_draft(publish->draft).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  JsonDecoder decoder(ByteView(data, size));
  while (const auto frame = decoder.next()) {
    if (!frame->ok()) {
      TIDEGATE_CHECK(!frame->error().message.empty());
      continue;
    }
    if (!may_be_sent_on(frame->value())) continue;
    const Bytes text = text_of(frame->value());
    TIDEGATE_CHECK(check_json(as_text(text), limits::json_depth_ceiling).ok());
    JsonDecoder again(text);
    const auto copy = again.next();
    TIDEGATE_CHECK(copy.has_value() && copy->ok());
    TIDEGATE_CHECK(text_of(copy->value()) == text);
    TIDEGATE_CHECK(!again.next().has_value());
  }
  return 0;
}
