#include "edge/relay/view_program.h"

#include "core/base/hash.h"
#include "core/base/types.h"

namespace tidegate::relay {
namespace {

constexpr char kTagMark = '~';

bool lets_through(const Filter* filter, const Publication& publication) {
  if (filter == nullptr) {
    return true;
  }
  const bool is_json = publication.payload_kind == PayloadKind::Json;
  return filter->matches(is_json ? as_text(publication.payload) : std::string_view(),
                         publication.tags);
}

template <typename Part>
bool same(const Part* one, const Part* other) {
  return one == nullptr || other == nullptr ? one == other : one->canonical() == other->canonical();
}

}  // namespace

bool ViewProgram::shows_as(const ViewProgram& other) const {
  return filter_is_a_right == other.filter_is_a_right &&
         same(redaction.get(), other.redaction.get()) && same(filter.get(), other.filter.get());
}

std::string ViewProgram::tag() const {
  if (is_identity()) {
    return {};
  }
  // The length keeps the two apart, whatever they contain.
  const std::string taken = redaction == nullptr ? std::string() : redaction->canonical();
  const std::string asked = filter == nullptr ? std::string() : filter->canonical();
  const Hash128 hash = hash128(std::to_string(taken.size()) + ' ' + taken + asked, 0);
  return kTagMark + Epoch::from_entropy(hash.high).token() + Epoch::from_entropy(hash.low).token();
}

PublicationPtr ViewProgram::visible(const PublicationPtr& publication) const {
  PublicationPtr seen = redaction == nullptr ? publication : redaction->visible(publication);
  return seen != nullptr && lets_through(filter.get(), *seen) ? seen : nullptr;
}

}  // namespace tidegate::relay
