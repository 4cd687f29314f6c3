#include "core/protocol_json/json_decoder.h"

#include "core/base/json_scan.h"
#include "core/base/limits.h"
#include "core/protocol_json/json_fields.h"
#include "core/protocol_json/json_frames.h"

namespace tidegate {
namespace {

Error malformed(std::string message) {
  return Error{ErrorCode::MalformedFrame, std::move(message), 0};
}

}  // namespace

Status JsonDecoder::begin() {
  begun_ = true;
  // Payloads are nested in a message, and are judged by their own limit, as commands.
  if (const Status scanned = check_json(text_, limits::json_depth_ceiling); !scanned.ok()) {
    return malformed("the message is not JSON: " + scanned.error().message);
  }
  text_ = json_trimmed(text_);
  const JsonKind kind = json_kind(text_);
  if (kind == JsonKind::Array) {
    elements_.emplace(text_);
  } else if (kind != JsonKind::Object) {
    return malformed("a message is an object, or an array of objects");
  }
  std::string_view element;
  if (elements_.has_value() && !JsonArrayCursor(text_).next(element)) {
    return malformed("the message is empty: an array of no frames");
  }
  while (frames_to_skip_ > 0 && take(element)) --frames_to_skip_;
  return ok_status();
}

/// The next frame's object. False at the end.
bool JsonDecoder::take(std::string_view& element) {
  if (!elements_.has_value()) {
    if (index_ > 0) return false;
    element = text_;
  } else if (!elements_->next(element)) {
    return false;
  }
  behind_ = static_cast<std::size_t>(element.data() + element.size() - text_.data());
  ++index_;
  return true;
}

bool JsonDecoder::has_more() const {
  if (!begun_ || ended_) return !ended_;
  const std::string_view rest = json_trimmed(text_.substr(behind_));
  return !rest.empty() && rest.front() == ',';
}

std::optional<Result<Frame>> JsonDecoder::next() {
  if (ended_) return std::nullopt;
  if (!begun_) {
    if (const Status begun = begin(); !begun.ok()) return fail(begun.error());
  }
  for (std::string_view element; take(element);) {
    const std::string pointer =
        elements_.has_value() ? "/" + std::to_string(index_ - 1) : std::string();
    if (json_kind(element) != JsonKind::Object) {
      return fail(malformed(pointer + " must be an object: a frame"));
    }
    const auto type = json::string_of(json::find_member(element, "type"));
    if (!type.has_value()) return fail(malformed(pointer + "/type must be a string"));
    if (const json::FrameReader reader = json::frame_reader(*type)) {
      Bytes& block = blocks_.emplace_back();
      Result<Frame> frame = reader({element, pointer, block});
      if (block.empty()) blocks_.pop_back();
      if (!frame.ok()) ended_ = true;
      return frame;
    }
    if (json::find_member(element, "optional") != "true") {
      return fail({ErrorCode::UnknownFrameType,
                   pointer + "/type is of no frame that is known: " + type->substr(0, 64), 0});
    }
  }
  ended_ = true;
  return std::nullopt;
}

std::optional<Result<Frame>> JsonDecoder::fail(Error error) {
  ended_ = true;
  return Result<Frame>(std::move(error));
}

}  // namespace tidegate
