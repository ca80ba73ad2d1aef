// Runs a function on another executor and awaits its result.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace millrace::api {

// `work` must not throw. The awaiting coroutine resumes on its own executor, which stays busy
// meanwhile. When the coroutine is destroyed first, `work` still runs and its result is dropped.
template <typename T>
boost::asio::awaitable<T> RunOn(boost::asio::any_io_executor worker,
                                std::move_only_function<T()> work) {
  namespace asio = boost::asio;
  auto slot = std::make_shared<std::unique_ptr<T>>();
  auto initiate = [](auto handler, const asio::any_io_executor& on,
                     std::move_only_function<T()> run, std::shared_ptr<std::unique_ptr<T>> result) {
    auto home = asio::prefer(asio::get_associated_executor(handler),
                             asio::execution::outstanding_work.tracked);
    asio::post(on, [handler = std::move(handler), home = std::move(home), run = std::move(run),
                    result = std::move(result)]() mutable {
      *result = std::make_unique<T>(run());
      asio::post(home, std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      std::move(initiate), asio::use_awaitable, worker, std::move(work), slot);
  co_return std::move(**slot);
}

}  // namespace millrace::api
