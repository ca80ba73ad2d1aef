#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accounts/accounts.h"
#include "accounts/testing/store_fixture.h"

namespace millrace::accounts {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using KeyChangeTest = StoreFixture;

TEST_F(KeyChangeTest, AKeyWithoutModelsMayUseEvery) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key.has_value());
  EXPECT_THAT(key->info.models, IsEmpty());
  EXPECT_TRUE(store->Authenticate(key->secret)->MayUse("any/model"));
}

TEST_F(KeyChangeTest, ALimitedKeyMayUseItsModelsAlone) {
  std::string secret;
  {
    auto store = Open();
    auto key = store->CreateKey({.models = {"b", "a/long name", "b"}});
    ASSERT_TRUE(key.has_value());
    secret = key->secret;
    EXPECT_THAT(key->info.models, ElementsAre("a/long name", "b"));
  }
  auto store = Open();
  auto principal = store->Authenticate(secret);
  ASSERT_TRUE(principal.has_value());
  EXPECT_TRUE(principal->MayUse("a/long name"));
  EXPECT_TRUE(principal->MayUse("b"));
  EXPECT_FALSE(principal->MayUse("B"));
  EXPECT_FALSE(principal->MayUse("a"));
  EXPECT_FALSE(principal->MayUse(""));
  EXPECT_THAT(store->ListKeys()->at(0).models, ElementsAre("a/long name", "b"));
}

TEST_F(KeyChangeTest, ModelsOfDifferentKeysAreSeparate) {
  auto store = Open();
  auto first = store->CreateKey({.models = {"a", "b"}});
  auto second = store->CreateKey({.models = {"c"}});
  auto third = store->CreateKey({});
  ASSERT_TRUE(first && second && third);
  EXPECT_FALSE(store->Authenticate(first->secret)->MayUse("c"));
  EXPECT_FALSE(store->Authenticate(second->secret)->MayUse("a"));
  auto keys = store->ListKeys();
  ASSERT_TRUE(keys.has_value());
  EXPECT_THAT(keys->at(0).models, ElementsAre("a", "b"));
  EXPECT_THAT(keys->at(1).models, ElementsAre("c"));
  EXPECT_THAT(keys->at(2).models, IsEmpty());
}

TEST_F(KeyChangeTest, BadModelsAreRefused) {
  auto store = Open();
  auto key = store->CreateKey({.models = {"a"}});
  ASSERT_TRUE(key.has_value());
  std::vector<std::string> many;
  for (int i = 0; i < 257; ++i) {
    many.push_back("model-" + std::to_string(i));
  }
  for (const std::vector<std::string>& models :
       {std::vector<std::string>{""}, {std::string(257, 'm')}, {"a\nb"}, {"\xFF"}, many}) {
    auto made = store->CreateKey({.models = models});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().kind, base::ErrorKind::kInvalidArgument);
    EXPECT_EQ(made.error().parameter, "models");
    auto changed = store->UpdateKey(key->info.key_id, {.models = models});
    ASSERT_FALSE(changed.has_value());
    EXPECT_EQ(changed.error().kind, base::ErrorKind::kInvalidArgument);
  }
  EXPECT_THAT(store->ListKeys()->at(0).models, ElementsAre("a"));
  many.pop_back();
  EXPECT_TRUE(store->CreateKey({.models = many}).has_value());
}

TEST_F(KeyChangeTest, ModelsCanBeChangedAndLifted) {
  auto store = Open();
  auto key = store->CreateKey({.models = {"a"}});
  ASSERT_TRUE(key.has_value());
  auto info = store->UpdateKey(key->info.key_id.substr(0, 10), {.models = {{"c", "b"}}});
  ASSERT_TRUE(info.has_value());
  EXPECT_THAT(info->models, ElementsAre("b", "c"));
  EXPECT_FALSE(store->Authenticate(key->secret)->MayUse("a"));
  EXPECT_TRUE(store->Authenticate(key->secret)->MayUse("b"));
  ASSERT_TRUE(store->UpdateKey(key->info.key_id, {.models = std::vector<std::string>()}));
  EXPECT_TRUE(store->Authenticate(key->secret)->MayUse("a"));
}

TEST_F(KeyChangeTest, ADisabledKeyIsPermissionDeniedUntilEnabled) {
  auto store = Open();
  auto key = store->CreateKey({.models = {"a"}});
  ASSERT_TRUE(key.has_value());
  const std::string& id = key->info.key_id;
  for (int i = 0; i < 2; ++i) {
    auto info = store->UpdateKey(id, {.enabled = false});
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->state, KeyState::kDisabled);
    EXPECT_THAT(info->models, ElementsAre("a"));
    auto refused = store->Authenticate(key->secret);
    EXPECT_EQ(KindOf(refused), base::ErrorKind::kPermissionDenied);
    EXPECT_THAT(refused.error().message, HasSubstr("disabled"));
  }
  EXPECT_TRUE(*store->HasKeys());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(store->UpdateKey(id, {.enabled = true})->state, KeyState::kActive);
    EXPECT_FALSE(store->Authenticate(key->secret)->MayUse("b"));
  }
}

TEST_F(KeyChangeTest, RevokedAndExpiredShowBeforeDisabled) {
  auto store = Open();
  auto key = store->CreateKey({.expires_unix_seconds = 1'790'000'010});
  ASSERT_TRUE(key.has_value());
  const std::string& id = key->info.key_id;
  ASSERT_TRUE(store->UpdateKey(id, {.enabled = false}));
  clock_.Advance(seconds(10));
  EXPECT_EQ(store->ListKeys()->at(0).state, KeyState::kExpired);
  EXPECT_EQ(store->UpdateKey(id, {.enabled = true})->state, KeyState::kExpired);
  EXPECT_EQ(store->RevokeKey(id)->state, KeyState::kRevoked);
}

TEST_F(KeyChangeTest, ARevokedKeyStaysSo) {
  auto store = Open();
  auto key = store->CreateKey({});
  ASSERT_TRUE(key && store->RevokeKey(key->info.key_id));
  for (const bool enabled : {true, false}) {
    auto changed = store->UpdateKey(key->info.key_id, {.enabled = enabled});
    ASSERT_FALSE(changed.has_value());
    EXPECT_EQ(changed.error().kind, base::ErrorKind::kPermissionDenied);
  }
  EXPECT_EQ(store->ListKeys()->at(0).state, KeyState::kRevoked);
}

TEST_F(KeyChangeTest, UnknownAndShortIdsAreRefused) {
  auto store = Open();
  EXPECT_EQ(store->UpdateKey("key-zzzz", {}).error().kind, base::ErrorKind::kNotFound);
  EXPECT_EQ(store->UpdateKey("key-", {}).error().kind, base::ErrorKind::kInvalidArgument);
}

TEST_F(KeyChangeTest, AnotherStoreSeesAChangeWithinASecond) {
  auto server = Open();
  auto command = Open();
  auto key = server->CreateKey({});
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(server->Authenticate(key->secret)->MayUse("a"));
  ASSERT_TRUE(command->UpdateKey(key->info.key_id, {.models = {{"b"}}}));
  clock_.Advance(seconds(1));
  EXPECT_FALSE(server->Authenticate(key->secret)->MayUse("a"));
  ASSERT_TRUE(command->UpdateKey(key->info.key_id, {.enabled = false}));
  clock_.Advance(seconds(1));
  EXPECT_EQ(KindOf(server->Authenticate(key->secret)), base::ErrorKind::kPermissionDenied);
  ASSERT_TRUE(command->UpdateKey(key->info.key_id, {.enabled = true}));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(server->Authenticate(key->secret).has_value());
}

TEST_F(KeyChangeTest, StatesHaveNames) {
  EXPECT_EQ(KeyStateName(KeyState::kActive), "active");
  EXPECT_EQ(KeyStateName(KeyState::kRevoked), "revoked");
  EXPECT_EQ(KeyStateName(KeyState::kExpired), "expired");
  EXPECT_EQ(KeyStateName(KeyState::kDisabled), "disabled");
}

}  // namespace
}  // namespace millrace::accounts
