// Files below one folder, for development mode: the demo page, its scripts and its WebAssembly.
// Whatever the path says, nothing outside the folder is ever opened, nor anything hidden in it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "edge/net/http.h"

namespace tidegate::app {

class StaticFiles {
 public:
  /// BadRequest when there is no such folder.
  static Result<StaticFiles> open(const std::string& root);

  /// The file at a path such as "/" or "/app/main.js"; a folder stands for its index.html. nullopt
  /// when there is none that may be served.
  std::optional<net::HttpResponse> find(std::string_view path) const;

 private:
  explicit StaticFiles(std::filesystem::path root) : root_(std::move(root)) {}
  std::optional<std::filesystem::path> resolve(std::string_view path) const;

  std::filesystem::path root_;  // canonical
};

/// By the file's extension; application/octet-stream for those that are not known.
std::string content_type_of(const std::filesystem::path& file);

}  // namespace tidegate::app
