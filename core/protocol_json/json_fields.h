// Reads the members of one JSON object by name, and remembers the first thing that is wrong with
// it, with its place as a JSON Pointer (RFC 6901). Only for text that check_json() has accepted.
//
// A member that is null counts as missing, but `data`, for which null is a value like any other.
#pragma once

#include <array>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"

namespace tidegate::json {

/// The first fault of a frame; shared by the readers of all objects within it.
class Fault {
 public:
  explicit Fault(std::string_view frame_name) : frame_name_(frame_name) {}
  void note(std::string_view pointer, std::string_view what);
  bool any() const { return !text_.empty(); }
  /// MalformedFrame: "subscribe: /0/since/offset must be …".
  Error error() const;

 private:
  std::string_view frame_name_;
  std::string text_;
};

/// The value of the first member of that name, trimmed; empty when there is none.
std::string_view find_member(std::string_view object, std::string_view name);
/// nullopt when it is not a string.
std::optional<std::string> string_of(std::string_view value);

class Fields {
 public:
  /// `known`: all members there may be; others are a fault, and so is one that stands twice.
  /// `pointer` is where the object stands.
  Fields(std::string_view object, std::string pointer,
         std::initializer_list<std::string_view> known, Fault& fault);

  bool has(std::string_view name) const { return !value(name).empty(); }
  /// As it stands, trimmed; empty when it is missing.
  std::string_view value(std::string_view name) const;

  // Each gives a value to go on with after a fault. `required` ones are a fault when missing.
  std::string text(std::string_view name);
  std::string required_text(std::string_view name);
  std::string text(std::string_view name, std::size_t bytes_max);
  template <typename Number>
  Number number(std::string_view name, Number otherwise = 0) {
    constexpr std::uint64_t kMax = std::numeric_limits<Number>::max();
    return static_cast<Number>(number_up_to(name, kMax, otherwise));
  }
  template <typename Number>
  Number required_number(std::string_view name) {
    require(name);
    return number<Number>(name);
  }
  /// 64 bits, as a string or a number.
  std::uint64_t wide(std::string_view name);
  std::uint64_t required_wide(std::string_view name);
  bool truth(std::string_view name);
  template <typename Enum, std::size_t kCount>
  Enum named(std::string_view name, const std::string_view (&names)[kCount], Enum otherwise) {
    return static_cast<Enum>(index_of(name, names, kCount, static_cast<std::size_t>(otherwise)));
  }
  template <typename Enum, std::size_t kCount>
  Enum required_named(std::string_view name, const std::string_view (&names)[kCount]) {
    require(name);
    return named(name, names, Enum{});
  }
  /// Of a command: there and not 0, since its answer could not be told from an unasked one.
  RequestId request();
  /// Of an answer: missing when the relay speaks unasked.
  RequestId optional_request();
  StreamId stream();
  /// From the relay, whose names are valid, or its message is malformed.
  ChannelName channel();
  Epoch epoch();
  /// The members of the object under `name`, which is there.
  Fields object(std::string_view name, std::initializer_list<std::string_view> known);

  void require(std::string_view name);
  /// What is wrong with the member `name`, or with the whole object when that is empty.
  void fault(std::string_view name, std::string_view what);
  std::string pointer_to(std::string_view name) const;

 private:
  struct Member {
    std::string_view name;
    std::string_view value{};  // empty: missing
    bool seen = false;
  };
  void read(std::string_view raw_name, std::string_view value);
  const Member* find(std::string_view name) const;
  std::uint64_t number_up_to(std::string_view name, std::uint64_t max, std::uint64_t otherwise);
  std::size_t index_of(std::string_view name, const std::string_view* names, std::size_t count,
                       std::size_t otherwise);

  std::string pointer_;
  std::vector<Member> members_;
  Fault& fault_;
};

}  // namespace tidegate::json
