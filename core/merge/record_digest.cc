#include "core/merge/record_digest.h"

#include "core/base/hash.h"
#include "core/base/json_slice.h"

namespace tidegate {

std::uint64_t record_digest(std::string_view key, PayloadKind kind, ByteView payload) {
  const std::uint64_t key_hash = hash_bytes(key);
  const std::string_view text = json_trimmed(as_text(payload));
  if (kind == PayloadKind::Binary) return hash_bytes(as_text(payload), key_hash + 1);
  if (json_kind(text) != JsonKind::Object) return hash_bytes(text, key_hash + 2);
  std::uint64_t sum = hash_bytes("{}", key_hash);  // an empty object is not the same as none
  JsonObjectCursor members(text);
  for (std::string_view name, value; members.next(name, value);) {
    sum += hash_bytes(value, hash_bytes(name, key_hash));
  }
  return sum;
}

}  // namespace tidegate
