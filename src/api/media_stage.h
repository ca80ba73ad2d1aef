// Loads the pictures, films and sounds of a request before its prompt is made.
#pragma once

#include <functional>

#include "api/wire_error.h"
#include "chat/chat_request.h"
#include "media/media_loader.h"

namespace millrace::api {

// Fills in the loaded form of every media part, in order; the first failure is the error. Blocks
// for as long as fetching and decoding take: for a worker thread. `interrupted` is asked now and
// then, and ends it with kClientGone.
WireStatus LoadMedia(chat::ChatRequest& request, const media::MediaLoader& loader,
                     const std::function<bool()>& interrupted);

// Whether LoadMedia may have to wait for another server.
bool NeedsFetching(const chat::ChatRequest& request);

}  // namespace millrace::api
