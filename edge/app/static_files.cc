#include "edge/app/static_files.h"

#include <algorithm>

#include "core/base/limits.h"
#include "edge/app/config_layers.h"
#include "edge/app/http_answers.h"

namespace tidegate::app {
namespace fs = std::filesystem;

namespace {

/// Ordinary names only: nothing hidden, no "..", no empty segment, no other separator, no NUL.
bool is_plain_segment(std::string_view segment) {
  return !segment.empty() && segment.front() != '.' &&
         std::none_of(segment.begin(), segment.end(), [](char c) {
           return c == '\\' || c == ':' || static_cast<unsigned char>(c) < 0x20;
         });
}

/// "/a/b.js" → a/b.js; nullopt when a segment is not plain. One slash at the end is allowed.
std::optional<fs::path> relative_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  fs::path relative;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!is_plain_segment(segment)) return std::nullopt;
    relative /= segment;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return relative;
}

bool is_within(const fs::path& root, const fs::path& file) {
  return std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first == root.end();
}

}  // namespace

Result<StaticFiles> StaticFiles::open(const std::string& root) {
  std::error_code error;
  fs::path canonical = fs::canonical(root, error);
  if (error || !fs::is_directory(canonical, error)) {
    return Error{ErrorCode::BadRequest, "the folder for static files, " + root + ", does not exist",
                 0};
  }
  return StaticFiles(std::move(canonical));
}

std::optional<fs::path> StaticFiles::resolve(std::string_view path) const {
  const auto relative = relative_path(path);
  if (!relative.has_value()) return std::nullopt;
  std::error_code error;
  fs::path file = root_ / *relative;
  if (fs::is_directory(file, error)) file /= "index.html";
  // Resolving links before comparing: one that leads out of the folder is not followed.
  file = fs::canonical(file, error);
  if (error || !is_within(root_, file) || !fs::is_regular_file(file, error)) return std::nullopt;
  return file;
}

std::optional<net::HttpResponse> StaticFiles::find(std::string_view path) const {
  const auto file = resolve(path);
  if (!file.has_value()) return std::nullopt;
  auto text = read_text_file(file->string(), limits::static_file_bytes_max);
  if (!text) {
    return error_answer(413, Error{ErrorCode::LimitExceeded,
                                   "the file " + text.error().message +
                                       ": too large to be served here (static_file_bytes_max)",
                                   0});
  }
  net::HttpResponse response = text_answer(std::move(*text), content_type_of(*file));
  response.headers.emplace_back("cache-control", "no-cache");
  response.headers.emplace_back("x-content-type-options", "nosniff");
  return response;
}

std::string content_type_of(const fs::path& file) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".wasm", "application/wasm"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".csv", "text/csv; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
  };
  const std::string extension = file.extension().string();
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return std::string(type);
  }
  return "application/octet-stream";
}

}  // namespace tidegate::app
