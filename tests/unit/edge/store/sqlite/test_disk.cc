#include "tests/unit/edge/store/sqlite/test_disk.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tidegate::store {
namespace {

/// What SQLite holds of an open file; made by its rules, in memory that it gives.
struct OpenFile {
  sqlite3_file base;
  TestDisk* disk;
  std::string* path;
};

OpenFile& opened(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
std::size_t unsigned_of(sqlite3_int64 value) { return static_cast<std::size_t>(value); }

int close_file(sqlite3_file* file) {
  delete opened(file).path;
  return SQLITE_OK;
}
int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
  return opened(file).disk->read(*opened(file).path, to, static_cast<std::size_t>(count),
                                 unsigned_of(at));
}
int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  return opened(file).disk->write(*opened(file).path, from, static_cast<std::size_t>(count),
                                  unsigned_of(at));
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return opened(file).disk->truncate(*opened(file).path, unsigned_of(size));
}
int sync_file(sqlite3_file* file, int) { return opened(file).disk->sync(*opened(file).path); }
int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(opened(file).disk->size(*opened(file).path));
  return SQLITE_OK;
}
int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
/// As the system's: a torn write damages nothing beside it.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods kMethods = {1,
                                     close_file,
                                     read_file,
                                     write_file,
                                     truncate_file,
                                     sync_file,
                                     size_of_file,
                                     lock_file,
                                     lock_file,
                                     check_reserved_lock,
                                     control_file,
                                     sector_size,
                                     characteristics,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};

TestDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<TestDisk*>(vfs->pAppData); }

int open_path(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  OpenFile& opening = opened(file);
  opening.base.pMethods = nullptr;
  const std::string name = path == nullptr ? "(temporary)" : path;
  bool exists = false;
  const int code = disk_of(vfs).open(name, flags, exists);
  if (code != SQLITE_OK) return code;
  opening.disk = &disk_of(vfs);
  opening.path = new std::string(name);
  opening.base.pMethods = &kMethods;
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}
int delete_path(sqlite3_vfs* vfs, const char* path, int) { return disk_of(vfs).remove(path); }
int access_path(sqlite3_vfs* vfs, const char* path, int, int* result) {
  *result = disk_of(vfs).exists(path) ? 1 : 0;
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* path, int room, char* out) {
  std::snprintf(out, static_cast<std::size_t>(room), "%s", path);
  return SQLITE_OK;
}

void change(Bytes& bytes, const TestDisk::Write& write, std::size_t count) {
  if (write.truncate_to.has_value()) {
    bytes.resize(std::min(bytes.size(), *write.truncate_to));
    return;
  }
  if (bytes.size() < write.at + count) bytes.resize(write.at + count);
  std::copy_n(write.bytes.begin(), count, bytes.begin() + static_cast<std::ptrdiff_t>(write.at));
}

}  // namespace

TestDisk::TestDisk() {
  static std::atomic<int> disks{0};
  name_ = "test-disk-" + std::to_string(++disks);
  const sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  vfs_ = *system;  // sleeping, randomness and time are the system's
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(OpenFile);
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open_path;
  vfs_.xDelete = delete_path;
  vfs_.xAccess = access_path;
  vfs_.xFullPathname = full_path;
  sqlite3_vfs_register(&vfs_, 0);
}

TestDisk::~TestDisk() { sqlite3_vfs_unregister(&vfs_); }

// ---- what tests ask for

std::uint64_t TestDisk::syncs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return syncs_;
}

std::size_t TestDisk::unsynced_writes(const std::string& file) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = files_.find(file);
  return found == files_.end() ? 0 : found->second.unsynced.size();
}

std::size_t TestDisk::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_now();
}

std::size_t TestDisk::bytes_now() const {
  std::size_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file.current.size();
  return bytes;
}

void TestDisk::limit(std::optional<std::size_t> bytes_max) {
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_max_ = bytes_max;
}

void TestDisk::fail_syncs(int count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  failing_syncs_ = count;
}

void TestDisk::cut_after(int operations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  operations_left_ = operations;
}

bool TestDisk::is_off() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return off_;
}

void TestDisk::restart(Prng& fates) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto place = files_.begin(); place != files_.end();) {
    File& file = place->second;
    if (!file.durable && fates.one_in(2)) {
      place = files_.erase(place);
      continue;
    }
    for (const Write& write : file.unsynced) {
      const std::uint64_t fate = fates.below(3);
      if (fate == 0) continue;
      const std::size_t torn =
          write.bytes.empty() ? 0 : static_cast<std::size_t>(fates.below(write.bytes.size()));
      change(file.synced, write, fate == 1 ? write.bytes.size() : torn);
    }
    file.unsynced.clear();
    file.current = file.synced;
    file.durable = true;
    ++place;
  }
  operations_left_.reset();
  off_ = false;
}

void TestDisk::damage(const std::string& file, std::size_t at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t i = at; i < at + 64 && i < files_.at(file).current.size(); ++i) {
    files_.at(file).current[i] ^= 0x5A;
  }
  files_.at(file).synced = files_.at(file).current;
}

// ---- what the VFS does

bool TestDisk::spend_operation() {
  if (!off_ && operations_left_.has_value() && (*operations_left_)-- <= 0) off_ = true;
  return !off_;
}

int TestDisk::open(const std::string& path, int flags, bool& exists) {
  const std::lock_guard<std::mutex> lock(mutex_);
  exists = files_.contains(path);
  if (off_) return SQLITE_CANTOPEN;
  if (!exists && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  files_[path];
  return SQLITE_OK;
}

int TestDisk::read(const std::string& path, void* to, std::size_t count, std::size_t at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (off_) return SQLITE_IOERR_READ;
  const Bytes& bytes = files_[path].current;
  const std::size_t there = at >= bytes.size() ? 0 : std::min(count, bytes.size() - at);
  if (there > 0) std::memcpy(to, bytes.data() + at, there);
  if (there == count) return SQLITE_OK;
  std::memset(static_cast<std::uint8_t*>(to) + there, 0, count - there);
  return SQLITE_IOERR_SHORT_READ;
}

int TestDisk::write(const std::string& path, const void* from, std::size_t count, std::size_t at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  File& file = files_[path];
  if (off_) return SQLITE_IOERR_WRITE;
  const bool last = !spend_operation();
  const std::size_t grown = at + count > file.current.size() ? at + count - file.current.size() : 0;
  if (bytes_max_.has_value() && grown > 0 && bytes_now() + grown > *bytes_max_) return SQLITE_FULL;
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  Write write{at, Bytes(bytes, bytes + count), std::nullopt};
  change(file.current, write, count);
  file.unsynced.push_back(std::move(write));  // the last one may yet be found, whole or torn
  return last ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int TestDisk::truncate(const std::string& path, std::size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!spend_operation()) return SQLITE_IOERR_TRUNCATE;
  File& file = files_[path];
  Write write{0, {}, size};
  change(file.current, write, 0);
  file.unsynced.push_back(std::move(write));
  return SQLITE_OK;
}

int TestDisk::sync(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!spend_operation()) return SQLITE_IOERR_FSYNC;
  if (failing_syncs_ > 0) {
    --failing_syncs_;
    return SQLITE_IOERR_FSYNC;
  }
  ++syncs_;
  File& file = files_[path];
  file.synced = file.current;
  file.unsynced.clear();
  file.durable = true;
  return SQLITE_OK;
}

std::size_t TestDisk::size(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return files_[path].current.size();
}

int TestDisk::remove(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!spend_operation()) return SQLITE_IOERR_DELETE;
  files_.erase(path);
  return SQLITE_OK;
}

bool TestDisk::exists(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = files_.find(path);
  return found != files_.end() && !found->second.current.empty();  // as the system's
}

}  // namespace tidegate::store
