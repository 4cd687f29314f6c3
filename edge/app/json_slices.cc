#include "edge/app/json_slices.h"

#include <nlohmann/json.hpp>

namespace tidegate::app {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Walks over a text that is known to be JSON.
class Slicer {
 public:
  explicit Slicer(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view take_value() {
    skip_space();
    const std::size_t begin = at_;
    skip_value();
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }
  void skip_scalar() {
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
           text_[at_] != '}') {
      ++at_;
    }
  }
  /// In one flat walk: what is open only has to be counted.
  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if ((c == '}' || c == ']') && depth > 0) {
        --depth;
        ++at_;
      } else if (depth == 0) {
        return skip_scalar();
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  Slicer slicer(text);
  if (!slicer.take('{')) return std::nullopt;
  std::vector<JsonMember> members;
  if (slicer.take('}')) return members;
  do {
    auto name = json_string(slicer.take_value());
    if (!name.has_value() || !slicer.take(':')) return std::nullopt;
    members.push_back({std::move(*name), slicer.take_value()});
  } while (slicer.take(','));
  return members;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
  Slicer slicer(text);
  if (!slicer.take('[')) return std::nullopt;
  std::vector<std::string_view> elements;
  if (slicer.take(']')) return elements;
  do {
    elements.push_back(slicer.take_value());
  } while (slicer.take(','));
  return elements;
}

std::optional<std::string> json_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::nullopt;
  if (text.find('\\') == std::string_view::npos)
    return std::string(text.substr(1, text.size() - 2));
  const auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_string() ? std::optional(parsed.get<std::string>()) : std::nullopt;
}

}  // namespace tidegate::app
