#include "tests/sim/sim_redaction.h"

#include "core/base/json_slice.h"
#include "core/base/types.h"

namespace tidegate::sim {
namespace {

constexpr std::string_view kHiddenEnd = "\"t\":3}";

std::string member_n(const Publication& publication) {
  const std::string_view payload = as_text(publication.payload);
  const bool is_json = publication.payload_kind == PayloadKind::Json;
  if (!is_json || json_kind(json_trimmed(payload)) != JsonKind::Object) return "{}";
  std::string shown = "{}";
  JsonObjectCursor members(json_trimmed(payload));
  for (std::string_view name, value; members.next(name, value);) {
    if (name == "n") shown = "{\"n\":" + std::string(value) + "}";
  }
  return shown;
}

class OutsiderRedaction final : public relay::Redaction {
 public:
  PublicationPtr visible(const PublicationPtr& publication) const override {
    if (publication->tags.ends_with(kHiddenEnd)) return nullptr;
    auto shown = std::make_shared<Publication>(*publication);
    const std::string payload = member_n(*publication);
    shown->payload_kind = PayloadKind::Json;
    shown->payload.assign(payload.begin(), payload.end());
    return shown;
  }
  bool hides_publications() const override { return true; }
  const std::string& canonical() const override { return canonical_; }

 private:
  std::string canonical_ = "n, and no mark 3";
};

}  // namespace

relay::RedactionPtr SimRedactionRules::redaction_for(const relay::Claims& claims) const {
  return claims.token_id == kOutsider ? std::make_shared<const OutsiderRedaction>() : nullptr;
}

}  // namespace tidegate::sim
