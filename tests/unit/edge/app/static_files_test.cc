// What is served, and above all what is not.
#include "edge/app/static_files.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "tests/unit/edge/app/temporary_folder.h"

namespace tidegate::app {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    folder_.write("secret.txt", "outside");
    folder_.write("root/index.html", "home");
    folder_.write("root/app/main.js", "js");
    folder_.write("root/app/index.html", "app");
    folder_.write("root/.env", "hidden");
    folder_.write("root/.git/config", "hidden");
    folder_.write("root-beside/file.txt", "beside");
  }
  StaticFiles files() const {
    return StaticFiles::open((folder_.path() / "root").string()).value();
  }
  std::string body(std::string_view path) const {
    const auto found = files().find(path);
    return found.has_value() ? found->body : "(none)";
  }
  test::TemporaryFolder folder_;
};

TEST_F(StaticFilesTest, Files) {
  EXPECT_EQ(body("/"), "home");
  EXPECT_EQ(body("/index.html"), "home");
  EXPECT_EQ(body("/app/main.js"), "js");
  EXPECT_EQ(body("/app"), "app");
  EXPECT_EQ(body("/app/"), "app");
  EXPECT_EQ(body("/none"), "(none)");
}

TEST_F(StaticFilesTest, NothingOutsideOfTheFolder) {
  for (const char* path :
       {"/../secret.txt", "/app/../../secret.txt", "/..", "/app/..", "//etc/passwd",
        "/./index.html", "../secret.txt", "secret.txt", "", "/app//main.js", "/..\\secret.txt",
        "/app\\main.js", "/%2e%2e/secret.txt", "/../root-beside/file.txt", "/...", "/C:/x"}) {
    EXPECT_EQ(body(path), "(none)") << path;
  }
  EXPECT_EQ(body(std::string_view("/index.html\0.txt", 16)), "(none)");
}

TEST_F(StaticFilesTest, NothingHidden) {
  EXPECT_EQ(body("/.env"), "(none)");
  EXPECT_EQ(body("/.git/config"), "(none)");
}

TEST_F(StaticFilesTest, LinksDoNotLeadOut) {
  fs::create_symlink(folder_.path() / "secret.txt", folder_.path() / "root/link.txt");
  fs::create_directory_symlink(folder_.path() / "root-beside", folder_.path() / "root/folder");
  fs::create_symlink(folder_.path() / "root/app/main.js", folder_.path() / "root/inside.js");
  EXPECT_EQ(body("/link.txt"), "(none)");
  EXPECT_EQ(body("/folder/file.txt"), "(none)");
  EXPECT_EQ(body("/inside.js"), "js");
}

TEST_F(StaticFilesTest, ContentTypes) {
  for (const auto& [name, type] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a.wasm", "application/wasm"},
           {"a.js", "text/javascript; charset=utf-8"},
           {"a.mjs", "text/javascript; charset=utf-8"},
           {"a.css", "text/css; charset=utf-8"},
           {"a.json", "application/json"},
           {"a.svg", "image/svg+xml"},
           {"a.woff2", "font/woff2"},
           {"a.html", "text/html; charset=utf-8"},
           {"a.unknown", "application/octet-stream"},
           {"a", "application/octet-stream"}}) {
    EXPECT_EQ(content_type_of(name), type) << name;
  }
  EXPECT_EQ(files().find("/app/main.js")->content_type, "text/javascript; charset=utf-8");
}

TEST_F(StaticFilesTest, AFileOverTheLimitIsNotRead) {
  const std::string path = folder_.write("root/huge.bin", "");
  fs::resize_file(path, limits::static_file_bytes_max + 1);
  const auto found = files().find("/huge.bin");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->status, 413);
}

TEST_F(StaticFilesTest, TheFolderHasToExist) {
  EXPECT_FALSE(StaticFiles::open((folder_.path() / "none").string()).ok());
  EXPECT_FALSE(StaticFiles::open((folder_.path() / "secret.txt").string()).ok());
}

}  // namespace
}  // namespace tidegate::app
