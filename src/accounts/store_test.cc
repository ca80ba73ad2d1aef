#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "accounts/accounts.h"
#include "accounts/sqlite.h"
#include "accounts/testing/store_fixture.h"

namespace millrace::accounts {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

using StoreTest = StoreFixture;

mode_t ModeOf(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777;
}

TEST_F(StoreTest, AKeyNamesItsPrincipal) {
  auto store = Open();
  auto key = store->CreateKey({.account_id = "team-a", .name = "laptop"});
  ASSERT_TRUE(key.has_value());
  EXPECT_THAT(key->secret, testing::MatchesRegex("sk-[A-Za-z0-9]{48}"));
  auto principal = store->Authenticate(key->secret);
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(principal->account_id, "team-a");
  EXPECT_EQ(principal->key_id, key->info.key_id);
  EXPECT_EQ(principal->key_name, "laptop");
}

TEST_F(StoreTest, UnknownKeysAreUnauthenticated) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  std::string altered = key->secret;
  altered.back() = altered.back() == 'a' ? 'b' : 'a';
  for (const std::string& text : {std::string(), std::string("sk-"), altered, key->info.key_id,
                                  key->secret + "x", std::string(100'000, 'k')}) {
    EXPECT_EQ(KindOf(store->Authenticate(text)), base::ErrorKind::kUnauthenticated);
  }
}

TEST_F(StoreTest, KeysSurviveARestart) {
  std::string secret;
  {
    auto key = Open()->CreateKey({});
    ASSERT_TRUE(key.has_value());
    secret = key->secret;
  }
  EXPECT_TRUE(Open()->Authenticate(secret).has_value());
}

TEST_F(StoreTest, TheKeyItselfIsNowhereOnDisk) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  for (const auto& file : std::filesystem::directory_iterator(directory())) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(bytes.find(key->secret.substr(10)), std::string::npos) << file.path();
  }
}

TEST_F(StoreTest, FilesAreForTheirOwnerAlone) {
  auto store = Open();
  ASSERT_TRUE(store->CreateKey({}).has_value());
  EXPECT_EQ(ModeOf(directory()), 0700U);
  for (const auto& file : std::filesystem::directory_iterator(directory())) {
    EXPECT_EQ(ModeOf(file.path()), 0600U) << file.path();
  }
}

TEST_F(StoreTest, ALooseSecretIsTightened) {
  Open();
  ASSERT_EQ(::chmod(SecretPath().c_str(), 0644), 0);
  Open();
  EXPECT_EQ(ModeOf(SecretPath()), 0600U);
}

TEST_F(StoreTest, ListsKeysInOrderWithTheirHints) {
  auto store = Open();
  auto first = store->CreateKey({.name = "one"});
  clock_.Advance(seconds(5));
  auto second = store->CreateKey({.name = "two", .expires_unix_seconds = 1'790'000'010});
  ASSERT_TRUE(first.has_value() && second.has_value());
  auto keys = store->ListKeys();
  ASSERT_TRUE(keys.has_value());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).name, "one");
  EXPECT_EQ(keys->at(0).hint, first->secret.substr(0, 7) + "…");
  EXPECT_EQ(keys->at(0).created_unix_seconds, 1'790'000'000);
  EXPECT_EQ(keys->at(0).state, KeyState::kActive);
  EXPECT_EQ(keys->at(1).created_unix_seconds, 1'790'000'005);
  EXPECT_EQ(keys->at(1).expires_unix_seconds, 1'790'000'010);
}

TEST_F(StoreTest, RevokedKeysArePermissionDenied) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  auto info = store->RevokeKey(key->info.key_id);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->state, KeyState::kRevoked);
  EXPECT_EQ(KindOf(store->Authenticate(key->secret)), base::ErrorKind::kPermissionDenied);
  EXPECT_TRUE(store->RevokeKey(key->info.key_id).has_value());
}

TEST_F(StoreTest, ExpiredKeysArePermissionDenied) {
  auto store = Open();
  auto key = store->CreateKey({.expires_unix_seconds = 1'790'000'010});
  ASSERT_TRUE(key.has_value());
  clock_.Advance(milliseconds(9'999));
  EXPECT_TRUE(store->Authenticate(key->secret).has_value());
  EXPECT_TRUE(*store->HasKeys());
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(KindOf(store->Authenticate(key->secret)), base::ErrorKind::kPermissionDenied);
  EXPECT_EQ(store->ListKeys()->at(0).state, KeyState::kExpired);
  EXPECT_FALSE(*store->HasKeys());
}

TEST_F(StoreTest, RevokesByAnUnambiguousBeginning) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  const std::string id = key->info.key_id;  // "key-" and twelve digits
  const auto kind_of = [&](std::string_view text) { return store->RevokeKey(text).error().kind; };
  EXPECT_EQ(kind_of(""), base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of("key-"), base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of(id.substr(0, 7)), base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of("key-zzzz"), base::ErrorKind::kNotFound);
  EXPECT_EQ(kind_of("key-%%%%"), base::ErrorKind::kNotFound);
  EXPECT_EQ(kind_of(id + "0"), base::ErrorKind::kNotFound);
  EXPECT_TRUE(store->RevokeKey(id.substr(0, 10)).has_value());
  EXPECT_TRUE(store->RevokeKey(id.substr(4, 8)).has_value());
}

TEST_F(StoreTest, AnAmbiguousBeginningIsRefused) {
  auto store = Open();
  ASSERT_TRUE(store->CreateKey({}).has_value());
  auto other = Database::Open(DatabasePath());
  ASSERT_TRUE(other.has_value());
  ASSERT_TRUE((*other)
                  ->Execute("INSERT INTO keys VALUES"
                            " ('key-abcd1', 'default', '', '', x'01', 0, NULL, NULL, NULL),"
                            " ('key-abcd2', 'default', '', '', x'02', 0, NULL, NULL, NULL)")
                  .has_value());
  auto revoked = store->RevokeKey("abcd");
  ASSERT_FALSE(revoked.has_value());
  EXPECT_EQ(revoked.error().kind, base::ErrorKind::kInvalidArgument);
  EXPECT_THAT(revoked.error().message, HasSubstr("2 keys"));
}

TEST_F(StoreTest, BadOptionsAreRefused) {
  auto store = Open();
  for (const KeyOptions& options :
       {KeyOptions{.account_id = ""}, KeyOptions{.account_id = "a b"},
        KeyOptions{.account_id = std::string(65, 'a')}, KeyOptions{.name = "a\nb"},
        KeyOptions{.name = std::string(129, 'n')}, KeyOptions{.name = "\xFF"},
        KeyOptions{.expires_unix_seconds = 1'790'000'000}}) {
    auto key = store->CreateKey(options);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().kind, base::ErrorKind::kInvalidArgument);
    EXPECT_FALSE(key.error().parameter.empty());
  }
  EXPECT_FALSE(*store->HasKeys());
}

TEST_F(StoreTest, AnotherStoreSeesARevocationWithinASecond) {
  auto server = Open();
  auto command = Open();
  auto key = server->CreateKey({});
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(server->Authenticate(key->secret).has_value());
  ASSERT_TRUE(command->RevokeKey(key->info.key_id).has_value());
  clock_.Advance(seconds(1));
  EXPECT_EQ(KindOf(server->Authenticate(key->secret)), base::ErrorKind::kPermissionDenied);
}

TEST_F(StoreTest, AnotherStoreSeesANewKeyAtOnce) {
  auto server = Open();
  auto command = Open();
  clock_.Advance(milliseconds(100));
  auto key = command->CreateKey({});
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(server->Authenticate(key->secret).has_value());
}

TEST_F(StoreTest, LedgerRowsOfOthersDoNotDisturbTheKeys) {
  auto server = Open();
  auto other = Open();
  auto key = server->CreateKey({});
  ASSERT_TRUE(key.has_value());
  for (int i = 0; i < 20; ++i) {
    other->RecordUsage(Row(1, 1));
    ASSERT_TRUE(other->Flush().has_value());
    clock_.Advance(seconds(1));
    EXPECT_TRUE(server->Authenticate(key->secret).has_value());
  }
}

TEST_F(StoreTest, TwoStoresOpenedTogetherShareOneSecret) {
  std::vector<std::unique_ptr<Store>> stores(8);
  {
    std::vector<std::jthread> threads;
    for (auto& store : stores) {
      threads.emplace_back([this, &store] { store = Open(); });
    }
  }
  auto key = stores[0]->CreateKey({});
  ASSERT_TRUE(key.has_value());
  clock_.Advance(seconds(1));
  for (auto& store : stores) {
    EXPECT_TRUE(store->Authenticate(key->secret).has_value());
  }
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory())) {
    files += file.path().string().find("secret") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(StoreTest, TheLedgerIsExactUnderManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kRows = 5000;
  {
    auto store = Open();
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&store] {
        for (int i = 0; i < kRows; ++i) {
          store->RecordUsage(Row(i, 2));
        }
      });
    }
    threads.clear();
    ASSERT_TRUE(store->Flush().has_value());
    auto totals = store->SumUsage({});
    ASSERT_TRUE(totals.has_value());
    ASSERT_EQ(totals->size(), 1U);
    EXPECT_EQ(totals->at(0).requests, kThreads * kRows);
    EXPECT_EQ(totals->at(0).prompt_tokens, int64_t{kThreads} * kRows * (kRows - 1) / 2);
    EXPECT_EQ(totals->at(0).completion_tokens, int64_t{kThreads} * kRows * 2);
    store->RecordUsage(Row(0, 0));
  }
  EXPECT_EQ(Open()->SumUsage({})->at(0).requests, kThreads * kRows + 1);
}

TEST_F(StoreTest, SumsUsageByAccountKeyModelAndTime) {
  auto store = Open();
  for (int i = 0; i < 4; ++i) {
    UsageRecord row = Row(10, 1);
    row.account_id = i < 2 ? "a" : "b";
    row.model = i % 2 == 0 ? "x" : "y";
    row.started_unix_millis = i * 1000;
    store->RecordUsage(row);
  }
  ASSERT_TRUE(store->Flush().has_value());
  EXPECT_EQ(store->SumUsage({})->size(), 4U);
  EXPECT_EQ(store->SumUsage({.account_id = "a"})->size(), 2U);
  auto window = store->SumUsage({.since_unix_millis = 1000, .before_unix_millis = 3000});
  ASSERT_EQ(window->size(), 2U);
  EXPECT_EQ(window->at(0).account_id, "a");
  EXPECT_EQ(window->at(0).model, "y");
  EXPECT_EQ(window->at(1).account_id, "b");
}

// The child answers for rows by flushing them, says so, and dies without warning.
TEST_F(StoreTest, FlushedRowsSurviveAKill) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = Store::Open(directory(), &clock_, &random_);
    for (int64_t i = 1; store.has_value(); ++i) {
      (*store)->RecordUsage(Row(i, 0));
      if (i % 50 == 0 &&
          (!(*store)->Flush().has_value() || ::write(pipe_ends[1], &i, sizeof(i)) != sizeof(i))) {
        ::_exit(1);
      }
    }
    ::_exit(1);
  }
  int64_t answered_for = 0;
  while (answered_for < 500) {
    ASSERT_EQ(::read(pipe_ends[0], &answered_for, sizeof(answered_for)),
              static_cast<ssize_t>(sizeof(answered_for)));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  auto totals = Open()->SumUsage({});
  ASSERT_EQ(totals->size(), 1U);
  const int64_t rows = totals->at(0).requests;
  EXPECT_GE(rows, answered_for);
  // Whole rows, in order, none twice: the prompt counts are 1, 2, 3, ...
  EXPECT_EQ(totals->at(0).prompt_tokens, rows * (rows + 1) / 2);
}

TEST_F(StoreTest, ACopyTakenMidWayOpens) {
  auto store = Open();
  for (int i = 0; i < 100; ++i) {
    store->RecordUsage(Row(1, 1));
  }
  ASSERT_TRUE(store->Flush().has_value());
  const std::string copy = root_.path() + "/copy";
  std::filesystem::copy(directory(), copy);
  // Cut inside the last frame of the log, as a crash of the machine may leave it.
  const std::string log = copy + "/millrace.db-wal";
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);
  auto opened = Store::Open(copy, &clock_, &random_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_TRUE((*opened)->SumUsage({}).has_value());
  EXPECT_TRUE((*opened)->CreateKey({}).has_value());
}

TEST_F(StoreTest, ADamagedDatabaseIsNamed) {
  std::filesystem::create_directories(directory());
  std::ofstream(DatabasePath()) << std::string(8192, 'x');
  const base::Error error = OpenError();
  EXPECT_EQ(error.kind, base::ErrorKind::kCorruptData);
  EXPECT_THAT(error.message, HasSubstr(DatabasePath()));
  EXPECT_THAT(error.message, HasSubstr("restore"));
}

TEST_F(StoreTest, AnotherProgramsDatabaseIsRefused) {
  std::filesystem::create_directories(directory());
  {
    auto other = Database::Open(DatabasePath());
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE((*other)->Execute("CREATE TABLE bookmarks (url TEXT)").has_value());
  }
  EXPECT_THAT(OpenError().message, HasSubstr("not a millrace database"));
}

TEST_F(StoreTest, ANewerDatabaseIsRefused) {
  Open();
  {
    auto other = Database::Open(DatabasePath());
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE((*other)->Execute("PRAGMA user_version = 99").has_value());
  }
  const base::Error error = OpenError();
  EXPECT_EQ(error.kind, base::ErrorKind::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("newer"));
}

TEST_F(StoreTest, ALostSecretIsNotReplacedSilently) {
  Open();
  std::filesystem::remove(SecretPath());
  const base::Error error = OpenError();
  EXPECT_THAT(error.message, HasSubstr(SecretPath() + ": missing"));
  EXPECT_FALSE(std::filesystem::exists(SecretPath()));
}

TEST_F(StoreTest, AForeignOrBrokenSecretIsRefused) {
  Open();
  std::ofstream(SecretPath()) << std::string(64, 'a') << "\n";
  EXPECT_THAT(OpenError().message, HasSubstr("not the secret"));
  std::ofstream(SecretPath()) << "short\n";
  EXPECT_EQ(OpenError().kind, base::ErrorKind::kCorruptData);
}

TEST_F(StoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory()) << "a file";
  EXPECT_EQ(OpenError().kind, base::ErrorKind::kIo);
  EXPECT_THAT(OpenError().message, HasSubstr(directory()));
}

TEST_F(StoreTest, AReadOnlyDirectoryIsNamed) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root may write everywhere";
  }
  std::filesystem::create_directories(directory());
  ASSERT_EQ(::chmod(directory().c_str(), 0500), 0);
  EXPECT_THAT(OpenError().message, HasSubstr("check that this user may write"));
  ASSERT_EQ(::chmod(directory().c_str(), 0700), 0);
}

TEST_F(StoreTest, ALockedDatabaseKeepsRowsAndKnownKeys) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  auto other = Database::Open(DatabasePath());
  ASSERT_TRUE(other.has_value());
  ASSERT_TRUE((*other)->Execute("BEGIN EXCLUSIVE").has_value());
  store->RecordUsage(Row(1, 1));
  clock_.Advance(seconds(2));
  EXPECT_TRUE(store->Authenticate(key->secret).has_value());
  ASSERT_TRUE((*other)->Execute("COMMIT").has_value());
  ASSERT_TRUE(store->Flush().has_value());
  EXPECT_EQ(store->SumUsage({})->at(0).requests, 1);
}

TEST(Database, SaysWhoHoldsIt) {
  TemporaryDirectory root;
  const std::string path = root.path() + "/a.db";
  auto first = Database::Open(path);
  auto second = Database::Open(path, milliseconds(1));
  ASSERT_TRUE(first.has_value() && second.has_value());
  ASSERT_TRUE((*first)->Execute("BEGIN IMMEDIATE").has_value());
  auto status = (*second)->Execute("BEGIN IMMEDIATE");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, base::ErrorKind::kIo);
  EXPECT_EQ(
      status.error().message,
      path + ": database is locked; another program holds it: end that program and try again");
}

TEST(Database, AnUncommittedTransactionIsRolledBack) {
  TemporaryDirectory root;
  auto database = Database::Open(root.path() + "/a.db");
  ASSERT_TRUE(database.has_value());
  ASSERT_TRUE((*database)->Execute("CREATE TABLE t (x)").has_value());
  {
    auto transaction = Transaction::Begin(**database);
    ASSERT_TRUE(transaction.has_value());
    ASSERT_TRUE((*database)->Execute("INSERT INTO t VALUES (1)").has_value());
  }
  EXPECT_EQ(*(*database)->QueryInt("SELECT count(*) FROM t"), 0);
}

}  // namespace
}  // namespace millrace::accounts
