// SQLite with Results: a connection, its statements, a transaction that rolls back unless
// committed.
//
// Messages carry the file's path, what SQLite said and what to do about it, never a row's contents.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::accounts {

class Database;

// A prepared statement. Indices count from 1 for Bind and from 0 for columns, as in SQLite.
// Borrows its Database.
class Statement {
 public:
  void Bind(int index, int64_t value);
  void Bind(int index, std::optional<int64_t> value);
  // The bytes are copied.
  void Bind(int index, std::string_view text);
  void BindBlob(int index, std::span<const std::byte> bytes);

  // True when there is a row.
  base::Result<bool> Step();
  // For a statement without rows.
  base::Status Run();
  // Makes it ready to be bound and stepped again.
  void Reset();

  int64_t Int(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::string Text(int column) const;
  std::span<const std::byte> Blob(int column) const;  // valid until the next Step

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Database* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One connection. Not thread-safe.
class Database {
 public:
  // Opens or creates the file (mode 0600) with a write-ahead log and full synchronisation. Waits up
  // to `patience` for other writers. Errors: kIo, kCorruptData.
  static base::Result<std::unique_ptr<Database>> Open(
      const std::string& path, std::chrono::milliseconds patience = std::chrono::seconds(5));

  base::Status Execute(const char* sql);
  base::Result<Statement> Prepare(std::string_view sql) const;
  // The first column of the first row; nothing when there is none.
  base::Result<std::optional<int64_t>> QueryInt(std::string_view sql) const;

  const std::string& path() const { return path_; }
  // What the last call said, as an Error.
  base::Error LastError() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Everything between Begin and Commit happens, or none of it.
class Transaction {
 public:
  // Takes the write lock at once, so that what is read inside cannot change before it is written.
  static base::Result<Transaction> Begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  base::Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;  // null once ended
};

}  // namespace millrace::accounts
