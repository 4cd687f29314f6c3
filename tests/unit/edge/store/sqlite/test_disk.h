// A disk in memory, as an SQLite VFS, that keeps what was synced apart from what was only written.
// It counts syncs, runs full, fails to sync, and loses its power: then every write since the last
// sync of its file is lost, torn or there, in any combination. Without shared memory, so it also
// proves that the store needs none.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/base/types.h"

namespace tidegate::store {

class TestDisk {
 public:
  TestDisk();
  ~TestDisk();
  TestDisk(const TestDisk&) = delete;
  TestDisk& operator=(const TestDisk&) = delete;

  /// The name under which SQLite knows it.
  const std::string& vfs() const { return name_; }

  std::uint64_t syncs() const;
  /// Writes of a file that a power cut may take back.
  std::size_t unsynced_writes(const std::string& file) const;
  std::size_t bytes() const;

  /// Over this writes fail for want of room; nullopt: never.
  void limit(std::optional<std::size_t> bytes_max);
  /// The next syncs fail, so many of them.
  void fail_syncs(int count);
  /// The power goes after so many more writes and syncs: from then on everything fails.
  void cut_after(int operations);
  bool is_off() const;
  /// The power is back: what was not synced has met its fate. Nobody may have a file open.
  void restart(Prng& fates);
  /// Flips bits in the middle of a file's page.
  void damage(const std::string& file, std::size_t at);

  // ---- what the VFS does
  struct Write {
    std::size_t at = 0;
    Bytes bytes;
    std::optional<std::size_t> truncate_to;  // instead
  };
  struct File {
    bool durable = false;  // its name is on the disk
    Bytes synced;
    Bytes current;
    std::vector<Write> unsynced;
  };
  int open(const std::string& path, int flags, bool& exists);
  int read(const std::string& path, void* to, std::size_t count, std::size_t at);
  int write(const std::string& path, const void* from, std::size_t count, std::size_t at);
  int truncate(const std::string& path, std::size_t size);
  int sync(const std::string& path);
  std::size_t size(const std::string& path);
  int remove(const std::string& path);
  bool exists(const std::string& path);

 private:
  bool spend_operation();
  std::size_t bytes_now() const;

  std::string name_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::uint64_t syncs_ = 0;
  std::optional<std::size_t> bytes_max_;
  int failing_syncs_ = 0;
  std::optional<int> operations_left_;
  bool off_ = false;
};

}  // namespace tidegate::store
