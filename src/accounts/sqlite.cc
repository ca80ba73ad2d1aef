#include "accounts/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace::accounts {
namespace {

// What a person can do about a failure; empty when nothing general helps.
std::string_view Remedy(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program holds it: end that program and try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; restore the file from a backup, or move it away to begin with an empty one";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return "; check that this user may write the file and its directory";
    case SQLITE_FULL:
      return "; free some disk space";
    default:
      return "";
  }
}

base::Error ErrorOf(const std::string& path, int code, std::string_view reason) {
  const int basic = code & 0xFF;
  const bool corrupt = basic == SQLITE_CORRUPT || basic == SQLITE_NOTADB;
  return {corrupt ? base::ErrorKind::kCorruptData : base::ErrorKind::kIo,
          fmt::format("{}: {}{}", path, reason, Remedy(code))};
}

}  // namespace

void Statement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
}

void Statement::Bind(int index, std::optional<int64_t> value) {
  if (value) {
    Bind(index, *value);
  } else {
    sqlite3_bind_null(statement_.get(), index);
  }
}

void Statement::Bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(),
                      text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::BindBlob(int index, std::span<const std::byte> bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

base::Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  return database_->LastError();
}

base::Status Statement::Run() {
  [[maybe_unused]] const bool has_row = TRY(Step());
  return {};
}

void Statement::Reset() {
  // Its return value repeats the error Step has already given.
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<int64_t> Statement::OptionalInt(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
    return std::nullopt;
  }
  return Int(column);
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(size));
}

std::span<const std::byte> Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const std::byte*>(data), static_cast<size_t>(size)};
}

base::Result<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                       std::chrono::milliseconds patience) {
  // Made here rather than by SQLite, so that nobody else may read it from the first byte on. The
  // log files beside it take its mode. A file that exists is not opened: closing it would drop the
  // locks that another connection of this process holds on it.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno != EEXIST) {
    return ErrorOf(path, SQLITE_CANTOPEN, std::strerror(errno));
  }
  if (file >= 0) {
    ::close(file);
  }
  std::unique_ptr<Database> database(new Database(path));
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  database->handle_.reset(handle);
  if (code != SQLITE_OK) {
    return handle == nullptr ? ErrorOf(path, code, sqlite3_errstr(code)) : database->LastError();
  }
  sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
  Statement mode = TRY(database->Prepare("PRAGMA journal_mode = WAL"));
  TRY(mode.Run());
  if (mode.Text(0) != "wal") {
    return base::IoError(fmt::format(
        "{}: the file system cannot hold a write-ahead log; choose a directory on a local disk",
        path));
  }
  TRY(database->Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  return database;
}

base::Status Database::Execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return LastError();
  }
  return {};
}

base::Result<Statement> Database::Prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) {
    return LastError();
  }
  return Statement(this, statement);
}

base::Result<std::optional<int64_t>> Database::QueryInt(std::string_view sql) const {
  Statement statement = TRY(Prepare(sql));
  const bool row = TRY(statement.Step());
  return row ? statement.OptionalInt(0) : std::optional<int64_t>();
}

base::Error Database::LastError() const {
  return ErrorOf(path_, sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
}

base::Result<Transaction> Transaction::Begin(Database& database) {
  TRY(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ != nullptr) {
    // A failed rollback leaves nothing to do: SQLite rolls back when the connection closes.
    static_cast<void>(database_->Execute("ROLLBACK"));
  }
}

base::Status Transaction::Commit() {
  TRY(database_->Execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace millrace::accounts
