// A secret that cannot be printed by accident: its text is only had by asking for it by name, and
// what goes into messages and logs is a short fingerprint by which two of them can be told apart.
#pragma once

#include <string>
#include <string_view>

#include "core/base/types.h"

namespace tidegate::auth {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// 32 bytes from the operating system, as 43 URL-safe characters.
  static Secret generate();

  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  const std::string& reveal() const { return text_; }
  ByteView bytes() const { return as_bytes(text_); }
  /// "sha256:1f0c5a7e… (43 bytes)", or "(none)".
  std::string masked() const;

 private:
  std::string text_;
};

}  // namespace tidegate::auth
