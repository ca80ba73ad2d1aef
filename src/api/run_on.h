// Runs a function on a shared pool of threads and awaits its result.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/fair_pool.h"

namespace millrace::api {

// `work` takes its turn as one of `caller`'s and must not throw. The awaiting coroutine resumes on
// its own executor, which stays busy meanwhile. When the coroutine is destroyed first, `work` still
// runs and its result is dropped.
template <typename T>
boost::asio::awaitable<T> RunOn(base::FairPool* pool, std::string caller,
                                std::move_only_function<T()> work) {
  namespace asio = boost::asio;
  auto slot = std::make_shared<std::unique_ptr<T>>();
  auto initiate = [](auto handler, base::FairPool* on, const std::string& whose,
                     std::move_only_function<T()> run, std::shared_ptr<std::unique_ptr<T>> result) {
    auto home = asio::prefer(asio::get_associated_executor(handler),
                             asio::execution::outstanding_work.tracked);
    on->Post(whose, [handler = std::move(handler), home = std::move(home), run = std::move(run),
                     result = std::move(result)]() mutable {
      *result = std::make_unique<T>(run());
      asio::post(home, std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      std::move(initiate), asio::use_awaitable, pool, caller, std::move(work), slot);
  co_return std::move(**slot);
}

}  // namespace millrace::api
