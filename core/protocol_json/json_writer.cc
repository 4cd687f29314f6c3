#include "core/protocol_json/json_writer.h"

#include "core/base/base64.h"
#include "core/base/json_slice.h"

namespace tidegate::json {
namespace {

/// What stands behind the backslash; 0 for what is written as \u00XX.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(char c, Bytes& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.push_back('\\');
  if (const char name = short_escape(c); name != 0) {
    out.push_back(static_cast<std::uint8_t>(name));
    return;
  }
  append_text("u00", out);
  out.push_back(static_cast<std::uint8_t>(kDigits[static_cast<unsigned char>(c) >> 4]));
  out.push_back(static_cast<std::uint8_t>(kDigits[static_cast<unsigned char>(c) & 15]));
}

}  // namespace

void append_text(std::string_view text, Bytes& out) {
  const ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_quoted(std::string_view text, Bytes& out) {
  out.push_back('"');
  std::size_t plain_from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!needs_escape(text[at])) continue;
    append_text(text.substr(plain_from, at - plain_from), out);
    append_escape(text[at], out);
    plain_from = at + 1;
  }
  append_text(text.substr(plain_from), out);
  out.push_back('"');
}

void ObjectWriter::name(std::string_view name) {
  if (!empty_) out_.push_back(',');
  empty_ = false;
  out_.push_back('"');
  append_text(name, out_);
  append_text("\":", out_);
}

void ObjectWriter::text(std::string_view member, std::string_view value) {
  name(member);
  append_quoted(value, out_);
}

void ObjectWriter::optional_text(std::string_view member, std::string_view value) {
  if (!value.empty()) text(member, value);
}

void ObjectWriter::number(std::string_view member, std::uint64_t value) {
  name(member);
  append_text(std::to_string(value), out_);
}

void ObjectWriter::wide(std::string_view member, std::uint64_t value) {
  text(member, std::to_string(value));
}

void ObjectWriter::truth(std::string_view member, bool value) {
  name(member);
  append_text(value ? "true" : "false", out_);
}

void ObjectWriter::inlined(std::string_view member, std::string_view json) {
  name(member);
  append_text(json_trimmed(json), out_);
}

void ObjectWriter::base64(std::string_view member, ByteView bytes) {
  name(member);
  out_.push_back('"');
  append_text(encode_base64(bytes, Base64::Standard), out_);
  out_.push_back('"');
}

ObjectWriter ObjectWriter::object(std::string_view member) {
  name(member);
  return ObjectWriter(out_);
}

}  // namespace tidegate::json
